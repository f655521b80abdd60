"""Bringing a task's position back from its group, and its state from its changelog."""

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from services.runtime.cluster import connection
from services.runtime.marker import MARKER_KEY, Marker
from services.runtime.settings import Settings
from services.runtime.store import PackedStore

__all__ = ["committed_offsets", "restore"]

_AGAIN_SECONDS = 0.2


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, inputs: Sequence[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Where the group stands on those inputs for which it has committed anything. Give it a time-out.

    Asks until it is told: a coordinator that has just moved knows a little later, and that is no reason to end."""
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group, partitions=list(inputs))
        except (KafkaError, AttributeError):  # aiokafka trips over "still loading" with the latter
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return {place: at for place, at in found.items() if at.offset >= 0}


async def restore(
    settings: Settings, topic: str, partition: int, store: PackedStore, get_on: Callable[[], None]
) -> Marker | None:
    """Fills `store` from the changelog's committed records, to its end as of now, and returns the last marker.
    Calls `get_on` whenever it has come further.

    Call only after the task's producer has been started: that fences a predecessor and settles its open transaction,
    after which the end cannot move under us.
    """
    place = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(
        **connection(settings),
        isolation_level="read_committed",
        # With `latest` and seek_to_beginning this sometimes restored *nothing*; only the marker noticed.
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
    )
    consumer.assign([place])
    marker: Marker | None = None
    await consumer.start()
    try:
        end = (await consumer.end_offsets([place]))[place]
        # The position, not the last record, tells the end: the last offsets are transaction markers.
        while end > 0 and await consumer.position(place) < end:
            records = (await consumer.getmany(place, timeout_ms=50)).get(place, [])
            if records:
                get_on()
            for record in records:
                if record.key == MARKER_KEY:
                    marker = Marker.from_packed(record.value)
                else:
                    store.load(record.key.decode(), record.value)
    finally:
        await consumer.stop()
    return marker
