"""The households that state is measured on are what they are said to be, and their changelog is as the engine's."""

import orjson
import pytest

from benchmarks.corpus import AS_OF
from benchmarks.state.changelog import value_of
from benchmarks.state.households import FACTS, at_rest, processor, states, updates
from benchmarks.state.measure import growth
from services.correlator.household import due
from services.runtime.folding import MemoryStore, Task
from services.runtime.packing import SHORT
from services.runtime.store import PackedStore


def test_every_household_has_twelve_facts_and_is_another() -> None:
    made = list(states(50))
    assert len({key for key, _, _ in made}) == 50
    for key, instant, plain in made:
        state = orjson.loads(plain)
        assert sum(len(facts) for said in state["origins"].values() for facts in said["facts"].values()) == FACTS
        assert state["due"] == instant
        assert key in plain.decode()
    assert len(at_rest()) > 1


def test_the_changelog_is_what_the_engine_would_have_written() -> None:
    for key, instant, plain in states(10):
        assert len(plain) > SHORT
        store = PackedStore(due)
        store.put(key, orjson.loads(plain))
        assert store.changes() == [(key, value_of(instant, plain))]


def test_every_update_is_news_of_a_household_that_is_there() -> None:
    store = MemoryStore()
    store.values = {key: orjson.loads(plain) for key, _, plain in states(20)}
    task = Task(processor(), store, AS_OF)
    before = dict(store.values)
    for number, record in enumerate(updates(60, 20)):
        (turn,) = task.take(record)
        assert not turn.duplicate
        assert not turn.dead
        assert set(turn.writes) <= set(before)
        assert turn.writes, number
    assert len(store.values) == 20
    assert all(store.values[key] != before[key] for key in before)


def test_growth_is_told_beside_what_is_wanted() -> None:
    first = {"households": 10_000, "memory_bytes": 100_000_000, "events_per_s": 1_000, "cpu_us_per_event": 50.0}
    last = {"households": 1_010_000, "memory_bytes": 1_100_000_000, "events_per_s": 900, "cpu_us_per_event": 100.0}
    assert growth(first, first) == {}
    told = growth(first, last)
    assert (told["bytes_per_household"], told["events_ratio"], told["cpu_ratio"]) == pytest.approx((1_000, 0.9, 0.5))
