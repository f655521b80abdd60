"""`referral.tasks.<unit kind>` and `referral.updates`: what a unit is asked, and what it answers."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .flags import Level, Priority
from .ids import HouseholdId, Token
from .instants import EPOCH, Instant, plus
from .model import Bilingual, Code, Published

__all__ = [
    "BUSINESS_STATUSES",
    "DECLINE_CODES",
    "OUTCOMES",
    "OWNER_ACTIONS",
    "REASONS",
    "REFERRED_FOR",
    "STATUSES",
    "TERMINAL",
    "UNIT_ACTIONS",
    "UNIT_KINDS",
    "VISIT_WITHIN_DAYS",
    "BusinessStatus",
    "OfficerSaid",
    "OwnerAction",
    "ReasonCode",
    "ReferredOn",
    "Task",
    "TaskStatus",
    "TaskUpdate",
    "UnitAction",
    "UnitKind",
]

UnitKind = Literal[
    "hotline",
    "outreach",
    "emergency_support",
    "care_team",
    "elderly_centre",
    "day_care",
    "family_service",
    "mental_wellness",
    "disability_support",
    "carer_resource",
    "emergency_alarm",
    "family_protection",
    "youth_outreach",
    "volunteer_team",
    "district_office",
]
UNIT_KINDS: tuple[UnitKind, ...] = UnitKind.__args__  # type: ignore[attr-defined]

TaskStatus = Literal[
    "requested",
    "received",
    "accepted",
    "rejected",
    "in-progress",
    "on-hold",
    "completed",
    "failed",
    "cancelled",
    "entered-in-error",
]
STATUSES: tuple[TaskStatus, ...] = TaskStatus.__args__  # type: ignore[attr-defined]
TERMINAL: frozenset[str] = frozenset({"rejected", "completed", "failed", "cancelled", "entered-in-error"})

BusinessStatus = Literal[
    "queued",
    "delivered",
    "delivery_failed",
    "contact_attempted",
    "contact_made",
    "visit_scheduled",
    "no_show",
    "service_started",
    "cancellation_requested",
    "escalated",
    "handed_over",
]
BUSINESS_STATUSES: tuple[BusinessStatus, ...] = BusinessStatus.__args__  # type: ignore[attr-defined]
DeclineCode = Literal[
    "out_of_area",
    "no_capacity",
    "waitlist",
    "ineligible",
    "already_known",
    "insufficient_info",
    "conflict_of_interest",
    "safety",
]
DECLINE_CODES: tuple[DeclineCode, ...] = DeclineCode.__args__  # type: ignore[attr-defined]

Outcome = Literal[
    "risk_assessed",
    "follow_up_planned",
    "hospital_referral_made",
    "care_resumed",
    "placement_arranged",
    "service_delivered",
    "already_supported",
    "declined_by_person",
    "not_located",
    "moved",
    "deceased",
    "hospitalised",
]
OUTCOMES: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]

Finding = Literal[
    "no_arrangement",
    "unreachable",
    "cover_confirmed",
    "needs_elderly_service",
    "needs_family_service",
    "needs_mental_wellness",
    "needs_disability_support",
    "needs_carer_support",
    "wishes_alarm",
    "needs_respite",
    "needs_protection",
    "needs_youth_service",
    "death_confirmed",
    "disclosure_justified",
]


Clock = Literal["acknowledge", "contact"]

OwnerAction = Literal[
    "receive",
    "accept",
    "reject",
    "start",
    "attempt",
    "contact",
    "schedule",
    "no_show",
    "begin_service",
    "hold",
    "resume",
    "refer_on",
    "escalate",
    "hand_over",
    "complete",
    "fail",
    "confirm_cancel",
]
OWNER_ACTIONS: tuple[OwnerAction, ...] = OwnerAction.__args__  # type: ignore[attr-defined]
"""What the unit that has a task may say of it (`contracts.lifecycle` says when)."""

UnitAction = Literal[OwnerAction, "delivery_failed", "cancel", "reassign", "enter_in_error"]
UNIT_ACTIONS: tuple[UnitAction, ...] = UnitAction.__args__  # type: ignore[attr-defined]
"""What units, who delivers to them, and duty officers may say of a task; `contracts.lifecycle` says who and when."""

ReasonCode = (
    DeclineCode
    | Literal[
        "person_away",
        "in_hospital",
        "asked_for_time",
        "awaiting_service",
        "awaiting_information",
        "bad_weather",
        "needs_decision",
        "getting_worse",
        "no_access",
        "not_reachable",
        "refused_by_system",
        "gave_up",
        "arranged_already",
        "no_need",
        "declined_by_person",
        "wrong_person",
        "duplicate",
        "not_answering",
        "better_placed",
        "recorded_in_error",
    ]
)

REASONS: Mapping[str, tuple[str, ...]] = {
    "reject": DECLINE_CODES,
    "hand_over": DECLINE_CODES,
    "hold": (
        "person_away",
        "in_hospital",
        "asked_for_time",
        "awaiting_service",
        "awaiting_information",
        "bad_weather",
        "safety",
    ),
    "escalate": ("needs_decision", "safety", "getting_worse", "no_access", "insufficient_info"),
    "delivery_failed": ("not_reachable", "refused_by_system", "gave_up"),
    "cancel": ("arranged_already", "no_need", "declined_by_person", "wrong_person", "duplicate", "safety"),
    "reassign": (*DECLINE_CODES, "not_answering", "better_placed", "gave_up"),
    "enter_in_error": ("recorded_in_error", "wrong_person", "duplicate"),
}
"""The actions that need a reason, each with the codes that it takes."""

REFERRED_FOR: Mapping[UnitKind, tuple[str, ...]] = {
    "hotline": ("check_arrangements",),
    "outreach": ("visit", "check_welfare", "go_at_once"),
    "emergency_support": ("arrange_emergency_support", "arrange_respite"),
    "care_team": ("visit_and_assess", "check_welfare"),
    "elderly_centre": ("assess_and_serve", "offer_emergency_alarm"),
    "day_care": ("assess_and_serve",),
    "family_service": ("assess_and_serve", "visit_and_assess"),
    "mental_wellness": ("assess_and_serve", "assess_crisis"),
    "disability_support": ("assess_and_serve",),
    "carer_resource": ("assess_and_serve",),
    "emergency_alarm": ("fit_emergency_alarm",),
    "family_protection": ("protect",),
    "youth_outreach": ("reach_out",),
    "volunteer_team": ("visit",),
    "district_office": ("decide_next_step", "verify_report"),
}
"""What one unit may refer on to each kind of unit; the first where `refer_for` says nothing."""


class ReferredOn(Published):
    """What a unit has referred on: a task of another kind of unit, as a part of its own."""

    unit_kind: UnitKind
    purpose: Code
    priority: Priority
    at: Instant


class OfficerSaid(Published):
    """What a duty officer has decided about a task. A cancelled one is not asked again by itself, unless the flag's
    level rises above the task's; one that is void (`enter_in_error`) is."""

    action: Literal["cancel", "reassign", "enter_in_error"]
    office: Token
    reason: Code
    at: Instant


