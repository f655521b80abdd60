"""An id that was merged into another still finds what is said of the person."""

from services.explanation.cases import Cases
from tests.scenario import person
from tests.scenarios.answers import ACCEPT, CHECKED, later
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.identity import ONE
from tests.scenarios.memory import run_in_memory
from tests.scenarios.model import Ends, feed


def merged() -> tuple[Cases, Ends]:
    """A unit has accepted to ask about Ben; then he turns out to be Benny too."""
    ends = run_in_memory([*feed(*PAIR, ADMITTED), ACCEPT, *later(ONE)])
    cases = Cases("a test")
    for kind, item in ends.published:
        cases.add_flag(item) if kind == "flag" else cases.add_task(item)
    return cases, ends


def test_both_ids_lead_to_the_flag_and_to_the_task_that_went_on() -> None:
    cases, _ = merged()
    for name in ("ben", "benny"):
        (found,) = [case for case in cases.find(person(name)) if case.flag and case.flag["status"] == "active"]
        assert [task["purpose"] for task in found.tasks] == [CHECKED]


def test_the_superseded_flag_says_under_which_the_need_is_told_now() -> None:
    cases, ends = merged()
    old = next(flag for flag in ends.flags.values() if flag["status"] == "superseded")
    (found,) = cases.find(old["flag_id"])
    assert found.flag is not None
    assert ends.flags[found.flag["superseded_by"]]["status"] == "active"
