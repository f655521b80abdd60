"""How a unit goes about a task, at the published rates: for the demo and for trying out a policy. Pure.

What it does follows from the task's id alone, so that a demo can be repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from services.simulator.rates import (
    DECLINE_SHARE,
    DOOR_OPENS_SHARE,
    NO_ARRANGEMENT_SHARE,
    REFERRED_AFTER_VISIT_SHARE,
    WISHES_ALARM_SHARE,
)
from services.simulator.tables import Table, drawn

__all__ = ["Conduct", "Seen"]

UNANSWERED_CALL_SHARE = 0.15
"""Assumed: calls by the hotline that nobody picks up."""
ATTEMPTS_BEFORE_GIVING_UP = 3
"""Assumed: calls or visits in vain before a unit reports that it cannot reach anybody."""
NEVER_DECLINE = frozenset({"hotline", "emergency_support", "family_protection", "district_office"})
"""The 24-hour services, the protection units and the duty officer take whatever comes."""
HOURS_TO_ACT = {
    "hotline": (1, 6),
    "outreach": (2, 24),
    "emergency_support": (1, 8),
    "care_team": (12, 96),
    "family_protection": (1, 6),
    "mental_wellness": (12, 48),
    "youth_outreach": (12, 48),
    "district_office": (2, 24),
}
"""Assumed: from accepting to each attempt; other units take `HOURS_ELSEWHERE`."""
HOURS_ELSEWHERE = (24, 120)
NEEDS_AFTER_VISIT = (
    "needs_elderly_service",
    "needs_elderly_service",
    "needs_family_service",
    "needs_carer_support",
    "needs_disability_support",
    "needs_mental_wellness",
)
"""Assumed mix of the welfare units that Care Teams refer to."""


Found = tuple[str, tuple[str, ...]]
"""An outcome, and findings."""

FOUND_BY_PURPOSE: Mapping[str, Table[Found]] = {
    "assess_crisis": [
        (("risk_assessed", ()), 0.35),
        (("follow_up_planned", ()), 0.5),
        (("hospital_referral_made", ()), 0.15),
    ],
    "protect": [
        (("risk_assessed", ()), 0.3),
        (("follow_up_planned", ()), 0.45),
        (("follow_up_planned", ("needs_family_service",)), 0.25),
    ],
    "reach_out": [
        (("risk_assessed", ()), 0.4),
        (("follow_up_planned", ()), 0.5),
        (("follow_up_planned", ("needs_mental_wellness",)), 0.1),
    ],
    "check_welfare": [
        (("risk_assessed", ()), 0.8),
        (("follow_up_planned", ("needs_elderly_service",)), 0.2),
    ],
    "confirm_death": [
        (("follow_up_planned", ("death_confirmed",)), 0.8),
        (("risk_assessed", ()), 0.2),
    ],
    "verify_report": [
        (("risk_assessed", ()), 0.7),
        (("follow_up_planned", ("needs_protection",)), 0.2),
        (("follow_up_planned", ("needs_mental_wellness",)), 0.1),
    ],
    "coordinate_response": [
        (("follow_up_planned", ()), 0.8),
        (("follow_up_planned", ("needs_family_service",)), 0.2),
    ],
    "decide_next_step": [(("risk_assessed", ()), 0.6), (("hospitalised", ()), 0.4)],
    "offer_emergency_alarm": [
        (("declined_by_person", ()), 0.6),
        (("follow_up_planned", ("wishes_alarm",)), 0.4),
    ],
}
"""Assumed: what is found where something particular was asked, with how often. What else is asked follows from the
kind of unit."""


class Seen(Protocol):
    """What a unit goes by, of a task as it has it, however it came."""

    @property
    def task_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def business_status(self) -> str: ...
    @property
    def unit_kind(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def attempts_to_reach(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Conduct:
    """Answers as each kind of unit would. `no_arrangement_share` may be raised to see emergencies in a small demo."""

    no_arrangement_share: float = NO_ARRANGEMENT_SHARE

    def say(self, task: Seen) -> dict[str, Any]:
        """The answer to a task as it stands: `action`, and what belongs to it."""
        if task.business_status == "cancellation_requested":
            return {"action": "confirm_cancel"}
        if task.status in ("requested", "received"):
            if task.unit_kind not in NEVER_DECLINE and _chance(task, "decline") < DECLINE_SHARE:
                return {
                    "action": "reject",
                    "reason": "no_capacity" if _chance(task, "why") < 0.7 else "waitlist",
                }
            return {"action": "accept"}
        if task.unit_kind in ("hotline", "care_team", "outreach") and not self._reached(task):
            if task.attempts_to_reach + 1 < ATTEMPTS_BEFORE_GIVING_UP:
                return {"action": "attempt"}
            if task.unit_kind == "hotline":
                return {"action": "complete", "outcome": "not_located", "findings": ["unreachable"]}
            vain = {"action": "fail", "outcome": "not_located"}
            return {**vain, "findings": ["unreachable"]} if task.purpose == "check_welfare" else vain
        return {"action": "complete", **self._outcome(task)}

    @staticmethod
    def _reached(task: Seen) -> bool:
        unanswered = UNANSWERED_CALL_SHARE if task.unit_kind != "care_team" else 1 - DOOR_OPENS_SHARE
        return _chance(task, f"reach-{task.attempts_to_reach}") >= unanswered

    def _outcome(self, task: Seen) -> dict[str, Any]:
        if (table := FOUND_BY_PURPOSE.get(task.purpose)) is not None:
            outcome, found = drawn(table, _chance(task, "found"))
            return {"outcome": outcome, "findings": list(found)}
        match task.unit_kind:
            case "hotline":
                if _chance(task, "arranged") < self.no_arrangement_share:
                    return {"outcome": "follow_up_planned", "findings": ["no_arrangement"]}
                return {"outcome": "already_supported", "findings": ["cover_confirmed"]}
            case "outreach":
                findings = [need for need in ("needs_respite", "needs_carer_support") if _chance(task, need) < 0.3]
                return {"outcome": "risk_assessed", "findings": findings or ["cover_confirmed"]}
            case "care_team":
                findings = []
                if _chance(task, "refer") < REFERRED_AFTER_VISIT_SHARE:
                    findings.append(NEEDS_AFTER_VISIT[int(_chance(task, "need") * len(NEEDS_AFTER_VISIT))])
                if findings and _chance(task, "alarm") < WISHES_ALARM_SHARE * 4:
                    findings.append("wishes_alarm")
                return {"outcome": "follow_up_planned" if findings else "risk_assessed", "findings": findings}
            case "emergency_support":
                return {"outcome": "placement_arranged", "findings": []}
            case _:
                return {"outcome": "service_delivered", "findings": []}

    @staticmethod
    def delay(task: Seen) -> float:
        """Hours until it is given."""
        if task.status in ("requested", "received") or task.business_status == "cancellation_requested":
            return 0.5 + _chance(task, "acknowledge") * 2
        least, most = HOURS_TO_ACT.get(task.unit_kind, HOURS_ELSEWHERE)
        return least + _chance(task, f"act-{task.attempts_to_reach}") * (most - least)


def _chance(task: Seen, question: str) -> float:
    """A number in [0, 1) that follows from the task and the question: the unit's luck."""
    digest = blake2b(f"{task.task_id}|{question}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
