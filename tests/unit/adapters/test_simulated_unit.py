"""Simulated units: what they answer follows from the task alone, and the line can always take it."""

from services.adapters.simulated_unit import SimulatedUnits
from services.line import Line
from services.runtime.fold import UNIT_TICKS
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.memory import processors, take
from tests.scenarios.model import Ends
from tests.unit.test_promises import tick


def told(hours: list[int]) -> Ends:
    line = Line((*processors(), SimulatedUnits().processor()), "2026-07-11T00:00:00.000Z")
    ends = Ends()
    for record in expand([*PAIR, ADMITTED]):
        take(line, record, ends)
    for hour in hours:
        take(line, tick(f"2026-07-{11 + hour // 24:02d}T{hour % 24:02d}:00:00.000Z", UNIT_TICKS), ends)
    return ends


def test_the_same_ticks_give_the_same_answers() -> None:
    assert told(list(range(96))).tasks == told(list(range(96))).tasks


def test_they_answer_everything_and_are_never_refused() -> None:
    ends = told(list(range(0, 240, 3)))
    assert ends.dead == []
    assert {task["status"] for task in ends.tasks.values()} <= {"completed", "failed", "rejected"}
    assert [flag["status"] for flag in ends.flags.values() if flag["rule"] == "carer-admitted"] == ["closed"]


def test_without_ticks_nobody_answers() -> None:
    assert {task["status"] for task in told([]).tasks.values()} == {"requested"}
