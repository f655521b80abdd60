"""Reads topics from their beginning to their end as of now: for people's questions and for the books, not for services.

No consumer group: nothing is committed, nobody is disturbed, and two readers see the same.
"""

from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.batch import as_record
from services.runtime.cluster import admin, connection, partition_counts
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.settings import Settings

__all__ = ["PATIENCE", "read_topics", "stream_topics"]

_POLL_MS = 100

PATIENCE = 5.0
"""Seconds that a question waits for a cluster: only services are started beside a broker that is not up yet."""


async def read_topics(settings: Settings, topics: Iterable[str]) -> list[Record]:
    """All committed records of the topics, as `stream_topics` yields them."""
    return [record async for record in stream_topics(settings, topics)]


async def stream_topics(settings: Settings, topics: Iterable[str]) -> AsyncIterator[Record]:
    """Yields every committed record from the beginning of the topics to where their committed end was at the call.

    In order within each partition; partitions come as they are fetched. A null key or value is read as no bytes.
    Raises Problem: no cluster, a topic that is missing, or a cluster that stops answering.
    """
    async with admin(settings, PATIENCE) as client:
        counts = await partition_counts(client, topics, settings.kafka)
    places = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    consumer = AIOKafkaConsumer(
        **connection(settings),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=_POLL_MS,
        max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
    )
    consumer.assign(places)
    try:
        await consumer.start()
        # with read_committed this is the last stable offset: open transactions lie behind it
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        left = [place for place in places if begins[place] < ends[place]]
        consumer.pause(*(place for place in places if place not in set(left)))
        while left:
            fetched = await consumer.getmany(*left, timeout_ms=_POLL_MS)
            for place, records in fetched.items():
                for record in records:
                    if record.offset < ends[place]:
                        yield as_record(record)
            # The position, not the last record, tells the end: the last offsets may be transaction markers, or
            # records of a transaction that was aborted.
            done = [place for place in left if await consumer.position(place) >= ends[place]]
            if done:
                consumer.pause(*done)
                left = [place for place in left if place not in done]
    except KafkaError as fault:
        raise Problem(
            f"Kafka at {settings.kafka} stopped answering while it was read ({type(fault).__name__}); try again"
        ) from fault
    finally:
        await consumer.stop()