class Task(Published):
    """One revision of a referral task; revisions are contiguous from 1. Keyed by household, never by identity."""

    task_id: str
    placer_id: str = Field(description="Our id of the order; equal to task_id in this version.")
    filler_id: Token | None = Field(default=None, description="The unit's own id, once it gave one.")
    attempt: int = Field(ge=1)
    part_of: str | None = Field(default=None, description="The task whose answer (or silence) led to this one.")
    revision: int = Field(ge=1)
    since: int = Field(
        default=1,
        ge=1,
        description="The last revision that changed what an answer rests on; an answer to this or a later one is "
        "current. A clock that has run out, a new level or a new due instant makes no answer stale.",
    )
    update_id: Token | None = Field(default=None, description="The answer that led to this revision; null: none did.")
    status: TaskStatus
    business_status: BusinessStatus
    status_reason: Code | None = None
    for_: str = Field(alias="for", description="Pseudonym of the person, or the household's id.")
    household_id: HouseholdId
    flag_id: str
    typology: Code
    level: Level
    priority: Priority
    purpose: Code
    reason: list[Code] = Field(min_length=1)
    reason_text: Bilingual
    asked_of: UnitKind = Field(description="The kind of unit that the flag asks for.")
    unit_kind: UnitKind = Field(description="The kind that has it now: a duty officer's after too many declines.")
    unit: Token = Field(description="The unit that owns the task, or the district queue.")
    placed_by: Token | None = Field(
        default=None, description="The office or unit that chose this unit by name; null: the directory did."
    )
    district: str | None
    requested_at: Instant = Field(description="When this unit was asked.")
    hours: Code = Field(
        default="round_the_clock",
        description="The service hours by which its clocks run: the unit's, or `round_the_clock`.",
    )
    contact_from: Instant | None = Field(
        default=None,
        description="From when the time to make contact runs: a release, a finding, the end of a hold. Null: the "
        "episode.",
    )
    due_ack: Instant
    due_contact: Instant = Field(description="Promised to the person: it stays when another unit is asked.")
    warn_ack: Instant | None = Field(default=None, description="When the unit is reminded to acknowledge.")
    warn_contact: Instant | None = Field(default=None, description="When the unit is reminded to make contact.")
    warnings: list[Clock] = Field(default=[], description="The clocks of which the unit was reminded, each once.")
    breaches: list[Clock] = Field(default=[], description="The clocks that have run out, each once.")
    escalations: list[Code] = Field(
        default=[], description="What was put to an officer since a clock ran out, each once."
    )
    attempts_to_reach: int = Field(default=0, ge=0)
    parked_until: Instant | None = Field(default=None, description="On hold: when it is due again.")
    visit_at: Instant | None = Field(default=None, description="When a visit is arranged for.")
    due_visit: Instant | None = Field(
        default=None,
        description="By when the unit says how that visit went; until then no contact is due. Null: none is arranged.",
    )
    resumes_as: TaskStatus | None = Field(default=None, description="What it returns to when our hold is over.")
    findings: list[Finding] = Field(default=[])
    outcome: Outcome | None = None
    referred_on: list[ReferredOn] = Field(default=[], description="What its unit has asked other kinds of unit for.")
    officer: OfficerSaid | None = Field(default=None, description="What a duty officer has decided about it.")
    lawful_basis: Code


