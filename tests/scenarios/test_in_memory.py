"""Every scenario in memory: as it is told, and with the feed's records before each answer in other orders."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, permutations, product
from math import factorial, prod
from random import Random

import pytest

from contracts.flags import Flag
from contracts.tasks import Task
from services.line import Line
from services.runtime.fold import Record
from services.runtime.store import PackedStore
from tests.scenarios import SCENARIOS, Scenario
from tests.scenarios.memory import misnumbered, processors, run_in_memory, still_open, take
from tests.scenarios.model import Ends, Step, unmet

ORDERS = int(os.environ.get("KITHLINE_ORDERS", "12"))
"""So many for each scenario; tests/soak/test_scenarios.py has every order of up to six records, `make mutants` few."""

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
    ends_so_in_other_orders(scenario, ORDERS, ORDERS)


def ends_so_in_other_orders(scenario: Scenario, most: int, samples: int) -> None:
    """In all orders of its feed records, if these are no more than `most`; else in so many samples."""
    dice = Random(scenario.name)
    told = still_open(run_in_memory(scenario.steps, scenario.as_of))
    for steps in in_every_order(scenario.steps, most, samples, dice):
        ends = run_in_memory(steps, scenario.as_of)
        assert unmet(scenario, ends) == []
        assert still_open(ends) == told
        assert misnumbered(ends) == []
        if scenario.check and scenario.any_order:
            scenario.check(ends)


@SCENARIO
def test_it_ends_so_with_state_that_is_packed_after_each_record(scenario: Scenario) -> None:
    """As the engine keeps it: bytes. So no fold changes a value that it was given, or leans on what JSON does not keep;
    in memory alone nobody would notice."""
    line, ends = Line(processors(), scenario.as_of), Ends()
    stores = [PackedStore() for _ in line.tasks]
    for task, store in zip(line.tasks, stores, strict=True):
        task.store = store
    for step in scenario.steps:
        take(line, step if isinstance(step, Record) else step.record(ends), ends)
        for store in stores:
            store.changes()
    assert ends == run_in_memory(scenario.steps, scenario.as_of)


def in_every_order(steps: Sequence[Step], most: int, samples: int, dice: Random) -> Iterator[list[Step]]:
    """The steps with each unbroken run of feed records in every order, if that makes no more than `most` in all; else
    in so many `samples`. In every second one some records come twice."""
    runs = [list(run) for _, run in groupby(steps, key=lambda s: (isinstance(s, Record), getattr(s, "phase", 0)))]
    if prod(factorial(len(run)) for run in runs if isinstance(run[0], Record)) > most:
        for number in range(samples):
            yield list(_shuffled(steps, dice, doubled=number % 2 == 1))
        return
    ways = [permutations(run) if isinstance(run[0], Record) else [tuple(run)] for run in runs]
    for number, order in enumerate(product(*ways)):
        for doubled in (False, True) if number % 2 == 1 else (False,):
            yield [step for run in order for step in (_some_twice(run, dice) if doubled else run)]


def _some_twice(run: Sequence[Step], dice: Random) -> list[Step]:
    """A run of feed records with some of them once more, anywhere after."""
    steps = list(run)
    for step in run:
        if isinstance(step, Record) and dice.random() < 0.5:
            steps.insert(dice.randint(steps.index(step) + 1, len(steps)), step)
    return steps


def _shuffled(steps: Iterable[Step], dice: Random, doubled: bool) -> Iterator[Step]:
    """The steps, with each unbroken run of feed records in another order (and some of them twice)."""
    for (is_feed, _), run in groupby(steps, key=lambda s: (isinstance(s, Record), getattr(s, "phase", 0))):
        together = list(run)
        if is_feed:
            together += [step for step in together if doubled and dice.random() < 0.5]
            dice.shuffle(together)
        yield from together


def test_no_two_scenarios_have_one_name() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_names_are_ascii() -> None:
    """pytest writes others anew with each run in one process, and `make mutants` would not find them again."""
    assert [scenario.name for scenario in SCENARIOS if not scenario.name.isascii()] == []
