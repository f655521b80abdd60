"""What a unit, or a district office, is shown once on each of its service days. Pure.

Routine tasks remind nobody one by one: what is new, due today and overdue is gathered, at the hour that policy names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts.instants import day_of, parse, write
from contracts.tasks import Task
from services.calendar.running import ACKNOWLEDGED_BY_NOBODY, contact_due, is_held, running
from services.calendar.service_time import Calendar
from services.calendar.span import minutes_of_day

__all__ = ["Digest", "digest", "next_digest"]

_PRIORITIES = ("stat", "asap", "urgent", "routine")


@dataclass(frozen=True, slots=True)
class Digest:
    """Each open task in one list only, the most urgent first, then what is due soonest. `overdue`: a clock has run out;
    `due_today`: one runs out today; `new`: nobody has acknowledged it, and there is still time."""

    day: date
    new: tuple[Task, ...]
    due_today: tuple[Task, ...]
    overdue: tuple[Task, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.new or self.due_today or self.overdue)


def digest(tasks: Iterable[Task], as_of: str) -> Digest:
    """What stands at `as_of`, of tasks in their latest revision: one unit's, or those of a district."""
    today = day_of(as_of)
    new, due_today, overdue = [], [], []
    for task in tasks:
        due = next_due(task)
        if due is not None and due <= as_of:
            overdue.append(task)
        elif due is not None and day_of(due) == today:
            due_today.append(task)
        elif due is not None and task.status in ACKNOWLEDGED_BY_NOBODY:
            new.append(task)
    return Digest(today, *(tuple(sorted(part, key=_pressing)) for part in (new, due_today, overdue)))


def next_due(task: Task) -> str | None:
    """When the first of a task's clocks runs out, or has; None where none runs."""
    contact = contact_due(task.due_contact, task.business_status, task.due_visit)
    dues = {"acknowledge": task.due_ack, "contact": contact}
    held = is_held(task.parked_until, task.resumes_as, task.status_reason)
    return min((dues[clock] for clock in running(task.status, task.business_status, held)), default=None)


def next_digest(calendar: Calendar, hours: str, at: str, instant: str) -> str:
    """When the next digest after an instant is due: `at` (a time of day in Hong Kong) on a day with service hours."""
    day = day_of(instant)
    while True:
        if calendar.open_on(hours, day):
            due = _at(day, at)
            if due > instant:
                return due
        day += timedelta(days=1)


def _pressing(task: Task) -> tuple[int, str, str]:
    return _PRIORITIES.index(task.priority), next_due(task) or "", task.task_id


_MIDNIGHT = "T00:00:00+08:00"


def _at(day: date, time: str) -> str:
    midnight: datetime = parse(f"{day.isoformat()}{_MIDNIGHT}")
    return write(midnight + timedelta(minutes=minutes_of_day(time)))
