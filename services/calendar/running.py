"""Which clocks of a task run. Pure."""

from contracts.tasks import TERMINAL, Clock

__all__ = ["ACKNOWLEDGED_BY_NOBODY", "running"]

ACKNOWLEDGED_BY_NOBODY = frozenset({"requested", "received"})
"""The states in which a task waits for its unit to say that it takes it."""

_REACHED = frozenset({"contact_made", "visit_scheduled", "service_started"})
"""What a unit has said once somebody has spoken with the person, or is expected there."""


def running(status: str, business_status: str) -> tuple[Clock, ...]:
    """The clocks that run for a task. None for one that has ended, that its unit is asked to stop, or that is on
    hold."""
    if status in TERMINAL or status == "on-hold" or business_status == "cancellation_requested":
        return ()
    if business_status in _REACHED:
        return ("acknowledge",) if status in ACKNOWLEDGED_BY_NOBODY else ()
    return ("acknowledge", "contact") if status in ACKNOWLEDGED_BY_NOBODY else ("contact",)
