"""Every scenario in memory: as it is told, and with the feed's records before each answer in other orders."""

from collections.abc import Iterator
from itertools import groupby
from random import Random

import pytest

from contracts.flags import Flag
from contracts.tasks import Task
from services.runtime.fold import Record
from tests.scenarios import SCENARIOS, Scenario
from tests.scenarios.memory import misnumbered, run_in_memory, still_open
from tests.scenarios.model import Step, unmet

ORDERS = 12

SCENARIO = pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])


@SCENARIO
def test_it_ends_as_told(scenario: Scenario) -> None:
    ends = run_in_memory(scenario.steps, scenario.as_of)
    assert unmet(scenario, ends) == []
    assert sorted(ends.dead) == sorted(scenario.dead)
    assert misnumbered(ends) == []
    for kind, item in ends.published:
        (Flag if kind == "flag" else Task).model_validate(item)
    if scenario.check:
        scenario.check(ends)


@SCENARIO
def test_it_ends_so_in_other_orders_too(scenario: Scenario) -> None:
    dice = Random(scenario.name)
    told = still_open(run_in_memory(scenario.steps, scenario.as_of))
    for number in range(ORDERS):
        ends = run_in_memory(_shuffled(scenario.steps, dice, doubled=number % 2 == 1), scenario.as_of)
        assert unmet(scenario, ends) == []
        assert still_open(ends) == told
        assert misnumbered(ends) == []
        if scenario.check and scenario.any_order:
            scenario.check(ends)


def _shuffled(steps: tuple[Step, ...], dice: Random, doubled: bool) -> Iterator[Step]:
    """The steps, with each unbroken run of feed records in another order (and some of them twice)."""
    for (is_feed, _), run in groupby(steps, key=lambda s: (isinstance(s, Record), getattr(s, "phase", 0))):
        together = list(run)
        if is_feed:
            together += [step for step in together if doubled and dice.random() < 0.5]
            dice.shuffle(together)
        yield from together


def test_no_two_scenarios_have_one_name() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
