"""Puts a producer's records on their feeds: once each, acknowledged by all replicas, in order."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.runtime.cluster import admin, connection, partition_counts
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.reading import PATIENCE
from services.runtime.settings import Settings

__all__ = ["send"]

_IN_FLIGHT = 1_000
"""Records sent before their acknowledgements are awaited: bounds memory, and how much a failure leaves in doubt."""


async def send(records: Iterable[Record], topics: Iterable[str], settings: Settings) -> int:
    """Sends records of these feeds and returns how many were acknowledged.

    Raises Problem when the cluster cannot be reached, has not the topics, or stops answering. Sending the same files
    again afterwards is safe: the ids are derived, so what had arrived is known as a duplicate."""
    async with admin(settings, PATIENCE) as client:
        await partition_counts(client, topics, settings.kafka)
    producer = AIOKafkaProducer(**connection(settings), enable_idempotence=True, acks="all", linger_ms=5)
    await producer.start()
    sent = 0
    try:
        waiting = []
        for record in records:
            waiting.append(
                await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
            )
            if len(waiting) >= _IN_FLIGHT:
                await asyncio.gather(*waiting)
                sent, waiting = sent + len(waiting), []
        await asyncio.gather(*waiting)
        return sent + len(waiting)
    except KafkaError as fault:
        raise Problem(
            f"Kafka stopped taking records after {sent} ({type(fault).__name__}); run the same command again: "
            "what had arrived is recognised"
        ) from fault
    finally:
        await producer.stop()
