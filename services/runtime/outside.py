"""Asks Kafka how far its partitions go, by a connection of its own: whether the old ones still work is the question."""

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.cluster import connection
from services.runtime.settings import Settings

__all__ = ["readable_ends"]


async def readable_ends(
    settings: Settings, places: Collection[TopicPartition], seconds: float
) -> dict[TopicPartition, int] | None:
    """Where a `read_committed` reader's way ends now, for those partitions that have a leader. None: Kafka does not
    answer within `seconds`.

    The last stable offset, not the high watermark: somebody else's open transaction is no reason to restart us.
    """
    try:
        async with asyncio.timeout(seconds), _visitor(settings) as consumer:
            # aiokafka 0.14: a consumer without a group that is stopped before its own tasks have begun raises
            # CancelledError, and whoever awaits it seems to have been cancelled.
            await asyncio.sleep(0)
            asked = await asyncio.gather(*(_end(consumer, place, seconds / 2) for place in places))
    except (KafkaError, OSError, TimeoutError):
        return None
    return {place: end for place, end in zip(places, asked, strict=True) if end is not None}


def _visitor(settings: Settings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **connection(settings), group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )


async def _end(consumer: AIOKafkaConsumer, place: TopicPartition, seconds: float) -> int | None:
    try:
        async with asyncio.timeout(seconds):
            return int((await consumer.end_offsets([place]))[place])
    except (KafkaError, TimeoutError):
        return None  # one partition without a leader says nothing about the others
