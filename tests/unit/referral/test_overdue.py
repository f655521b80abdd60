"""Clocks that run out: once each, and where no process remembers anything but what was written."""

import orjson

from services.line import Line
from services.runtime.fold import Record
from services.runtime.folding import Task
from tests.scenarios.answers import START
from tests.scenarios.memory import processors, take
from tests.scenarios.model import Ends, Tick

BEGIN = "2026-07-11T00:00:00.000Z"


def restarted(line: Line) -> None:
    """Every task anew over the state that it wrote: its agenda is made of that."""
    for place, task in enumerate(line.tasks):
        again = Task(task.processor, task.store, task.as_of)
        line.tasks[place] = again
        for readers in line._readers.values():
            readers[:] = [again if one is task else one for one in readers]


def test_a_breach_fires_once_also_across_a_restart() -> None:
    line, ends = Line(processors(), BEGIN), Ends()
    for step in START:
        assert isinstance(step, Record)
        take(line, step, ends)
    for day in (12, 12, 13, 14):
        restarted(line)
        take(line, Tick(f"2026-07-{day}T12:00:00.000Z").record(ends), ends)
    (task,) = (task for task in ends.tasks.values() if task["purpose"] == "check_arrangements")
    assert task["warnings"] == task["breaches"] == ["acknowledge", "contact"]
    assert task["escalations"] == ["review_unacknowledged", "review_overdue"]
    assert task["revision"] == 7
    assert len(ends.tasks) == 3


def test_what_runs_out_says_when_it_was_due_however_late_the_tick() -> None:
    often, seldom = Ends(), Ends()
    for ends, ticks in ((often, range(12, 20)), (seldom, range(19, 20))):
        line = Line(processors(), BEGIN)
        for step in START:
            assert isinstance(step, Record)
            take(line, step, ends)
        for day in ticks:
            take(line, Tick(f"2026-07-{day}T12:00:00.000Z").record(ends), ends)
    assert orjson.dumps(often.tasks) == orjson.dumps(seldom.tasks)
