"""Clocks that run out: once each, and where no process remembers anything but what was written."""

from collections.abc import Sequence

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.instants import plus
from services.line import Line
from services.runtime.fold import Record
from services.runtime.folding import Task
from tests.scenarios.answers import CHECKED, LIST, RELEASE, START
from tests.scenarios.clocks import CALL, CRISIS
from tests.scenarios.memory import misnumbered, processors, take
from tests.scenarios.model import Ends, Step, Tick

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


NIGHT = "2026-07-10T14:10:00.000Z"
HOURS = st.lists(st.integers(0, 24 * 40), max_size=8, unique=True).map(sorted)


LEFT_ALONE: dict[str, tuple[Sequence[Step], set[str]]] = {
    "a call at night": (CALL, {"go_at_once", "review_still_overdue"}),
    "a crisis on Friday": (
        CRISIS,
        {"assess_crisis", "review_unacknowledged", "review_overdue", "review_still_overdue"},
    ),
    "a carer admitted": (START, {CHECKED, "review_unacknowledged", "review_overdue", "review_still_overdue"}),
    "a visit released": ((*LIST, RELEASE), {"visit_and_assess"}),
}


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(LEFT_ALONE)), HOURS)
def test_however_often_ticks_come_every_chain_ends_alike(name: str, hours: list[int]) -> None:
    """Nobody does anything for forty days."""
    steps, asked = LEFT_ALONE[name]
    seldom, often = _left_alone(steps, []), _left_alone(steps, hours)
    assert orjson.dumps(sorted(seldom.tasks.items())) == orjson.dumps(sorted(often.tasks.items()))
    assert misnumbered(often) == []
    for task in often.tasks.values():
        for marks in (task["warnings"], task["breaches"], task["escalations"]):
            assert len(set(marks)) == len(marks)
    assert {task["purpose"] for task in often.tasks.values()} == asked


def _left_alone(steps: Sequence[Step], hours: list[int]) -> Ends:
    line, ends = Line(processors(), NIGHT), Ends()
    for step in steps:
        take(line, step if isinstance(step, Record) else step.record(ends), ends)
    for hour in (*hours, 24 * 40):
        restarted(line)
        take(line, Tick(plus(NIGHT, hours=hour)).record(ends), ends)
    (referral,) = (task for task in line.tasks if task.processor.name == "referral")
    assert referral.next_due() is None, "something goes on for ever"
    return ends
