"""A replay over shards and processes ends as one of a single process, in everything; what is connected stays whole."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import sleep

import orjson
import psutil
import pytest

from contracts.events import FEEDS
from contracts.ids import contact_id, household_of_person, household_of_tenancy
from contracts.instants import plus
from services import shards
from services.line import Line, line_processors
from services.replay import replay
from services.runtime.errors import Problem
from services.runtime.fold import TICKS, UNIT_TICKS, Record
from services.runtime.lines import read_lines, write_lines
from services.shards import in_processes, read_shard, split
from services.simulator import Parameters, simulate
from tests.scenarios.memory import POLICY


def district(seed: int, households: int = 250, days: int = 15) -> list[Record]:
    return list(simulate(Parameters(households=households, days=days, seed=seed)).records())


def whole(path: Path, jobs: int = 1) -> dict[str, object]:
    return vars(replay(path, POLICY, jobs=jobs))


@pytest.mark.parametrize("seed", range(1, 7))
def test_shuffled_and_doubled_lines_end_alike_in_one_shard_and_in_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    path, dice = tmp_path / "feed.jsonl", Random(seed)
    records = district(seed)
    records += dice.sample(records, len(records) // 2)
    dice.shuffle(records)
    write_lines(path, records)
    alone = whole(path)
    monkeypatch.setattr(shards, "LINES_OF_A_SHARD", 20)
    assert len(split(path).shards) > 20
    assert whole(path) == alone  # revisions, duplicates and dead letters included
    assert alone["flags"] and alone["duplicates"] and alone["dead_letters"]


def test_two_processes_end_as_one(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    write_lines(path, district(9))
    assert whole(path, jobs=2) == whole(path)


def lived(records: list[Record]) -> Iterator[Record]:
    """A log as a demo keeps it: feeds, ticks, and what simulated units answered."""
    line = Line(line_processors(POLICY, units=True))
    now = ""
    for record in records:
        received = dict(record.headers).get("ce_receivedtime", b"").decode()
        steps = [record]
        if received.startswith("2026") and received >= (now and plus(now, hours=8)):
            now = received
            steps = [Record(topic, b"0", orjson.dumps({"as_of": now})) for topic in (TICKS, UNIT_TICKS)] + steps
        for step in steps:
            yield step
            for _, turn in line.take(step):
                yield from (
                    Record(out.topic, out.key, out.value, out.headers)
                    for out in turn.outputs
                    if out.topic == "referral.updates"
                )


def test_a_log_with_ticks_and_answers_ends_alike_in_many_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    write_lines(path, lived(district(3, households=700, days=20)))
    alone = replay(path, POLICY)
    assert sum(task["status"] == "completed" for task in alone.tasks.values()) > 5
    monkeypatch.setattr(shards, "LINES_OF_A_SHARD", 200)
    assert len(split(path).shards) > 5
    assert vars(replay(path, POLICY)) == vars(alone)


def test_what_units_declare_counts_in_every_shard_and_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    parameters = Parameters(households=900, days=20, seed=8, declarations_per_unit_month=9, bad_share=0.02)
    write_lines(path, lived(list(simulate(parameters).records())))
    alone = replay(path, POLICY)
    assert alone.inputs["units.declarations"] > 200 and alone.inputs["respite.vacancies"] > 20
    monkeypatch.setattr(shards, "LINES_OF_A_SHARD", 100)
    assert len(split(path).shards) > 5
    assert vars(replay(path, POLICY)) == vars(alone)
    silent = [told for told in read_lines(path) if told.topic != "units.declarations"]
    write_lines(path, silent)
    units = {name: task["unit"] for name, task in replay(path, POLICY).tasks.items()}
    assert units != {name: task["unit"] for name, task in alone.tasks.items()}  # it matters who says what


def test_a_log_with_erasures_ends_alike_in_many_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, at = tmp_path / "log.jsonl", "2026-07-08T00:00:00.000Z"
    records = district(8)
    homes = [
        (body["address"]["block_id"], member["person_id"])
        for told in records[:60]
        if told.topic == "housing.tenancies" and told.value.startswith(b"{")
        for body in [orjson.loads(told.value)]
        if isinstance(body.get("address"), dict)
        for member in body.get("members", ())
    ]
    for place, (block, one) in enumerate(homes[::9]):
        for topic, key in (("person.facts", one), ("address.facts", block)):
            said = {"erase": True, "subject": key, "of": one, "at": at}
            records.insert(len(records) // 2 + place, Record(topic, key.encode(), orjson.dumps(said)))
    write_lines(path, records)
    alone = replay(path, POLICY)
    write_lines(path, [told for told in records if told.topic in FEEDS])
    assert vars(replay(path, POLICY)) != vars(alone)  # the erasures matter
    write_lines(path, records)
    monkeypatch.setattr(shards, "LINES_OF_A_SHARD", 20)
    assert len(split(path).shards) > 10
    assert vars(replay(path, POLICY)) == vars(alone)


def test_each_line_is_in_one_shard_and_ticks_in_all(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_lines(path, lived(district(4, households=60)))
    cut = split(path, least=4)
    assert len(cut.shards) == 4
    read = [list(read_shard(path, lines)) for lines in cut.shards]
    told = list(read_lines(path))
    ticks = [record for record in told if record.topic in (TICKS, UNIT_TICKS)]
    for shard in read:
        assert [record for record in shard if record.topic in (TICKS, UNIT_TICKS)] == ticks
    others = [record for shard in read for record in shard if record not in ticks]
    assert sorted(others, key=repr) == sorted((record for record in told if record not in ticks), key=repr)
    assert cut.lines == len(told)
    feeds = split(path, least=4, feeds_only=True)
    assert {record.topic for lines in feeds.shards for record in read_shard(path, lines)} <= set(FEEDS)


def test_by_receipt_a_shard_is_in_the_order_in_which_its_records_came_in(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    records = [record for record in district(5, households=40) if b"2099" not in record.value]
    Random(1).shuffle(records)
    write_lines(path, records)
    for lines in split(path, least=3, by_receipt=True).shards:
        received = [dict(record.headers)["ce_receivedtime"] for record in read_shard(path, lines)]
        assert received == sorted(received)


def record(topic: str, key: str, body: object, event: str = "e-1") -> Record:
    return Record(topic, key.encode(), orjson.dumps(body), (("ce_source", b"s"), ("ce_id", event.encode())))


ANNA, BEN, CAROL = ("p-" + letter * 32 for letter in "abc")
HOME = {"address_unit_id": "F-1", "block_id": "B", "estate_id": "E", "district": "SSP"}
ELSEWHERE = {**HOME, "address_unit_id": "F-2"}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (record("hospital.admissions", ANNA, {}), record("hospital.admissions", BEN, {}), False),
        (record("hospital.admissions", ANNA, {}), record("hospital.admissions", ANNA, {}), True),
        (record("welfare.register", ANNA, {"cared_for_person_id": BEN}), record("hospital.admissions", BEN, {}), True),
        (record("hospital.admissions", ANNA, {"retired_person_id": BEN}), record("hotline.contacts", BEN, {}), True),
        (
            record("housing.tenancies", "T1", {"tenancy_id": "T1", "members": [{"person_id": ANNA}]}),
            record("hotline.contacts", ANNA, {}),
            True,
        ),
        (
            record("housing.tenancies", "T1", {"tenancy_id": "T1", "address": HOME}),
            record("housing.tenancies", "T2", {"tenancy_id": "T2", "address": HOME}),
            True,
        ),
        (
            record("housing.tenancies", "T1", {"tenancy_id": "T1", "address": HOME}),
            record("housing.tenancies", "T2", {"tenancy_id": "T2", "address": ELSEWHERE}),
            False,
        ),
        (
            record("housing.tenancies", "T1", {"tenancy_id": "T1", "address": HOME}),
            record("community.observations", "B", {"address": HOME}),
            True,
        ),
        (
            record("housing.tenancies", "T1", {"tenancy_id": "T1", "address": HOME}),
            record("community.observations", "B", {"address": ELSEWHERE}),
            False,
        ),
        (
            record("community.observations", "B", {"address": HOME}),
            record("community.observations", "B", {"address": ELSEWHERE}),
            True,  # one id with two bodies: the second is a dead letter
        ),
        (
            record("community.observations", "B", {"block_id": "B", "kind": "fire"}, "e-9"),
            record("community.observations", "B", {"address": HOME}),
            True,
        ),
        (
            record("referral.updates", household_of_tenancy("T1"), {}),
            record("housing.tenancies", "T1", {"tenancy_id": "T1"}),
            True,
        ),
        (
            record("officer.decisions", household_of_person(ANNA), {}),
            record("hospital.admissions", ANNA, {}),
            True,
        ),
        (record("hotline.contacts", "e-1", {"caller_match": "none"}), record("hotline.contacts", ANNA, {}), False),
        (
            record("person.facts", ANNA, {"erase": True, "subject": ANNA, "of": BEN}),
            record("hospital.admissions", BEN, {}),
            True,
        ),
        (
            record("address.facts", "B", {"erase": True, "subject": "B", "of": ANNA}),
            record("hospital.admissions", ANNA, {}),
            True,
        ),
        (
            record("address.facts", "B", {"erase": True, "subject": "B", "of": ANNA}),
            record("housing.tenancies", "T2", {"tenancy_id": "T2", "address": ELSEWHERE}),
            True,
        ),
    ],
)
def test_who_is_connected(tmp_path: Path, one: Record, other: Record, together: bool) -> None:
    path = tmp_path / "feed.jsonl"
    write_lines(path, [one, other])
    assert (len(split(path, least=2).shards) == 1) == together


def test_an_answer_about_a_caller_whom_nobody_knows_goes_to_the_contact(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    write_lines(path, [record("hotline.contacts", "e-1", {"caller_match": "none", "immediate_danger": True})])
    household = household_of_person(contact_id("s", "e-1"))
    write_lines(path, [*read_lines(path), record("referral.updates", household, {})])
    assert len(split(path, least=2).shards) == 1


def _count(name: str, taken: shards.Tell) -> str:
    taken(3)
    if name == "bad":
        raise Problem("it is bad")
    return name.upper()


@pytest.mark.parametrize("processes", [1, 2])
def test_work_comes_back_in_order_and_progress_is_told(processes: int) -> None:
    told: list[int] = []
    assert list(in_processes(_count, [("a",), ("b",), ("c",)], processes, told.append)) == ["A", "B", "C"]
    assert sum(told) == 9


@pytest.mark.parametrize("processes", [1, 2])
def test_a_problem_in_a_process_is_told_as_it_is(processes: int) -> None:
    with pytest.raises(Problem, match="it is bad"):
        list(in_processes(_count, [("a",), ("bad",), ("c",)], processes, lambda count: None))


def _goes_on(name: str, taken: shards.Tell) -> None:
    if name == "bad":
        raise Problem("it is bad")
    for _ in range(36_000):
        sleep(0.1)
        taken(1)


def test_the_others_stop_where_one_has_failed() -> None:
    with pytest.raises(Problem, match="it is bad"):  # long before the test's own time-out
        list(in_processes(_goes_on, [("a",), ("bad",)], 2, lambda count: None))


def test_processes_end_with_the_one_that_started_them() -> None:
    program = """
from services.shards import in_processes
from tests.unit.test_shards import _goes_on
if __name__ == "__main__":
    list(in_processes(_goes_on, [("a",), ("b",)], 2, lambda count: print("on", flush=True) if count else None))
"""
    started = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"on\n"
    children = [child for child in psutil.Process(started.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(children) == 2
    started.kill()
    started.wait()
    assert psutil.wait_procs(children, timeout=60)[1] == []
