"""What a unit's own system receives and sends: a task under ids of the unit's own, and the unit's answer. The same for
every way of connecting a unit; no identity, and nothing by which two units could join their lists."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .events.respite import PlaceKind
from .flags import Level, Priority
from .ids import Token
from .instants import Instant
from .model import Bilingual, Code, Published
from .tasks import (
    BusinessStatus,
    Clock,
    Finding,
    Outcome,
    OwnerAction,
    ReasonCode,
    ReferredOn,
    TaskStatus,
    UnitKind,
)

__all__ = [
    "AnswerState",
    "FlagRef",
    "FreePlace",
    "PersonRef",
    "TaskRef",
    "UnitAnswer",
    "UnitProblem",
    "UnitTask",
]

TaskRef = Annotated[str, StringConstraints(pattern=r"^t-[a-z2-7]{26}$")]
"""A task's id in one unit's own namespace."""
FlagRef = Annotated[str, StringConstraints(pattern=r"^f-[a-z2-7]{26}$")]
PersonRef = Annotated[str, StringConstraints(pattern=r"^p-[a-z2-7]{26}$")]


class FreePlace(Published):
    """A unit that has places free, as it said itself. `stale`: what it said is old, or counts no more; ask before you
    send somebody."""

    unit: Token
    name: Bilingual | None = None
    kind: PlaceKind
    district: Token
    places: int = Field(ge=0)
    as_of: Instant = Field(description="When the unit counted.")
    stale: bool


class UnitTask(Published):
    """One revision of a task as its unit has it. A higher `revision` replaces what you have of that `task_id`; one
    that is not higher is a repetition. `status: cancelled` takes a task back."""

    task_id: TaskRef
    filler_id: Token | None = Field(default=None, description="Your own id for it, once you have given one.")
    attempt: int = Field(ge=1)
    part_of: TaskRef | None = Field(default=None, description="The task that led to this one.")
    revision: int = Field(ge=1)
    status: TaskStatus
    business_status: BusinessStatus
    status_reason: Code | None = None
    for_: PersonRef = Field(alias="for", description="The person or household, under an id of your own.")
    flag_id: FlagRef
    typology: Code
    level: Level
    priority: Priority
    purpose: Code
    reason: list[Code] = Field(min_length=1)
    reason_text: Bilingual
    asked_of: UnitKind
    unit_kind: UnitKind
    unit: Token
    district: str | None
    requested_at: Instant
    hours: Code = Field(default="round_the_clock", description="The service hours by which its clocks run.")
    contact_from: Instant | None = None
    due_ack: Instant = Field(description="Accept or reject by then.")
    due_contact: Instant = Field(description="Reach the person by then.")
    warn_ack: Instant | None = None
    warn_contact: Instant | None = None
    warnings: list[Clock] = Field(default=[])
    breaches: list[Clock] = Field(default=[], description="The clocks that have run out.")
    escalations: list[Code] = Field(default=[])
    attempts_to_reach: int = Field(default=0, ge=0)
    parked_until: Instant | None = None
    visit_at: Instant | None = None
    due_visit: Instant | None = None
    resumes_as: TaskStatus | None = None
    findings: list[Finding] = Field(default=[])
    outcome: Outcome | None = None
    referred_on: list[ReferredOn] = Field(default=[])
    lawful_basis: Code
    allowed: list[OwnerAction] = Field(default=[], description="What you may answer to this revision.")
    places: list[FreePlace] = Field(
        default=[], description="For emergency support and respite: where a place is free, the nearest first."
    )


class UnitAnswer(BaseModel):
    """What a unit's system answers to one of its tasks. Nothing here is free text; unknown fields are refused, so that
    a word that is misspelt is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$")] = Field(
        description="Your own id of this answer. The same again is the same answer, and counts once."
    )
    task: TaskRef
    action: OwnerAction
    expected_revision: int | None = Field(
        default=None, ge=1, description="The revision that you saw; without it, the newest that we have told you of."
    )
    reason: ReasonCode | None = None
    outcome: Outcome | None = None
    findings: list[Finding] = Field(default=[])
    filler_id: Token | None = None
    lawful_basis: Code | None = None
    visit_at: Instant | None = None
    until: Instant | None = None
    refer_to: UnitKind | None = None
    refer_for: Code | None = None
    priority: Priority | None = None
    to_unit: Token | None = None


class AnswerState(Published):
    """What became of an answer: `queued` and `sent`, it is under way; `taken`, a revision of the task tells of it;
    `refused`, then `reason` and `detail` say why."""

    id: str
    task: TaskRef
    action: OwnerAction
    state: Literal["queued", "sent", "taken", "refused"]
    reason: Code | None = None
    detail: str | None = None


class UnitProblem(BaseModel):
    """RFC 9457, `application/problem+json`: the body of every answer that is no success. `code` is for programs,
    `detail` says what is wrong, where, and how to mend it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    code: Code
    detail: str
