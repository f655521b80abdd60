"""A list is never due all at once: 5,000 households, and nobody does anything."""

from collections import Counter
from functools import cache

import orjson

from contracts.control import OfficerDecision
from contracts.flags import Flag
from contracts.instants import day_of, plus
from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.referral.waves import candidates, decision_record, decisions_for, spread
from services.runtime.fold import TICKS, Record
from services.runtime.folding import MemoryStore, Task
from tests.scenarios.memory import POLICY
from tests.unit.calendar.made import hk
from tests.unit.referral.test_waves import base

CLOCKS = load_clocks(POLICY)
DIRECTORY = load_directory(POLICY)
WAVES = CLOCKS.policy.waves
AT = hk("2026-02-12 15:00")
"""The Thursday before Lunar New Year."""
HOUSEHOLDS = 5_000


@cache
def the_list() -> list[Flag]:
    """Households of Sham Shui Po, as one list rule raised them."""
    estates = [one for place in DIRECTORY.places.districts["SSP"].sub_districts.values() for one in place]
    return [
        base().model_copy(
            update={
                "flag_id": f"flag-{number}",
                "household_id": f"h-{number:08d}-0000-0000-0000-000000000000",
                "district": "SSP",
                "estate": estates[number % len(estates)],
            }
        )
        for number in range(HOUSEHOLDS)
    ]


def released(at: str, before: list[OfficerDecision]) -> list[OfficerDecision]:
    """The wave that fits, after those before."""
    waiting = candidates(the_list(), before)
    starts = spread(waiting, the_list(), before, DIRECTORY, CLOCKS, at)
    return decisions_for([flag for flag in waiting if flag.flag_id in starts], "officer", "wave", at, starts)


def test_a_wave_takes_what_fits_and_the_rest_waits() -> None:
    wave = released(AT, [])
    units = {DIRECTORY.route("care_team", flag.district, flag.estate, flag.household_id)[1] for flag in the_list()}
    assert len(units) > 1
    assert 0 < len(wave) <= len(units) * WAVES.visits_a_day * WAVES.days
    assert len(wave) < HOUSEHOLDS, "the list should not fit one wave, or this test shows nothing"
    assert len({one.flag_id for one in wave}) == len(wave)
    # the most pressing first: nobody of a unit starts before somebody who stands before them
    starts = {one.flag_id: one.clocks_from for one in wave}
    assert all(start is not None and start >= AT for start in starts.values())
    # a second officer, a minute later, finds no day left at those units
    again = released(plus(AT, seconds=60), wave)
    assert not {one.flag_id for one in again} & set(starts)
    assert len(again) < len(units) * WAVES.visits_a_day
    # when the days have gone by, there is room again
    later = released(plus(AT, days=14), wave)
    assert later
    assert not {one.flag_id for one in later} & set(starts)


def test_no_more_of_a_list_runs_out_in_a_day_than_a_unit_has_visits() -> None:
    """Released in waves until all are, never answered: what each unit is reminded of and late with, day by day."""
    desk = Task(Desk(DIRECTORY, CLOCKS).processor(), MemoryStore())
    decisions: list[OfficerDecision] = []
    at = AT
    while len(decisions) < HOUSEHOLDS:
        decisions += released(at, decisions)
        at = plus(at, days=28)
    for flag in the_list():
        desk.take_one(Record("risk.flags", flag.household_id.encode(), flag.model_dump_json(by_alias=True).encode()))
    for decision in decisions:
        desk.take_one(decision_record(decision))
    tasks = [task for _, state in desk.store.items() if "tasks" in state for task in state["tasks"].values()]
    assert len(tasks) == HOUSEHOLDS
    for due, most in {"due_ack": 1, "due_contact": 1, "warn_ack": 2, "warn_contact": 2}.items():
        # (three quarters of the hours of two days may fall on one, where Sunday is shorter than Monday)
        a_day = Counter((task["unit"], day_of(task[due])) for task in tasks)
        assert max(a_day.values()) <= most * WAVES.visits_a_day, (due, a_day.most_common(3))
    # long after, in one tick: each clock has run out once, and no officer has a task for each
    tick = Record(TICKS, b"0", orjson.dumps({"as_of": plus(at, days=60)}))
    published = [orjson.loads(out.value) for turn in desk.take(tick) for out in turn.outputs]
    breached = Counter(task["task_id"] for task in published if task["breaches"] == ["acknowledge", "contact"])
    assert len(breached) == HOUSEHOLDS
    assert {task["purpose"] for task in published} == {"visit_and_assess"}
