"""A worker that dies in a transaction and never comes back: readers of all that it wrote to go on after its time-out.

How long they wait is measured in benchmarks/stall.py.
"""

import asyncio
import signal
from collections.abc import Iterator

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.runtime.kafka_dev import start_broker
from services.runtime.settings import Settings
from services.runtime.transaction import Writer
from tests.integration.engine_bench import PARTITIONS, Bench, bench, ids_of

pytestmark = pytest.mark.kafka


@pytest.fixture
def line() -> Iterator[Bench]:
    """On a broker of its own, that looks for dead transactions as often as ours do."""
    broker = start_broker()
    try:
        with bench(broker.bootstrap) as made:
            yield made
    finally:
        broker.stop()


async def _until_ends_differ(line: Bench) -> list[TopicPartition]:
    """All partitions of the output, once an open transaction holds each of them up."""
    places = [TopicPartition(line.topic("sums"), number) for number in range(PARTITIONS)]
    async with (
        AIOKafkaConsumer(bootstrap_servers=line.kafka, isolation_level="read_committed") as stable,
        AIOKafkaConsumer(bootstrap_servers=line.kafka) as raw,
        asyncio.timeout(60),
    ):
        while True:
            readable, written = await stable.end_offsets(places), await raw.end_offsets(places)
            if all(readable[place] < written[place] for place in places):
                return places
            await asyncio.sleep(0.1)


async def test_readers_go_on_when_the_dead_workers_transaction_has_timed_out(line: Bench) -> None:
    await line.make_topics()
    dying = line.start("counting", module="tests.faults.dying_worker", transaction_timeout_ms=12_000)
    await dying.until_ready()
    await line.send(line.topic("a"), [(f"k{number}", {"id": number, "x": 1}) for number in range(40)])
    places = await _until_ends_differ(line)
    assert await dying.stop(signal.SIGKILL) == -signal.SIGKILL

    living = Writer(Settings(kafka=line.kafka), f"{line.tag}-living", f"{line.tag}-others")
    await living.start()
    for place in places:
        living.add(place.topic, place.partition, b"k", orjson.dumps({"id": f"living {place.partition}"}), 1)
    await living.commit({TopicPartition(line.topic("a"), 0): (1, "")})
    await living.stop()
    assert await line.read(line.topic("sums")) == []  # committed, and not readable in any of the partitions

    found: list[object] = []
    async with asyncio.timeout(60):
        while len(found) < PARTITIONS:
            await asyncio.sleep(0.2)
            found = ids_of(await line.read(line.topic("sums")))
    assert sorted(map(str, found)) == [f"living {number}" for number in range(PARTITIONS)]
