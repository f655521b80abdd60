"""docs/edge-cases.md: each of the 39 lines has its scenarios, and the page shows them as they are."""

from pathlib import Path

import pytest

from tests.scenarios import SCENARIOS
from tests.scenarios.edge_cases import ELSEWHERE, LINES, PAGE, page

TESTS = Path(__file__).parents[1]


def test_there_are_39_lines() -> None:
    assert list(LINES) == list(range(1, 40))
    assert {number for scenario in SCENARIOS for number in scenario.cases} <= LINES.keys()


@pytest.mark.parametrize("number", LINES, ids=[f"{number}. {happens}" for number, (happens, _) in LINES.items()])
def test_a_line_has_a_scenario_or_a_test_of_its_own(number: int) -> None:
    named = ELSEWHERE.get(number, ())
    assert named or any(number in scenario.cases for scenario in SCENARIOS)
    for path, name in (one.split("::") for one in named):
        assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.scenarios.edge_cases"
