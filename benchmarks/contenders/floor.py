"""The floor: the small job as a loop by hand on aiokafka, one Kafka transaction for each poll, and nothing around it.

Exactly once in effect: outputs, changelog and offsets are in the transaction. But it restores no state, has no dead
letters, tells nothing of itself, and one producer writes for all partitions: it could not give one of them away. What
an engine in Python costs on top of aiokafka is seen against this.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

POLL_RECORDS = 40_000
"""At most. A larger transaction shares its fixed cost, during which nothing is folded, among more records: with 5,000
it does two thirds as much, with 100,000 no more."""

CONSUMER: dict[str, Any] = {
    "isolation_level": "read_committed",
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    # with 1 MiB, the default, polls are smaller than they may be: a third less
    "max_partition_fetch_bytes": 4 * 1024 * 1024,
    "fetch_max_bytes": 64 * 1024 * 1024,
}
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "linger_ms": 0,
    "max_batch_size": 1024 * 1024,
    # aiokafka's default of 100: the broker says CONCURRENT_TRANSACTIONS while it writes the last one's markers.
    "retry_backoff_ms": 5,
}


class _Batches:
    """Record batches made by hand: `producer.send` makes a task and a future for each record."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._open: dict[TopicPartition, list[BatchBuilder]] = {}

    def add(self, place: TopicPartition, key: bytes, value: bytes) -> None:
        builders = self._open.get(place)
        if builders is None:
            builders = self._open[place] = [self._producer.create_batch()]
        if builders[-1].append(timestamp=None, key=key, value=value) is None:
            builders.append(self._producer.create_batch())
            builders[-1].append(timestamp=None, key=key, value=value)

    async def send(self) -> None:
        async def send_in_order(place: TopicPartition, builders: list[BatchBuilder]) -> None:
            deliveries = [
                await self._producer.send_batch(builder, place.topic, partition=place.partition) for builder in builders
            ]
            await asyncio.gather(*deliveries)

        await asyncio.gather(*(send_in_order(place, builders) for place, builders in self._open.items()))
        self._open.clear()


async def count(source: str, sink: str, changelog: str, name: str) -> None:
    """Counts until it is cancelled."""
    servers = os.environ["KITHLINE_KAFKA"]
    consumer = AIOKafkaConsumer(source, bootstrap_servers=servers, group_id=name, **CONSUMER)
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name, **PRODUCER)
    counts: dict[str, int] = {}
    await producer.start()
    await consumer.start()
    batches = _Batches(producer)
    try:
        while True:
            fetched = await consumer.getmany(timeout_ms=1_000, max_records=POLL_RECORDS)
            if not fetched:
                continue
            for place, records in fetched.items():
                changed = set()
                out = TopicPartition(sink, place.partition)
                for record in records:
                    event = orjson.loads(record.value)
                    household = event["household_id"]
                    counts[household] = now = counts.get(household, 0) + 1
                    changed.add(household)
                    if event["number"] % 20 == 0:
                        batches.add(out, household.encode(), orjson.dumps({"id": event["id"], "count": now}))
                log = TopicPartition(changelog, place.partition)
                for household in changed:
                    batches.add(log, household.encode(), orjson.dumps({"count": counts[household]}))
            offsets = {place: records[-1].offset + 1 for place, records in fetched.items()}
            await producer.begin_transaction()
            await asyncio.gather(batches.send(), producer.send_offsets_to_transaction(offsets, name))
            await producer.commit_transaction()
    finally:
        with suppress(Exception):
            await producer.stop()
        await consumer.stop()


async def _until_told() -> None:
    _, source, sink, name, *_ = sys.argv[1:]
    work = asyncio.ensure_future(count(source, sink, f"changelog.{name}", name))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


if __name__ == "__main__":
    asyncio.run(_until_told())
