"""Units that answer by themselves, at the published rates: for the demo and for trying out a policy. Pure.

What a unit does follows from the task's id alone, so that a demo can be repeated; when it does it follows from the
tick at which the task reached it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b

from contracts.instants import plus
from contracts.tasks import TERMINAL, UNIT_KINDS, Task, TaskUpdate
from services.directory import Unit
from services.runtime.errors import Problem
from services.runtime.fold import UNIT_TICKS, Processor, Record, Turn, Value
from services.simulator.rates import (
    DECLINE_SHARE,
    DOOR_OPENS_SHARE,
    NO_ARRANGEMENT_SHARE,
    REFERRED_AFTER_VISIT_SHARE,
    WISHES_ALARM_SHARE,
)
from services.simulator.tables import Table, drawn

__all__ = ["SimulatedUnits", "simulated"]

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


@dataclass(frozen=True, slots=True)
class SimulatedUnits:
    """Answers as each kind of unit would. `no_arrangement_share` may be raised to see emergencies in a small demo;
    `units`: those that are simulated, by id (None: all)."""

    no_arrangement_share: float = NO_ARRANGEMENT_SHARE
    units: frozenset[str] | None = None

    def processor(self) -> Processor:
        """Tasks and ticks in, answers out."""
        inputs = tuple(f"referral.tasks.{kind}" for kind in UNIT_KINDS)
        return Processor(
            "adapters",
            (*inputs, UNIT_TICKS),
            ("referral.updates", "dead.letters"),
            self.receive,
            self.due,
            self.act,
        )

    def receive(self, record: Record, turn: Turn) -> None:
        """Takes a task's revision in, and plans what the unit does about it."""
        task = Task.model_validate_json(record.value)
        household = record.key.decode()
        state = turn.get(household) or {"open": {}}
        known = state["open"].get(task.task_id)
        if known is not None and known["task"]["revision"] >= task.revision:
            turn.duplicate = True
            return
        open_tasks = {name: entry for name, entry in state["open"].items() if name != task.task_id}
        if task.status not in TERMINAL and self._plays(task.unit):
            raw = task.model_dump(mode="json", by_alias=True)
            open_tasks[task.task_id] = {"task": raw, "at": plus(turn.as_of, hours=_delay(task))}
        turn.put(household, {"open": open_tasks} if open_tasks else None)

    def _plays(self, unit: str) -> bool:
        return not unit.startswith("queue-") and (self.units is None or unit in self.units)

    @staticmethod
    def due(state: Value) -> str | None:
        """When the next unit acts."""
        return min((entry["at"] for entry in state["open"].values() if entry["at"]), default=None)

    def act(self, household: str, turn: Turn) -> None:
        """All that is due in a household: one answer for each task; the next follows on the task's next revision."""
        state = turn.get(household)
        assert state is not None
        open_tasks = dict(state["open"])
        for task_id, entry in sorted(open_tasks.items()):
            if entry["at"] and entry["at"] <= turn.as_of:
                task = Task.model_validate(entry["task"])
                # planned before the first tick, when it was 1970 as far as the unit knew: it acts now
                update = self._answer(task, entry["at"] if entry["at"] > task.requested_at else turn.as_of)
                turn.emit("referral.updates", household, update)
                open_tasks[task_id] = {**entry, "at": None}
        turn.put(household, {"open": open_tasks})

    def _answer(self, task: Task, at: str) -> TaskUpdate:
        said = self._say(task)
        return TaskUpdate.model_validate(
            {
                "update_id": f"{task.task_id}:{task.revision}:{said['action']}",
                "task_id": task.task_id,
                "household_id": task.household_id,
                "expected_revision": task.revision,
                "at": at,
                "unit": task.unit,
                **said,
            }
        )

    def _say(self, task: Task) -> Value:
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
    def _reached(task: Task) -> bool:
        unanswered = UNANSWERED_CALL_SHARE if task.unit_kind != "care_team" else 1 - DOOR_OPENS_SHARE
        return _chance(task, f"reach-{task.attempts_to_reach}") >= unanswered

    def _outcome(self, task: Task) -> Value:
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


def simulated(patterns: str, units: Iterable[Unit]) -> frozenset[str]:
    """The units that KITHLINE_SIMULATED_UNITS names: `all`, or ids and kinds with commas between, each with * and ? if
    need be; none if it is empty. Raises Problem for a word that fits no unit."""
    everybody = list(units)
    chosen: set[str] = set()
    for pattern in filter(None, (part.strip() for part in patterns.split(","))):
        fits = {
            unit.id
            for unit in everybody
            if pattern == "all" or fnmatchcase(unit.id, pattern) or fnmatchcase(unit.kind, pattern)
        }
        if not fits:
            raise Problem(
                f"KITHLINE_SIMULATED_UNITS: {pattern!r} fits no unit of the directory: write `all`, or ids or kinds of "
                "units.yaml with commas between (* and ? stand for any characters)"
            )
        chosen |= fits
    return frozenset(chosen)


def _delay(task: Task) -> float:
    """Hours until the unit's next step."""
    if task.status in ("requested", "received") or task.business_status == "cancellation_requested":
        return 0.5 + _chance(task, "acknowledge") * 2
    least, most = HOURS_TO_ACT.get(task.unit_kind, HOURS_ELSEWHERE)
    return least + _chance(task, f"act-{task.attempts_to_reach}") * (most - least)


def _chance(task: Task, question: str) -> float:
    """A number in [0, 1) that follows from the task and the question: the unit's luck."""
    digest = blake2b(f"{task.task_id}|{question}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