VISIT_WITHIN_DAYS = 92
"""Assumed: nobody who needs a visit waits longer than a quarter for it. A year that is mistyped would stop the contact
clock for as long. Not asked while no tick has told the line's clock (an `at` of the epoch)."""


class TaskUpdate(BaseModel):
    """What a unit answers, or a duty officer decides about one task. Written by adapters and the desk; unknown fields
    are tolerated on read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    update_id: Token
    task_id: str
    household_id: HouseholdId
    expected_revision: int = Field(
        ge=1, description="The task's revision that was seen; refused as stale if it is before the task's `since`."
    )
    actor: Literal["unit", "officer", "delivery"] = Field(
        default="unit",
        description="Who says it: a unit, a duty officer (`unit`: the district office), or what delivers to the unit.",
    )
    action: UnitAction
    at: Instant
    unit: Token
    reason: ReasonCode | None = Field(default=None, description="Why, where the action needs a reason.")
    findings: list[Finding] = Field(default=[])
    outcome: Outcome | None = None
    filler_id: Token | None = None
    lawful_basis: Code | None = Field(default=None, description="With finding `disclosure_justified`: on which basis.")
    visit_at: Instant | None = Field(
        default=None, description="For `schedule`: when the visit is to be, within 92 days."
    )
    until: Instant | None = Field(default=None, description="For `hold`: when it is due again, if not as policy says.")
    refer_to: UnitKind | None = Field(default=None, description="For `refer_on`: the kind of unit that is asked.")
    refer_for: Code | None = Field(default=None, description="For `refer_on`: what it is asked for, if not the usual.")
    priority: Priority | None = Field(
        default=None, description="For `refer_on`: how urgent, if not as the task itself."
    )
    to_unit: Token | None = Field(
        default=None, description="For `reassign`, and `hand_over` if it is known: the unit that has it next."
    )

    @model_validator(mode="after")
    def _says_what_it_must(self) -> "TaskUpdate":
        codes = REASONS.get(self.action)
        if codes is not None and self.reason not in codes:
            raise ValueError(f"a {self.action} needs a reason: one of " + ", ".join(codes))
        if self.action in ("complete", "fail") and self.outcome is None:
            raise ValueError(f"action {self.action!r} needs an outcome: one of " + ", ".join(OUTCOMES))
        if "disclosure_justified" in self.findings and self.lawful_basis is None:
            raise ValueError("finding 'disclosure_justified' needs the lawful_basis on which it rests")
        if self.action == "schedule":
            if self.visit_at is None:
                raise ValueError("action 'schedule' needs visit_at: when the visit is to be")
            if self.at > EPOCH and self.visit_at > plus(self.at, days=VISIT_WITHIN_DAYS):
                raise ValueError(f"visit_at is more than {VISIT_WITHIN_DAYS} days ahead: is the year right?")
        if self.action == "hold" and self.until is not None and self.until <= self.at:
            raise ValueError("action 'hold' needs an until that is later than at")
        if self.action == "reassign" and self.to_unit is None:
            raise ValueError("action 'reassign' needs to_unit: the unit that is to have the task")
        if self.action == "refer_on":
            self._refers_to_somebody()
        return self

    def _refers_to_somebody(self) -> None:
        if self.refer_to is None:
            raise ValueError("action 'refer_on' needs refer_to: the kind of unit that is asked")
        if self.refer_for not in (None, *REFERRED_FOR[self.refer_to]):
            raise ValueError("refer_for is one of " + ", ".join(REFERRED_FOR[self.refer_to]))
