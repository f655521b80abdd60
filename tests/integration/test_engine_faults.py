"""What the engine promises when processes die: nothing missing or repeated, a loud end where it must not go on."""

import asyncio
import signal
from collections.abc import Iterator

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.cluster import admin
from services.runtime.ending import BROKEN, MISCONFIGURED
from services.runtime.partitions import partition_of
from services.runtime.transaction import Writer
from tests.integration.engine_bench import PARTITIONS, Bench, bench, ids_of

pytestmark = pytest.mark.kafka


@pytest.fixture
def line(kafka: str) -> Iterator[Bench]:
    with bench(kafka) as made:
        yield made


def _records(first: int, last: int) -> list[tuple[str, dict[str, int]]]:
    return [(f"k{number % 37}", {"id": number, "x": 1}) for number in range(first, last)]


async def _all_once(line: Bench, total: int) -> None:
    """Nothing missing, nothing repeated, state right, and every key's outputs in the order of its counts."""
    sums = await line.read(line.topic("sums"))
    assert sorted(ids_of(sums)) == list(range(total))
    assert sorted(ids_of(await line.read(line.topic("by_id")))) == list(range(total))
    expected = {f"k{k}": {"count": n, "sum": n} for k in range(37) if (n := len(range(k, total, 37)))}
    assert await line.state("counting") == expected
    counts: dict[bytes, int] = {}
    for record in sums:
        counts[record.key] = counts.get(record.key, 0) + 1
        assert orjson.loads(record.value)["count"] == counts[record.key]


async def test_killed_in_the_middle_of_batches(line: Bench) -> None:
    await line.make_topics()
    # Small batches, so that many transactions are there to be killed; static members, so that a restart is quick.
    settings = {"batch_records": 20, "member": "one"}
    feeding = asyncio.create_task(line.send(line.topic("a"), _records(0, 4000), pause=0.12))
    for _ in range(3):
        worker = await line.start("counting", "rekeying", **settings).until_ready()
        await asyncio.sleep(0.7)
        assert await worker.stop(signal.SIGKILL) == -signal.SIGKILL
    await line.start("counting", "rekeying", **settings).until_ready()
    await feeding
    await line.rest("counting", "rekeying")
    await _all_once(line, 4000)


async def test_a_zombie_is_fenced(line: Bench) -> None:
    await line.make_topics()
    settings = {"batch_records": 20, "session_timeout_ms": 6000, "heartbeat_interval_ms": 500}
    zombie = await line.start("counting", "rekeying", **settings).until_ready()
    feeding = asyncio.create_task(line.send(line.topic("a"), _records(0, 2000), pause=0.05))
    await asyncio.sleep(0.5)
    zombie.process.send_signal(signal.SIGSTOP)
    heir = line.start("counting", "rekeying", **settings)
    await feeding
    await line.rest("counting", "rekeying")
    zombie.process.send_signal(signal.SIGCONT)
    # It wakes in the middle of a transaction that was settled without it, and ends; or between two, and rejoins.
    await asyncio.sleep(3)
    assert zombie.process.poll() in (None, BROKEN)
    await line.send(line.topic("a"), _records(2000, 2200))
    await line.rest("counting", "rekeying")
    assert heir.process.poll() is None
    await _all_once(line, 2200)


async def test_a_writer_that_was_succeeded_commits_nothing(line: Bench) -> None:
    await line.make_topics()
    sums, inputs = line.topic("sums"), TopicPartition(line.topic("a"), 0)
    old, new = (Writer(line.settings, f"{line.tag}-writer", f"{line.tag}-group") for _ in range(2))
    await old.start()
    old.add(sums, 0, b"k", b'{"id": "committed"}', 1)
    await old.commit({inputs: (1, "one")})
    old.add(sums, 0, b"k", b'{"id": "late"}', 1)
    await new.start()
    with pytest.raises(KafkaError):
        await old.commit({inputs: (2, "two")})
    await old.give_up()
    new.add(sums, 0, b"k", b'{"id": "successor"}', 1)
    await new.commit({inputs: (3, "three")})
    assert ids_of(await line.read(sums)) == ["committed", "successor"]
    async with admin(line.settings) as client:
        found = await client.list_consumer_group_offsets(f"{line.tag}-group", partitions=[inputs])
    assert found[inputs] == (3, "three")
    await asyncio.gather(old.stop(), new.stop())


async def test_a_position_that_is_not_the_states_stops_the_process(line: Bench) -> None:
    await line.make_topics()
    worker = await line.start("counting").until_ready()
    await line.send(line.topic("a"), _records(0, 100))
    await line.rest("counting")
    assert await worker.stop() == 0
    partition = partition_of(b"k1", PARTITIONS)
    await line.move_group(
        "counting", {TopicPartition(line.topic("a"), partition): 0, TopicPartition(line.topic("b"), partition): 0}
    )
    worker = line.start("counting")
    assert await worker.ended() == MISCONFIGURED
    assert "offsets or changelog were changed from outside" in worker.log
    assert len(await line.read(line.topic("sums"))) == 100


async def test_what_a_person_must_mend_is_one_clear_line_at_start(kafka: str) -> None:
    cases: list[tuple[dict[str, int] | None, dict[str, object], str]] = [
        ({"b": 3}, {}, "equal partition counts"),
        ({"sums": 0}, {}, "topics apply"),
        (None, {"vault_public_key": ""}, "KITHLINE_VAULT_PUBLIC_KEY"),
        (None, {"kafka": "127.0.0.1:1", "kafka_wait_seconds": 1}, "no Kafka answers at 127.0.0.1:1"),
        (None, {"batch_records": "many"}, "KITHLINE_BATCH_RECORDS"),
    ]

    async def start(topics: dict[str, int] | None, settings: dict[str, object], said: str) -> None:
        with bench(kafka) as line:
            if topics:
                await line.make_topics(**topics)
            worker = line.start("counting", **settings)
            assert await worker.ended(60) == MISCONFIGURED
            problems = [text for text in worker.log.splitlines() if text.startswith("kithline:")]
            assert len(problems) == 1
            assert said in problems[0]

    await asyncio.gather(*(start(*case) for case in cases))
