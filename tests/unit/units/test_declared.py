"""What units declare: checked at the door, the latest word of each to every partition, whatever the order."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from contracts.units import UnitStatus, VacancyStatus
from services.directory import Standings
from services.runtime.fold import Processor, Record, Turn
from services.runtime.folding import MemoryStore, Task
from services.units import intake, vacancies
from services.units.latest import STATUS
from tests.scenario import expand, resend

OPEN = {"type": "units.intake_declared", "unit": "ssp-decc-1", "intake": "accepting", "capacity": 5, "at": "2026-07-13"}
WAIT = {**OPEN, "intake": "waiting_list", "capacity": None, "waiting_days": 14, "at": "2026-07-14"}
SHUT = {**OPEN, "intake": "closed", "capacity": None, "at": "2026-07-15"}
FREE = {
    "type": "respite.vacancy_declared",
    "unit": "home-1",
    "kind": "respite",
    "district": "SSP",
    "places": 2,
    "at": "2026-07-13",
}
NOW = "2026-07-16T00:00:00.000Z"


def taken(processor: Processor, records: Iterable[Record]) -> list[Turn]:
    task = Task(processor, MemoryStore())
    return [turn for record in records for turn in task.take(record)]


def told(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    outputs = [output for turn in turns for output in turn.outputs]
    assert all(output.topic == STATUS and output.everywhere for output in outputs)
    model = TypeAdapter(UnitStatus | VacancyStatus)
    return [model.validate_json(output.value).model_dump(mode="json") for output in outputs]


def test_the_latest_word_of_a_unit_holds_in_any_order_and_multiplicity() -> None:
    records = expand([OPEN, WAIT, SHUT])
    for order in permutations([*records, resend(records[1], "2026-07-20T00:00:00Z")]):
        statuses = told(taken(intake.PROCESSOR, order))
        last = statuses[-1]
        assert last["intake"]["intake"] == "closed"
        assert last["intake"]["as_of"] == "2026-07-15T01:00:00.000Z"
        # once the last word is in, nothing that comes later is news; and revisions have no gaps
        assert [status["revision"] for status in statuses] == list(range(1, len(statuses) + 1))


def test_what_is_said_a_second_time_is_no_news() -> None:
    turns = taken(intake.PROCESSOR, expand([OPEN]) * 2)
    assert len(told(turns)) == 1
    assert turns[1].duplicate


def test_places_of_each_kind_and_district_are_counted_by_themselves() -> None:
    others = [{**FREE, "kind": "emergency", "places": 1}, {**FREE, "district": "KTS", "places": 3}]
    turns = taken(vacancies.PROCESSOR, expand([FREE, *others, {**FREE, "places": 0, "at": "2026-07-15"}]))
    statuses = told(turns)
    assert [(one["kind"], one["district"], one["revision"], one["free"]["places"]) for one in statuses] == [
        ("respite", "SSP", 1, 2),
        ("emergency", "SSP", 1, 1),
        ("respite", "KTS", 1, 3),
        ("respite", "SSP", 2, 0),
    ]
    keys = [output.key for turn in turns for output in turn.outputs]
    assert len(set(keys)) == 3  # compaction keeps one of each


def test_two_sources_may_number_alike_and_who_recorded_last_prevails() -> None:
    own = {**OPEN, "id": "d-1", "recorded": "2026-07-13T10:00"}
    desk = {**SHUT, "id": "d-1", "source": "kithline-cli", "recorded": "2026-07-13T11:00", "at": "2026-07-13"}
    for order in permutations(expand([own, desk])):
        turns = taken(intake.PROCESSOR, order)
        assert all(not turn.dead for turn in turns)
        assert told(turns)[-1]["intake"]["intake"] == "closed"


def test_an_id_with_two_bodies_counts_as_first_received_and_the_other_is_buried() -> None:
    first = {**OPEN, "id": "d-9", "received": "2026-07-15T01:00"}
    second = {**SHUT, "id": "d-9", "received": "2026-07-15T02:00", "at": "2026-07-13"}
    for order in permutations(expand([first, second])):
        turns = taken(intake.PROCESSOR, order)
        assert told(turns)[-1]["intake"]["intake"] == "accepting"
        assert [dead.reason for turn in turns for dead in turn.dead] == ["id_reused"]


def test_places_said_under_a_used_id_are_taken_back_where_they_were() -> None:
    later = {**FREE, "id": "v-9", "district": "KTS", "received": "2026-07-15T02:00"}
    first = {**FREE, "id": "v-9", "received": "2026-07-15T01:00"}
    statuses = told(taken(vacancies.PROCESSOR, expand([later, first])))
    last = {one["district"]: one["free"] for one in statuses}
    assert last["KTS"] is None
    assert last["SSP"]["places"] == 2


@pytest.mark.parametrize(
    ("processor", "line", "body", "reason", "says"),
    [
        (intake.PROCESSOR, OPEN, {"unit": "ssp-decc-2"}, "wrong_key", "key a declaration by the unit"),
        (intake.PROCESSOR, OPEN, {"as_of": "2027-01-01T00:00:00Z"}, "future_dated", "as_of lies more than"),
        (intake.PROCESSOR, OPEN, {"capacity": 0}, "invalid", "capacity is 0"),
        (vacancies.PROCESSOR, FREE, {"unit": "home-2"}, "wrong_key", "key a declaration by the unit"),
        (vacancies.PROCESSOR, FREE, {"as_of": "2027-01-01T00:00:00Z"}, "future_dated", "as_of lies more than"),
        (vacancies.PROCESSOR, FREE, {"places": -1}, "invalid", "places: "),
    ],
)
def test_what_cannot_be_is_a_dead_letter_and_leaves_no_trace(
    processor: Processor, line: dict[str, Any], body: dict[str, Any], reason: str, says: str
) -> None:
    (good,) = expand([line])
    bad = Record(good.topic, good.key, orjson.dumps(orjson.loads(good.value) | body), good.headers)
    (turn,) = taken(processor, [bad])
    ((dead),) = turn.dead
    assert dead.reason == reason
    assert says in dead.detail
    assert turn.outputs == [] and turn.writes == {}


def test_a_heartbeat_of_these_feeds_is_noted_too() -> None:
    (beat,) = expand([{"type": "feed.heartbeat", "subject": "anna", "at": "2026-07-13"}])
    (turn,) = taken(intake.PROCESSOR, [Record("units.declarations", beat.key, beat.value, beat.headers)])
    assert turn.heartbeat is not None and turn.outputs == []


def test_only_so_many_versions_are_kept() -> None:
    days = [{**OPEN, "at": f"2026-06-{day:02d}", "capacity": day} for day in range(1, 29)]
    task = Task(intake.PROCESSOR, MemoryStore())
    for record in expand(days):
        task.take_one(record)
    said = (task.store.get("ssp-decc-1") or {})["intake~"]["said"]
    assert 1 < len(said) <= 10
    assert said[-1]["value"]["capacity"] == 28


def test_readers_put_it_together() -> None:
    standings = Standings()
    statuses = told(taken(intake.PROCESSOR, expand([OPEN, {**WAIT, "valid_until": "2026-07-17"}])))
    statuses += told(taken(vacancies.PROCESSOR, expand([FREE, {**FREE, "unit": "home-2", "district": "KTS"}])))
    for status in reversed(statuses * 2):  # a copy of each partition, in any order
        standings.take(status)
    assert standings.waits("ssp-decc-1", NOW) == 14
    assert standings.waits("ssp-decc-1", "2026-07-18T00:00:00.000Z") == 0  # it counts no more
    assert standings.waits("ssp-decc-2", NOW) == 0
    stale = {"respite": 24.0, "emergency": 6.0}
    assert [(one.unit, one.stale) for one in standings.free(NOW, stale, "KTS")] == [("home-2", True), ("home-1", True)]
    assert [one.unit for one in standings.free("2026-07-13T20:00:00.000Z", stale, "SSP")] == ["home-1", "home-2"]
    assert not standings.free("2026-07-13T20:00:00.000Z", stale, "SSP")[0].stale
    assert standings.declaring() == {"ssp-decc-1", "home-1", "home-2"}
