"""When a task's clocks run out. Pure.

Over tasks as they stand in the state: it is asked with every record of a household.
"""

from collections.abc import Iterable
from typing import Literal

from contracts.tasks import TERMINAL
from services.runtime.fold import Value

__all__ = ["Due", "falls_due", "next_due"]

Due = tuple[str, Literal["acknowledge", "contact", "parked"]]
"""(when, what) runs out."""

_REACHED = frozenset({"contact_made", "visit_scheduled", "service_started"})


def next_due(tasks: Iterable[Value]) -> str | None:
    """When the first clock of these tasks runs out; None: never."""
    return min((due[0] for raw in tasks if (due := falls_due(raw)) is not None), default=None)


def falls_due(raw: Value) -> Due | None:
    """What runs out next of a task. Nothing of one that has ended, that its unit is asked to stop, or that is on hold;
    but a parked one is due again."""
    if raw["status"] in TERMINAL or raw["business_status"] == "cancellation_requested":
        return None
    if raw["status"] == "on-hold":
        return (raw["parked_until"], "parked") if raw["parked_until"] else None
    clocks: list[Due] = []
    if raw["status"] in ("requested", "received") and "acknowledge" not in raw["breaches"]:
        clocks.append((raw["due_ack"], "acknowledge"))
    if raw["business_status"] not in _REACHED and "contact" not in raw["breaches"]:
        clocks.append((raw["due_contact"], "contact"))
    return min(clocks, default=None)
