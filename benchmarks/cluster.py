"""What a benchmark does to a cluster: topics of its own, records on them before the race, progress, results."""

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from services.runtime.cluster import DEAD_LETTERS, admin, connection
from services.runtime.fold import Record
from services.runtime.partitions import partition_of
from services.runtime.settings import Settings
from services.runtime.topic_admin import apply_topics
from services.runtime.topics import Topic, topics

__all__ = ["Progress", "make_topics", "preload", "remove_topics"]


async def make_topics(settings: Settings, partitions: int, plain: Iterable[str], compacted: Iterable[str] = ()) -> None:
    """Topics with the settings that the line's own have, and `dead.letters`."""
    table = {DEAD_LETTERS: topics()[DEAD_LETTERS]}
    for name, cleanup in [*((name, "delete") for name in plain), *((name, "compact") for name in compacted)]:
        row = {"name": name, "key": "household", "kind": "inner", "owner": "benchmarks", "partitions": partitions}
        table[name] = Topic.model_validate({**row, "cleanup": cleanup, "retention_days": 1})
    await apply_topics(settings.kafka, table=table)


async def remove_topics(settings: Settings, tag: str) -> None:
    """Removes every topic with the tag in its name, those too that a contender has made."""
    async with admin(settings) as client:
        ours = [name for name in await client.list_topics() if tag in name]
        if ours:
            await client.delete_topics(ours)


async def preload(settings: Settings, topic: str, partitions: int, records: Sequence[Record]) -> None:
    """Writes the records, each to its key's partition, in their order."""
    # idempotent: a busy broker's time-out must not put a record there twice
    options = {"acks": "all", "enable_idempotence": True, "max_batch_size": 256 * 1024}
    async with AIOKafkaProducer(**connection(settings), **options) as producer:
        open_batches: dict[int, BatchBuilder] = {}
        sent: list[asyncio.Future[object]] = []
        for record in records:
            partition = partition_of(record.key, partitions)
            batch = open_batches.get(partition)
            if batch is not None and batch.append(key=record.key, value=record.value, timestamp=None) is not None:
                continue
            if batch is not None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
            open_batches[partition] = batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None)
        for partition, batch in open_batches.items():
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)


class Progress:
    """How many records of a topic a group has committed, seen from outside. An async context manager."""

    def __init__(self, settings: Settings, group: str, topic: str, partitions: int) -> None:
        self._settings = settings
        self._group = group
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._coordinator: int | None = None
        self._last = 0

    async def __aenter__(self) -> "Progress":
        self._open = admin(self._settings)
        self._admin = await self._open.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.__aexit__(kind, fault, trace)

    async def committed(self) -> int:
        """Records, from the beginning; the input has no transactions, so every offset is one. 0 before there is a
        group."""
        try:
            if self._coordinator is None:
                self._coordinator = await self._admin.find_coordinator(self._group)
            found = await self._admin.list_consumer_group_offsets(self._group, self._coordinator, self._places)
        except (KafkaError, AttributeError):
            # A coordinator that is still being made or loaded; aiokafka trips over the latter's answer.
            self._coordinator = None
            return self._last
        self._last = sum(max(0, at.offset) for at in found.values())
        return self._last
