"""Restore from a real changelog: nothing that was aborted, the last of each key, nothing that was removed, whatever
compaction has left; and the event loop stays free meanwhile."""

import asyncio
import os
import random
import time
from collections.abc import Callable

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.runtime.changelog import restore
from services.runtime.errors import Problem
from services.runtime.marker import MARKER_KEY, Marker
from services.runtime.packing import SHORT
from services.runtime.settings import Settings
from services.runtime.store import PackedStore

pytestmark = pytest.mark.kafka

Write = list[tuple[str, bytes | None]]


def packed(key: str, value: dict[str, object]) -> bytes:
    """A value as a task writes it."""
    store = PackedStore()
    store.put(key, value)
    ((_, written),) = store.changes()
    assert written is not None
    return written


class Changelog:
    """One partition of a changelog, written as a task writes it."""

    def __init__(self, kafka: str, topic: str) -> None:
        self.settings = Settings(kafka=kafka)
        self.topic = topic
        self._number = 0

    async def __aenter__(self) -> "Changelog":
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka,
            transactional_id=self.topic,
            retry_backoff_ms=5,
            max_request_size=8 << 20,
        )
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def write(self, *records: tuple[str, bytes | None], keys: int, abort: bool = False) -> None:
        """One transaction, with its marker."""
        self._number += 1
        await self._producer.begin_transaction()
        marker = Marker(self._number).packed({}, keys)
        for key, value in [*((key.encode(), value) for key, value in records), (MARKER_KEY, marker)]:
            await self._producer.send(self.topic, value, key=key, partition=0)
        await self._producer.flush()
        if abort:
            await self._producer.abort_transaction()
        else:
            await self._producer.commit_transaction()

    async def restored(self) -> tuple[PackedStore, Marker | None]:
        """As a task does it."""
        store = PackedStore()
        async with asyncio.timeout(60):
            return store, await restore(self.settings, self.topic, 0, store, lambda: None)


@pytest.fixture
def changelog(kafka: str, fresh_topic: Callable[..., str]) -> Changelog:
    return Changelog(kafka, fresh_topic("changelog", cleanup="compact"))


async def test_an_empty_changelog(changelog: Changelog) -> None:
    store, marker = await changelog.restored()
    assert (len(store), marker) == (0, None)


async def test_aborted_transactions_leave_no_trace(changelog: Changelog) -> None:
    async with changelog:
        await changelog.write(("a", b'{"n":1}'), ("b", b'{"n":1}'), keys=2)
        await changelog.write(("a", b'{"n":2}'), ("b", None), ("c", b'{"n":2}'), keys=2, abort=True)
        await changelog.write(("c", b'{"n":3}'), keys=3)
        await changelog.write(("a", b'{"n":4}'), ("d", b'{"n":4}'), keys=4, abort=True)
    store, marker = await changelog.restored()
    assert dict(store.items()) == {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 3}}
    assert marker == Marker(3, keys=3)


async def test_nothing_but_aborted_transactions(changelog: Changelog) -> None:
    async with changelog:
        for _ in range(3):
            await changelog.write(("a", b'{"n":2}'), keys=1, abort=True)
    store, marker = await changelog.restored()
    assert (len(store), marker) == (0, None)


async def test_the_last_of_each_key_and_nothing_that_was_removed(changelog: Changelog) -> None:
    async with changelog:
        await changelog.write(*((f"k{n}", b'{"n":1}') for n in range(100)), keys=100)
        await changelog.write(*((f"k{n}", None) for n in range(50)), keys=50)
        await changelog.write(("k0", b'{"n":2}'), ("k99", b'{"n":2}'), keys=51)
    store, marker = await changelog.restored()
    assert dict(store.items()) == {
        **{f"k{n}": {"n": 1} for n in range(50, 99)},
        "k0": {"n": 2},
        "k99": {"n": 2},
    }
    assert marker == Marker(3, keys=51)


async def test_big_values_and_small_ones(changelog: Changelog) -> None:
    """Larger than a fetch too: 6 MiB, which do not pack, and which a fetch of 4 MiB must bring nevertheless."""
    noise = random.Random(4).randbytes(3 << 20).hex()
    values: dict[str, dict[str, object]] = {
        "small": {"n": 1},
        "long": {"text": "ab" * SHORT},
        "huge": {"text": noise},
        "after": {"n": 2},
    }
    async with changelog:
        for number, (key, value) in enumerate(values.items(), 1):
            plain = orjson.dumps(value)
            await changelog.write((key, plain if key == "huge" else packed(key, value)), keys=number)
    store, marker = await changelog.restored()
    assert dict(store.items()) == values
    assert marker == Marker(4, keys=4)


