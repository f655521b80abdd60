"""One task's transactional producer, and the one transaction that a batch is."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from contracts.envelope import Headers
from services.runtime.cluster import connection
from services.runtime.settings import Settings

__all__ = ["Writer"]

_BATCH_BYTES = 1024 * 1024
"""The broker's own default limit of one record batch."""


class Writer:
    """Collects what a batch writes, and commits it with the batch's input offsets, or nothing of it."""

    def __init__(self, settings: Settings, transactional_id: str, group: str) -> None:
        self._settings = settings
        self._group = group
        self._producer = AIOKafkaProducer(
            **connection(settings),
            transactional_id=transactional_id,
            acks="all",
            linger_ms=0,
            retry_backoff_ms=settings.retry_backoff_ms,
            max_batch_size=_BATCH_BYTES,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            request_timeout_ms=settings.transaction_timeout_ms,
        )
        self._batches: dict[TopicPartition, list[BatchBuilder]] = {}

    async def start(self) -> None:
        """Fences whoever held this transactional id, and settles what it left open. Until this has returned, nothing
        that is read about the task's position or state can be trusted."""
        await self._producer.start()

    async def stop(self) -> None:
        """Lets go of the connections. Nothing may be open."""
        await self._producer.stop()

    @property
    def empty(self) -> bool:
        """Whether nothing was added since the last commit."""
        return not self._batches

    def add(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        timestamp: int,
        headers: Headers = (),
    ) -> None:
        """One record of the coming transaction. `timestamp` in ms."""
        pairs = list(headers)
        builders = self._batches.setdefault(TopicPartition(topic, partition), [])
        if builders and builders[-1].append(timestamp=timestamp, key=key, value=value, headers=pairs) is not None:
            return
        builder = self._producer.create_batch()
        builder.append(timestamp=timestamp, key=key, value=value, headers=pairs)
        builders.append(builder)

    async def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Everything added, and the offsets, in one transaction. Any exception leaves it in doubt: after it, call
        `give_up` and end the process."""
        async with asyncio.timeout(self._settings.transaction_timeout_ms / 1000):
            await self._producer.begin_transaction()
            # The offsets travel beside the records, after the one request that adds all partitions.
            sends = [self._send(place, builders) for place, builders in self._batches.items()]
            await asyncio.gather(*sends, self._producer.send_offsets_to_transaction(dict(offsets), self._group))
            await self._producer.commit_transaction()
        self._batches.clear()

    async def give_up(self) -> None:
        """Tries to abort, so that readers downstream need not wait for the transaction to time out. A fenced producer
        raises here; there is nothing left to do about it."""
        with suppress(Exception):
            async with asyncio.timeout(2):
                await self._producer.abort_transaction()

    async def _send(self, place: TopicPartition, builders: list[BatchBuilder]) -> None:
        # One after the other, not gathered: the next batch of a partition must not overtake the one before.
        deliveries = [
            await self._producer.send_batch(builder, place.topic, partition=place.partition) for builder in builders
        ]
        await asyncio.gather(*deliveries)
