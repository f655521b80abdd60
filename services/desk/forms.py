"""Which form each action has, and what a unit says by it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from contracts.instants import canonical
from contracts.lifecycle import PROTECTED_TO, possible
from contracts.tasks import OUTCOMES, REASONS, REFERRED_FOR, Finding, Task, TaskUpdate

__all__ = ["FINDINGS", "LAWFUL_BASES", "FormFault", "Offer", "offers", "said_by"]

Field = Literal["reason", "outcome", "findings", "visit_at", "until", "refer", "to_unit", "lawful_basis"]

FINDINGS: tuple[str, ...] = get_args(Finding)

_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "reject": ("reason",),
    "hand_over": ("reason",),
    "hold": ("reason", "until"),
    "escalate": ("reason",),
    "schedule": ("visit_at",),
    "refer_on": ("refer",),
    "complete": ("outcome", "findings"),
    "fail": ("outcome", "findings"),
    "cancel": ("reason",),
    "reassign": ("to_unit", "reason"),
    "enter_in_error": ("reason",),
}
"""Beside the action itself. What is not here is one button."""

_ORDER = (
    *("confirm_cancel", "accept", "receive", "reject"),
    *("contact", "attempt", "no_show", "schedule", "begin_service", "start", "resume"),
    *("complete", "refer_on", "hold", "escalate", "hand_over", "fail"),
    *("reassign", "cancel", "enter_in_error"),
)
"""As a unit goes about a task; what ends it without an outcome comes last."""

_MAIN = frozenset({"confirm_cancel", "accept", "contact", "complete", "resume", "reassign"})
"""What is asked for, at each point; the rest stands in its shadow."""

LAWFUL_BASES = ("serious_harm", "vital_interests", "legal_obligation", "consent")
"""On what an officer who allows a disclosure without consent can rest it (cf. the PDPO's section 59 and DPP 3)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One action that is possible now: its fields with what each can be. `refer` is `kind` -> purposes."""

    action: str
    main: bool
    fields: tuple[Field, ...]
    reasons: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    refer: Mapping[str, tuple[str, ...]] | None = None


class FormFault(Exception):
    """A field that is missing or cannot be read; `field` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def offers(task: Task, actor: Literal["owner", "officer"]) -> list[Offer]:
    """What the life cycle lets the unit (or a duty officer) do with the task as it stands."""
    can = possible(task, actor)
    return [_offer(action, task) for action in _ORDER if action in can]


def _offer(action: str, task: Task) -> Offer:
    fields = _FIELDS.get(action, ())
    deciding = "findings" in fields and task.purpose == "decide_disclosure"
    findings = [one for one in FINDINGS if deciding or one != "disclosure_justified"]
    return Offer(
        action,
        action in _MAIN,
        (*fields, "lawful_basis") if deciding else fields,
        REASONS.get(action, ()) if "reason" in fields else (),
        OUTCOMES if "outcome" in fields else (),
        tuple(findings) if "findings" in fields else (),
        _referable(task) if "refer" in fields else None,
    )


def _referable(task: Task) -> dict[str, tuple[str, ...]]:
    kinds = PROTECTED_TO.get(task.asked_of, REFERRED_FOR)
    may = {kind: REFERRED_FOR[kind] for kind in REFERRED_FOR if kind in kinds}
    left = {
        kind: tuple(one for one in purposes if (kind, one) != (task.unit_kind, task.purpose))
        for kind, purposes in may.items()
    }
    return {kind: purposes for kind, purposes in left.items() if purposes}


def said_by(field: Callable[[str], str], ticked: Callable[[str], Sequence[str]], revision: str) -> Mapping[str, Any]:
    """What a form says: `action`, `expected_revision`, and what of TaskUpdate belongs to it. Raises FormFault."""
    action = field("action")
    fields = _FIELDS.get(action, ())
    if action not in TaskUpdate.model_fields["action"].annotation.__args__:  # type: ignore[union-attr]
        raise FormFault("action")
    if not (revision.isascii() and revision.isdigit()):
        raise FormFault("revision")
    said: dict[str, Any] = {"action": action, "expected_revision": int(revision)}
    for name in ("reason", "outcome", "to_unit"):
        if name in fields:
            if not field(name):
                raise FormFault(name)
            said[name] = field(name)
    if "findings" in fields and (found := sorted(set(ticked("findings")))):
        said["findings"] = found
        if "disclosure_justified" in found:
            if not field("lawful_basis"):
                raise FormFault("lawful_basis")
            said["lawful_basis"] = field("lawful_basis")
    if "visit_at" in fields:
        said["visit_at"] = _instant("visit_at", field("visit_at"))
    if "until" in fields and field("until"):
        said["until"] = _instant("until", f"{field('until')}T09:00")
    if "refer" in fields:
        kind, _, purpose = field("refer").partition(":")
        if not kind:
            raise FormFault("refer")
        said["refer_to"] = kind
        if purpose:
            said["refer_for"] = purpose
    return said


def _instant(name: str, local: str) -> str:
    """`2026-07-14T10:30`, as a clock in Hong Kong shows it."""
    try:
        return canonical(f"{local}:00+08:00")
    except ValueError:
        raise FormFault(name) from None
