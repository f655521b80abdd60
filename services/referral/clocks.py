"""What the clocks of a task bring next: a reminder, the end of a clock, a further step. Pure.

Over tasks as they stand in the state: it is asked with every record of a household.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from contracts.instants import plus
from contracts.tasks import TERMINAL, Clock
from services.calendar.running import contact_due, is_held, running
from services.calendar.span import read_span
from services.referral.policy import OVERDUE_MATTERS, Clocks, Step
from services.runtime.fold import Value

__all__ = ["Due", "clocks_of", "falls_due", "next_due"]

_OF_DISTRICT = OVERDUE_MATTERS - {"review_still_overdue"}
"""What the district's officer is asked to look at; not where that officer has the task."""


class Due(NamedTuple):
    """What comes when: in the order of time, and at one instant in this order: `parked` (it is due again), `remind`,
    `breach` (of the clock `what`), `ask` (an officer to look at `what`)."""

    at: str
    order: int
    kind: str
    what: str


_ORDER = {"parked": 0, "remind": 1, "breach": 2, "ask": 3}


def next_due(tasks: Iterable[Value], clocks: Clocks, told_at: Callable[[Value], str]) -> str | None:
    """When something comes next of these tasks, which is after their flag was told; None: never."""
    found = ((due.at, raw) for raw in tasks if (due := falls_due(raw, clocks)) is not None)
    return min((at if at > (told := told_at(raw)) else just_after(told) for at, raw in found), default=None)


def just_after(instant: str) -> str:
    """The first instant that comes after."""
    return plus(instant, seconds=0.001)


def falls_due(raw: Value, clocks: Clocks) -> Due | None:
    """What comes next of a task. Nothing of one that has ended, that its unit is asked to stop, or that we hold; but a
    parked one is due again."""
    if raw["status"] in TERMINAL:
        return None
    found: list[Due] = []
    if raw["status"] == "on-hold" and raw["parked_until"] and raw["business_status"] != "cancellation_requested":
        found.append(_due(raw["parked_until"], "parked", ""))
    for clock in clocks_of(raw):
        due, warn = _times(raw, clock)
        if clock not in raw["breaches"]:
            found.append(_due(due, "breach", clock))
            if warn is not None and clock not in raw["warnings"]:
                found.append(_due(warn, "remind", clock))
        elif (step := _next_step(raw, clock, clocks)) is not None:
            at = clocks.calendar.after(raw["hours"], due, step.after) if any(read_span(step.after)) else due
            found.append(_due(at, "ask", step.ask or ""))
    return min(found, default=None)


def clocks_of(raw: Value) -> tuple[Clock, ...]:
    """The clocks that run for a task as it stands."""
    held = is_held(raw["parked_until"], raw["resumes_as"], raw["status_reason"])
    return running(raw["status"], raw["business_status"], held)


def _times(raw: Value, clock: Clock) -> tuple[str, str | None]:
    """When a clock runs out, and when its unit is reminded: of a visit that it has arranged it is not."""
    if clock == "acknowledge":
        return raw["due_ack"], raw["warn_ack"]
    due = contact_due(raw["due_contact"], raw["business_status"], raw.get("due_visit"))
    return due, raw["warn_contact"] if due == raw["due_contact"] else None


def _next_step(raw: Value, clock: Clock, clocks: Clocks) -> Step | None:
    """The next step that is left of a clock that has run out. What was put to an officer escalates no further."""
    if raw["purpose"] in OVERDUE_MATTERS:
        return None
    there = _OF_DISTRICT if raw["unit_kind"] == "district_office" else ()
    return next(
        (
            step
            for step in clocks[raw["priority"]].steps(clock)
            if step.ask not in raw["escalations"] and step.ask not in there
        ),
        None,
    )


def _due(at: str, kind: str, what: str) -> Due:
    return Due(at, _ORDER[kind], kind, what)
