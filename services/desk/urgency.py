"""Which task comes first, and how its clocks stand. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from contracts.instants import EPOCH, milliseconds
from contracts.tasks import Task
from services.calendar.running import contact_due, is_held, running

__all__ = ["BANDS", "Band", "Clock", "Running", "band_of", "by_urgency", "clocks_of", "left"]

Clock = Literal["acknowledge", "contact", "visit"]
"""As people see them: `visit` is the contact clock where one is arranged, and asks how it went."""
State = Literal["running", "warned", "overdue"]
Band = Literal["overdue", "soon", "open", "under_way", "resting"]
BANDS: tuple[Band, ...] = Band.__args__  # type: ignore[attr-defined]
"""In the order in which a unit wants to see them: overdue; due soon; a clock is running; somebody was reached, no clock
runs; on hold."""

_PRIORITIES = ("stat", "asap", "urgent", "routine")
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs: what it asks, by when, and how it stands. `left`: milliseconds, negative once it is over."""

    clock: Clock
    due: str
    state: State
    left: int


def clocks_of(task: Task, now: str) -> list[Running]:
    """The clocks that run for the unit at `now`, the next one first: none where the task has ended, rests, or is asked
    back. The referral desk goes by the same (`services.referral.clocks`), and writes down what it has seen run out."""
    held = is_held(task.parked_until, task.resumes_as, task.status_reason)
    clocks: list[Running] = []
    for clock in running(task.status, task.business_status, held):
        if clock == "acknowledge":
            clocks.append(_running(task, task.due_ack, clock, task.warn_ack, now))
        elif (due := contact_due(task.due_contact, task.business_status, task.due_visit)) == task.due_contact:
            clocks.append(_running(task, due, clock, task.warn_contact, now))
        else:
            state: State = "overdue" if due <= now else "running"
            clocks.append(Running("visit", due, state, milliseconds(due) - milliseconds(now)))
    return sorted(clocks, key=lambda one: one.due)


def _running(task: Task, due: str, clock: Clock, warn: str | None, now: str) -> Running:
    state: State = "running"
    if clock in task.breaches or (due <= now and now > EPOCH):
        state = "overdue"
    elif clock in task.warnings or (warn is not None and warn <= now):
        state = "warned"
    return Running(clock, due, state, milliseconds(due) - milliseconds(now))


def band_of(task: Task, now: str) -> Band:
    """Where a task stands in its unit's list."""
    clocks = clocks_of(task, now)
    states = {clock.state for clock in clocks}
    if "overdue" in states:
        return "overdue"
    if task.status == "on-hold":
        return "resting"
    if all(clock.clock == "visit" for clock in clocks):
        return "under_way"
    return "soon" if "warned" in states else "open"


def by_urgency(tasks: Iterable[tuple[Task, "_Kept"]], now: str) -> dict[Band, list["_Kept"]]:
    """What hangs on each task, by band; in a band the more urgent priority first, then what is due first."""
    bands: dict[Band, list[tuple[tuple[int, str, str], _Kept]]] = {band: [] for band in BANDS}
    for task, kept in tasks:
        due = next((clock.due for clock in clocks_of(task, now)), task.due_contact)
        bands[band_of(task, now)].append(((_PRIORITIES.index(task.priority), due, task.task_id), kept))
    return {band: [kept for _, kept in sorted(rows, key=lambda row: row[0])] for band, rows in bands.items() if rows}


_Kept = TypeVar("_Kept")


def left(milliseconds_left: int) -> tuple[str, int, int]:
    """How to say a span: (`minutes`, 0, m), (`hours`, h, m) or (`days`, d, h), never more exact than it helps."""
    span = abs(milliseconds_left)
    if span < _HOUR:
        return "minutes", 0, span // _MINUTE
    if span < 2 * _DAY:
        return "hours", span // _HOUR, span % _HOUR // _MINUTE
    return "days", span // _DAY, span % _DAY // _HOUR
