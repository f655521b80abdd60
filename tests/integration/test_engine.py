"""What the engine promises in quiet times: transactions, state, ticks, dead letters, pages, a clean stop."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from contracts.deadletters import DeadLetter
from services.runtime.cluster import DEAD_LETTERS
from services.runtime.letters import record_of_letter
from services.runtime.partitions import partition_of
from services.runtime.quiet import Quiet, inputs_by_group
from tests.integration.engine_bench import PARTITIONS, VAULT, Bench, bench, ids_of
from tests.integration.engine_worker import PROCESSORS

pytestmark = pytest.mark.kafka


@pytest.fixture
def line(kafka: str) -> Iterator[Bench]:
    with bench(kafka) as made:
        yield made


def _records(first: int, last: int) -> list[tuple[str, dict[str, int]]]:
    return [(f"k{number % 37}", {"id": number, "x": number}) for number in range(first, last)]


def _sums(*numbers: range) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for number in (number for part in numbers for number in part):
        entry = sums.setdefault(f"k{number % 37}", {"count": 0, "sum": 0})
        entry["count"] += 1
        entry["sum"] += number
    return sums


async def test_two_processors_in_one_app_over_other_partitions(line: Bench) -> None:
    await line.make_topics()
    worker = await line.start("counting", "rekeying").until_ready()
    await asyncio.gather(line.send(line.topic("a"), _records(0, 300)), line.send(line.topic("b"), _records(300, 600)))
    await line.rest("counting", "rekeying")

    sums = await line.read(line.topic("sums"))
    by_id = await line.read(line.topic("by_id"))
    assert sorted(ids_of(sums)) == sorted(ids_of(by_id)) == list(range(600))
    assert await line.state("counting") == _sums(range(600))
    for record in (*sums, *by_id):
        assert record.partition == partition_of(record.key, PARTITIONS)
    causes = {
        orjson.loads(record.value)["id"]: record.timestamp
        for name in ("a", "b")
        for record in await line.read(line.topic(name))
    }
    assert {record.timestamp - causes[orjson.loads(record.value)["id"]] for record in (*sums, *by_id)} == {0}
    assert {header for record in sums for header in record.headers} == {
        ("from", line.topic(name).encode()) for name in ("a", "b")
    }

    status, ready = worker.page("/health/ready")
    tasks = dict.fromkeys(map(str, range(PARTITIONS)), "ready")
    assert (status, orjson.loads(ready)["processors"][f"{line.tag}.counting"]) == (200, {"ready": True, "tasks": tasks})
    assert worker.page("/health/live")[0] == 200
    metrics = worker.page("/metrics")[1]
    name = f'processor="{line.tag}.counting"'
    assert f'kithline_records_total{{outcome="applied",{name},topic="{line.topic("a")}"}} 300.0' in metrics
    assert f'kithline_outputs_total{{{name},topic="{line.topic("sums")}"}} 600.0' in metrics
    assert f'kithline_task_ready{{partition="3",{name}}} 1.0' in metrics
    assert f'kithline_lag{{partition="3",{name},topic="{line.topic("a")}"}} 0.0' in metrics
    for family in ("batch_seconds_count", "latency_ms_count", "state_keys", "restore_seconds", "last_commit_timestamp"):
        assert f"kithline_{family}{{" in metrics


async def test_a_clean_stop_leaves_the_group_and_the_next_goes_on(line: Bench) -> None:
    await line.make_topics()
    worker = await line.start("counting", session_timeout_ms=120_000).until_ready()
    await line.send(line.topic("a"), _records(0, 200))
    await line.rest("counting")
    assert await worker.stop() == 0

    await line.start("counting").until_ready(60)  # without leaving, the successor would wait for the session to end
    await line.send(line.topic("a"), _records(200, 400))
    await line.rest("counting")
    assert sorted(ids_of(await line.read(line.topic("sums")))) == list(range(400))
    assert await line.state("counting") == _sums(range(400))


async def test_bad_records_become_dead_letters_and_the_rest_flows_on(line: Bench) -> None:
    await line.make_topics()
    worker = await line.start("counting").until_ready()
    bad: list[tuple[str, Any]] = [("k1", b"\xff not JSON"), ("A123456(3)", b"value A123456(3)"), ("k2", b'{"id": 1}')]
    again: list[tuple[str, Any]] = [("k3", {"id": 3, "x": 3, "repeat": 1})]
    await line.send(line.topic("a"), [*_records(0, 50), *bad, *again, *_records(50, 100)])
    await line.rest("counting")

    assert sorted(ids_of(await line.read(line.topic("sums")))) == list(range(100))
    kept = [record for record in await line.read(DEAD_LETTERS) if line.tag in record.value.decode()]
    letters = {letter.reason: letter for letter in (DeadLetter.model_validate_json(r.value) for r in kept)}
    assert set(letters) == {"unreadable", "identity", "fold_failed"}
    assert record_of_letter(letters["unreadable"]).value == b"\xff not JSON"
    assert record_of_letter(letters["fold_failed"]).value == b'{"id": 1}'
    sealed = letters["identity"]
    assert all(b"A123456" not in (r.key or b"") + r.value for r in kept)
    assert record_of_letter(sealed, bytes(VAULT)).value == b"value A123456(3)"
    source = next(r for r in await line.read(line.topic("a")) if r.value == b"value A123456(3)")
    assert (sealed.topic, sealed.partition, sealed.offset) == (source.topic, source.partition, source.offset)

    metrics = worker.page("/metrics")[1]
    for outcome, number in (("dead_letter", 3), ("duplicate", 1), ("applied", 100)):
        assert f'outcome="{outcome}",processor="{line.tag}.counting",topic="{line.topic("a")}"}} {number}.0' in metrics


async def test_quiet_tells_what_is_behind(line: Bench) -> None:
    await line.make_topics()
    groups = inputs_by_group([PROCESSORS[kind](line.tag) for kind in ("counting", "rekeying")], clock=False)
    worker = await line.start("counting", "rekeying").until_ready()
    async with Quiet(line.settings, groups) as quiet:
        await quiet.wait(10)
        for first in range(0, 500, 100):
            await line.send(line.topic("a"), _records(first, first + 100))
            await quiet.wait(10)
            # Committed is what counts: at rest, everything must have arrived at the end of the line.
            assert len(await line.read(line.topic("by_id"))) == first + 100
            assert await quiet.now()
        assert await worker.stop() == 0
        assert await quiet.now()
        await line.send(line.topic("b"), _records(500, 501))
        assert not await quiet.now()
        assert await quiet.behind() == {f"kithline-{line.tag}.counting": 1}


async def test_partitions_move_between_workers_while_records_flow(line: Bench) -> None:
    await line.make_topics()
    first = await line.start("counting", "rekeying").until_ready()
    feeding = asyncio.create_task(line.send(line.topic("a"), _records(0, 2000), pause=0.2))
    second = line.start("counting", "rekeying")
    await second.until_log('"assigned"', 2)
    await asyncio.sleep(0.5)
    assert await first.stop() == 0
    await feeding
    await line.rest("counting", "rekeying")
    assert sorted(ids_of(await line.read(line.topic("sums")))) == list(range(2000))
    assert sorted(ids_of(await line.read(line.topic("by_id")))) == list(range(2000))
    assert await line.state("counting") == _sums(range(2000))
    assert second.log.count('"assigned"') > 2  # it got its share, and then all


async def test_a_record_as_large_as_the_broker_takes_still_becomes_a_dead_letter(line: Bench) -> None:
    await line.make_topics()
    await line.start("counting").until_ready()
    whole = b"value A123456(3)" + b"\xff" * 1_000_000
    await line.send(line.topic("a"), [("k1", whole)])
    await line.rest("counting")
    kept = [record for record in await line.read(DEAD_LETTERS) if line.tag in record.value.decode()]
    (letter,) = (DeadLetter.model_validate_json(record.value) for record in kept)
    assert record_of_letter(letter, bytes(VAULT)).value == whole


async def test_a_small_batch_that_holds_a_huge_record_stops_no_partition(line: Bench) -> None:
    await line.make_topics()
    await line.start("counting").until_ready()
    sizes = (1_400_000, 30_000_000)
    async with AIOKafkaProducer(
        bootstrap_servers=line.kafka, compression_type="gzip", max_request_size=2**26, max_batch_size=2**26
    ) as producer:
        for size in sizes:
            await producer.send_and_wait(line.topic("a"), b"x" * size, b"k1", partition=0)
        await producer.send_and_wait(line.topic("a"), b"x", b"k" * sizes[0], partition=0)
        await producer.send_and_wait(line.topic("a"), orjson.dumps({"id": 1, "x": 1}), b"k1", partition=0)
    await line.rest("counting")
    assert await line.state("counting") == {"k1": {"count": 1, "sum": 1}}
    letters = [DeadLetter.model_validate_json(r.value) for r in await line.read(DEAD_LETTERS)]
    mine = [letter for letter in letters if letter.processor == f"{line.tag}.counting"]
    assert {letter.reason for letter in mine} == {"unreadable"}
    assert [letter.whole for letter in mine] == [True, False, True]
    assert record_of_letter(mine[0]).value == b"x" * sizes[0]


async def test_what_is_read_late_is_not_dated_so_far_back_that_kafka_deletes_it(line: Bench) -> None:
    await line.make_topics()
    await line.start("counting").until_ready()
    now, hour, day = int(time.time() * 1000), 3_600_000, 86_400_000
    sent = {1: now - 30 * day, 2: now - hour}
    async with AIOKafkaProducer(bootstrap_servers=line.kafka) as producer:
        for number, timestamp in sent.items():
            value = orjson.dumps({"id": number, "x": 1})
            await producer.send_and_wait(line.topic("a"), value, b"k1", partition=0, timestamp_ms=timestamp)
    await line.rest("counting")
    dated = {orjson.loads(record.value)["id"]: record.timestamp for record in await line.read(line.topic("sums"))}
    assert dated[2] == sent[2]
    assert now - day <= dated[1] < now - day + hour
