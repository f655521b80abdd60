"""What the desk takes in of units' status: kept beside the cases, by revision; garbage is a dead letter."""

from typing import Any

import orjson
import pytest

from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.referral.units import days_to_wait, is_case
from services.runtime.fold import Record, Turn
from services.runtime.folding import MemoryStore, Task
from tests.scenarios.memory import POLICY

UNIT = "ssp-iccmw"
WAIT = {"intake": "waiting_list", "waiting_days": 21, "capacity": None, "as_of": "2026-07-01T00:00:00.000Z"}
WAIT |= {"valid_until": "2026-08-01T00:00:00.000Z"}
SHUT = WAIT | {"intake": "closed", "waiting_days": None, "valid_until": None}


@pytest.fixture
def desk() -> Task:
    return Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())


def take(desk: Task, said: Any) -> Turn:
    value = said if isinstance(said, bytes) else orjson.dumps(said)
    return desk.take_one(Record("units.status", UNIT.encode(), value))


def waits(desk: Task, as_of: str) -> int | None:
    return days_to_wait(Turn(as_of, desk.store), UNIT)


def test_the_highest_revision_counts_and_moves_no_task(desk: Task) -> None:
    assert waits(desk, "2026-07-14T00:00:00.000Z") == 0
    turns = [take(desk, {"unit": UNIT, "revision": at, "intake": intake}) for at, intake in ((2, SHUT), (1, WAIT))]
    assert [turn.duplicate for turn in turns] == [False, True]
    assert not any(turn.outputs or turn.dead for turn in turns)
    assert waits(desk, "2026-07-14T00:00:00.000Z") is None
    take(desk, {"unit": UNIT, "revision": 3, "intake": WAIT})
    assert waits(desk, "2026-07-14T00:00:00.000Z") == 21
    assert waits(desk, "2026-08-01T00:00:00.000Z") == 0  # it counts until then
    take(desk, {"unit": UNIT, "revision": 4, "intake": None})
    assert waits(desk, "2026-07-14T00:00:00.000Z") == 0


def test_it_lies_beside_the_cases_and_is_never_woken(desk: Task) -> None:
    take(desk, {"unit": UNIT, "revision": 1, "intake": SHUT})
    assert [is_case(key) for key, _ in desk.store.items()] == [False]
    assert desk.next_due() is None


def test_free_places_are_no_business_of_the_desk(desk: Task) -> None:
    turn = take(desk, {"unit": UNIT, "kind": "respite", "district": "SSP", "revision": 1, "free": None})
    assert (turn.dead, [*desk.store.items()]) == ([], [])


@pytest.mark.parametrize(
    ("said", "reason", "says"),
    [
        (b"\xff", "unreadable", "not UTF-8 JSON"),
        ({"unit": UNIT, "revision": 1}, "invalid", "intake: should be"),
        ({"unit": UNIT, "revision": "1", "intake": None}, "invalid", "revision: should be"),
        ({"unit": UNIT, "revision": 1, "intake": {**WAIT, "waiting_days": None}}, "invalid", "waiting_days: "),
        ({"unit": UNIT, "revision": 1, "intake": {**WAIT, "valid_until": 5}}, "invalid", "valid_until: should be"),
        ({"unit": "ssp-dscp", "revision": 1, "intake": None}, "wrong_key", "unit: is not the record key"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter(desk: Task, said: Any, reason: str, says: str) -> None:
    turn = take(desk, said)
    ((dead),) = turn.dead
    assert dead.reason == reason and says in dead.detail
    assert [*desk.store.items()] == []
