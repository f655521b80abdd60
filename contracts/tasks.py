"""`referral.tasks.<unit kind>` and `referral.updates`: what a unit is asked, and what it answers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .flags import Level, Priority
from .ids import HouseholdId, Token
from .instants import Instant
from .model import Bilingual, Code, Published

__all__ = [
    "DECLINE_CODES",
    "OUTCOMES",
    "TERMINAL",
    "UNIT_KINDS",
    "BusinessStatus",
    "Task",
    "TaskStatus",
    "TaskUpdate",
    "UnitKind",
]

UnitKind = Literal[
    "hotline",
    "outreach",
    "emergency_support",
    "care_team",
    "elderly_centre",
    "family_service",
    "mental_wellness",
    "disability_support",
    "carer_resource",
    "emergency_alarm",
    "family_protection",
    "youth_outreach",
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


class Task(Published):
    """One revision of a referral task; revisions are contiguous from 1. Keyed by household, never by identity."""

    task_id: str
    placer_id: str = Field(description="Our id of the order; equal to task_id in this version.")
    filler_id: Token | None = Field(default=None, description="The unit's own id, once it gave one.")
    attempt: int = Field(ge=1)
    part_of: str | None = Field(default=None, description="The task whose answer (or silence) led to this one.")
    revision: int = Field(ge=1)
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
    district: str | None
    requested_at: Instant = Field(description="From when the clocks run.")
    due_ack: Instant
    due_contact: Instant
    breaches: list[Clock] = Field(default=[], description="The clocks that have run out, each once.")
    attempts_to_reach: int = Field(default=0, ge=0)
    parked_until: Instant | None = Field(default=None, description="When it is due again after attempts in vain.")
    resumes_as: TaskStatus | None = Field(default=None, description="What it returns to when our hold is over.")
    findings: list[Finding] = Field(default=[])
    outcome: Outcome | None = None
    lawful_basis: Code


Action = Literal[
    "receive", "accept", "reject", "start", "attempt", "hold", "resume", "complete", "fail", "confirm_cancel"
]


class TaskUpdate(BaseModel):
    """What a unit answers. Written by adapters; unknown fields are tolerated on read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    update_id: Token
    task_id: str
    household_id: HouseholdId
    expected_revision: int = Field(ge=1, description="The task's revision that the unit saw; a stale one is refused.")
    action: Action
    at: Instant
    unit: Token
    reason: DeclineCode | None = Field(default=None, description="For `reject`: why.")
    findings: list[Finding] = Field(default=[])
    outcome: Outcome | None = None
    filler_id: Token | None = None
    lawful_basis: Code | None = Field(default=None, description="With finding `disclosure_justified`: on which basis.")

    @model_validator(mode="after")
    def _says_what_it_must(self) -> "TaskUpdate":
        if self.action == "reject" and self.reason is None:
            raise ValueError("a reject needs a reason: one of " + ", ".join(DECLINE_CODES))
        if self.action in ("complete", "fail") and self.outcome is None:
            raise ValueError(f"action {self.action!r} needs an outcome: one of " + ", ".join(OUTCOMES))
        if "disclosure_justified" in self.findings and self.lawful_basis is None:
            raise ValueError("finding 'disclosure_justified' needs the lawful_basis on which it rests")
        return self
