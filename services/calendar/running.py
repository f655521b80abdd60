"""Which clocks of a task run. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.tasks import REASONS, TERMINAL, Clock

__all__ = ["ACKNOWLEDGED_BY_NOBODY", "contact_by", "contact_due", "is_held", "running"]

ACKNOWLEDGED_BY_NOBODY = frozenset({"requested", "received"})
"""The states in which a task waits for its unit to say that it takes it."""

_REACHED = frozenset({"contact_made", "service_started"})
"""What a unit has said once somebody has spoken with the person."""


def running(status: str, business_status: str, held: bool) -> tuple[Clock, ...]:
    """The clocks that run for a task. None for one that has ended, that its unit is asked to stop, or that we hold
    (parked, in hospital, without consent). That a unit puts it on hold by itself stops no clock."""
    if status in TERMINAL or business_status == "cancellation_requested" or (status == "on-hold" and held):
        return ()
    if business_status in _REACHED:
        return ("acknowledge",) if status in ACKNOWLEDGED_BY_NOBODY else ()
    return ("acknowledge", "contact") if status in ACKNOWLEDGED_BY_NOBODY else ("contact",)


def contact_due(due_contact: str, business_status: str, due_visit: str | None) -> str:
    """When the contact clock runs out: as promised; or, where a visit is arranged, when the unit should have said how
    it went: a visit that nobody tells of is one that nobody made."""
    arranged = due_visit if business_status == "visit_scheduled" else None
    return max(due_contact, arranged or due_contact)


def contact_by(view: Mapping[str, Any]) -> str:
    """The same of a task as it is written, such as a unit's view of it."""
    return contact_due(view["due_contact"], view["business_status"], view.get("due_visit"))


def is_held(parked_until: str | None, resumes_as: str | None, status_reason: str | None) -> bool:
    """Whether a task that is on hold is so by us, and not by its unit, which says why."""
    if resumes_as is not None:
        return True
    return parked_until is not None and status_reason not in REASONS["hold"]