async def test_a_key_of_somebody_else_is_a_problem(changelog: Changelog) -> None:
    async with changelog:
        await changelog.write(("a", b'{"n":1}'), keys=1)
    async with AIOKafkaProducer(bootstrap_servers=changelog.settings.kafka) as other:
        await other.send_and_wait(changelog.topic, b"x", key=b"\xff\xfe", partition=0)
    # 2 where it came in between: the transaction's own marker is written after its commit has returned
    with pytest.raises(Problem, match=r"offset [23]: a key that no task writes"):
        await changelog.restored()


async def test_while_a_lot_is_restored_the_event_loop_turns(changelog: Changelog) -> None:
    """All of it is fetched at one go; taken at one go too, heartbeats and other tasks would stand still."""
    async with changelog:
        await changelog.write(*((f"k{n}", b"{}") for n in range(30_000)), keys=30_000)
    turns = ons = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def get_on() -> None:
        nonlocal ons, turns
        ons += 1
        assert turns > 0
        turns = 0

    others = asyncio.create_task(turning())
    await asyncio.sleep(0)
    try:
        store = PackedStore()
        marker = await restore(changelog.settings, changelog.topic, 0, store, get_on)
    finally:
        others.cancel()
    assert (len(store), marker) == (30_000, Marker(1, keys=30_000))
    assert ons >= 15


async def test_more_at_once_than_there_are_places(kafka: str, fresh_topic: Callable[..., str]) -> None:
    sizes = (20_000, 12_000, 4_000, 1_000, 10)
    logs = [Changelog(kafka, fresh_topic("changelog", cleanup="compact")) for _ in sizes]
    for log, size in zip(logs, sizes, strict=True):
        async with log:
            await log.write(*((f"k{n}", b"{}") for n in range(size)), keys=size)
    done: list[int] = []

    async def one(log: Changelog) -> None:
        store, _ = await log.restored()
        done.append(len(store))

    await asyncio.gather(*map(one, logs))
    assert sorted(done) == sorted(sizes)


async def test_what_compaction_has_left(kafka: str) -> None:
    """Tiny segments, compacted as soon as they are closed: offsets have gaps, tombstones go, markers are taken out."""
    topic = f"changelog.compacted_{os.getpid()}_{time.time_ns()}"
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        tiny = {
            "cleanup.policy": "compact",
            "segment.bytes": str(1 << 20),
            "segment.ms": "100",
            "min.cleanable.dirty.ratio": "0.01",
            "min.compaction.lag.ms": "0",
            "max.compaction.lag.ms": "100",
            "delete.retention.ms": "100",
        }
        await client.create_topics([NewTopic(topic, 1, 1, topic_configs=tiny)])
        log = Changelog(kafka, topic)
        rounds, filler = 30, b'{"text":"%s"}' % (b"x" * 20)
        async with log:
            for number in range(rounds):
                written: Write = [(f"k{n}", b'{"n":%d}' % number) for n in range(20)]
                gone: Write = [(f"gone{number}", filler)] if number % 2 else [(f"gone{number - 1}", None)]
                await log.write(*written, *gone, keys=20, abort=number % 7 == 6)
                await asyncio.sleep(0.15)  # so that the segment closes with the next write
            await log.write(("k0", None), keys=19)
            await log.write(("last", b'{"n":1}'), keys=20)
            async with asyncio.timeout(90):
                while (left := await records_of(kafka, topic)) > 20 * rounds / 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.5)
        assert left < 20 * rounds / 2
        store, marker = await log.restored()
    finally:
        await client.delete_topics([topic])
        await client.close()
    kept = {key: value["n"] for key, value in store.items() if not key.startswith("gone")}
    assert kept == {**{f"k{n}": rounds - 1 for n in range(1, 20)}, "last": 1}
    assert marker is not None
    assert marker.number == rounds + 2


async def records_of(kafka: str, topic: str) -> int:
    """How many records the topic still has, aborted ones included."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    await consumer.start()
    try:
        end = (await consumer.end_offsets([place]))[place]
        consumer.assign([place])
        found = 0
        while await consumer.position(place) < end:
            found += len((await consumer.getmany(place, timeout_ms=100)).get(place, ()))
        return found
    finally:
        await consumer.stop()
