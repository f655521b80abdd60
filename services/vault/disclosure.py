"""Who is told what: the policy, and every reason to refuse. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.identity import PURPOSES, OpenIdentity, Purpose, RefusalCode
from contracts.model import Code
from contracts.tasks import TERMINAL, Task, UnitKind

__all__ = ["Acting", "Guard", "HeldTask", "Policy", "Stage", "refuse", "refuse_protected", "stage_of"]

Stage = Literal["asked", "accepted", "ended"]
"""What counts here of a task's status: nobody has accepted it yet, its unit has it in hand, or it is over."""

FieldName = Literal["name", "telephones", "address"]


class Guard(BaseModel):
    """A unit may open `per_open_task` times as often as it has open tasks (and `least` in any case) in `window_hours`.
    A credential that is refused `refusals` times for one unit within `refusal_minutes` rests until that is over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_hours: float = Field(gt=0)
    least: int = Field(ge=1)
    per_open_task: int = Field(ge=1)
    refusals: int = Field(ge=1)
    refusal_minutes: float = Field(gt=0)


class _Protected(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    typologies: frozenset[Code]
    purposes: frozenset[Code]
    unit_kinds: frozenset[UnitKind]


class Policy(BaseModel):
    """`deploy/policy/disclosure.yaml`: what is told for which purpose, which kinds of units need what, which tasks are
    about somebody whose address is protected, and how much is too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: Mapping[Purpose, tuple[FieldName, ...]]
    units: Mapping[UnitKind, tuple[Purpose, ...]]
    protected: _Protected
    guard: Guard

    @model_validator(mode="after")
    def _says_what_each_purpose_needs(self) -> "Policy":
        if missing := [purpose for purpose in PURPOSES if purpose not in self.purposes]:
            raise ValueError(f"purposes: what is told for {', '.join(missing)}? Add it")
        return self

    def is_protected(self, task: "HeldTask") -> bool:
        """Whether where the person is must be kept from all but named officers, whatever is known of the person."""
        return (
            task.typology in self.protected.typologies
            or task.purpose in self.protected.purposes
            or task.asked_of in self.protected.unit_kinds
            or task.unit_kind in self.protected.unit_kinds
        )


@dataclass(frozen=True, slots=True)
class HeldTask:
    """What the vault has read of a task. `ref` and `person_ref` are in the unit's own namespace."""

    task_id: str
    revision: int
    unit: str
    ref: str
    flag_id: str
    subject: str
    person_ref: str
    unit_kind: str
    asked_of: str
    purpose: str
    typology: str
    lawful_basis: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class Acting:
    """Who asks: the credential, what it may, and whom it acts for. `attended`: people sign in where it is used, so that
    `actor` is somebody who sits there; without it nothing protected is told."""

    credential: str
    rights: frozenset[str]
    units: frozenset[str]
    attended: bool

    def unit(self, named: str | None) -> str | None:
        """The unit that is acted for; None where that is not this credential's to say."""
        if named is None:
            return next(iter(self.units)) if len(self.units) == 1 and "*" not in self.units else None
        return named if named in self.units or "*" in self.units else None


def stage_of(task: Task) -> Stage:
    """A task that rests by our own doing goes back to what it was, which may be: not accepted by anybody."""
    if task.status in TERMINAL:
        return "ended"
    status = task.resumes_as if task.status == "on-hold" and task.resumes_as is not None else task.status
    return "accepted" if status in ("accepted", "in-progress", "on-hold") else "asked"


def refuse(asked: OpenIdentity, task: HeldTask | None, policy: Policy) -> RefusalCode | None:
    """Why the unit whose task this is does not get what it asks for; None: nothing is against it so far. `task` is what
    the unit holds under the id that it gave, None where it holds no such task."""
    if task is None:
        return "unknown_task"
    if task.stage == "ended":
        return "ended"
    if task.stage != "accepted":
        return "not_accepted"
    if asked.person is not None and asked.person != task.person_ref:
        return "another_person"
    if asked.lawful_basis != task.lawful_basis:
        return "another_basis"
    if asked.purpose not in policy.units.get(task.unit_kind, ()):  # type: ignore[call-overload]
        return "purpose_not_allowed"
    return None


def refuse_protected(acting: Acting, named_officer: bool) -> RefusalCode | None:
    """Where the address is protected: a person whom the unit has named, at a place where people sign in. A file or a
    call that nobody attends never has it."""
    return None if acting.attended and named_officer else "protected"
