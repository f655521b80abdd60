"""Bringing a task's position back from its group, and its state from its changelog."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from weakref import WeakKeyDictionary

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.structs import OffsetAndMetadata

from services.runtime.cluster import connection
from services.runtime.errors import Problem
from services.runtime.marker import MARKER_KEY, MEND, Marker
from services.runtime.settings import Settings
from services.runtime.shortest_first import ShortestFirst
from services.runtime.store import BEGINNINGS, PackedStore

__all__ = ["committed_offsets", "restore"]

_AGAIN_SECONDS = 0.2

_AT_A_TIME = 2
"""Restores that go on at a time in one process: one is read while the other's next records are on their way. With all
at once, the first task would be ready no sooner than the last."""

_CHUNK = 2_000
"""Records between two breaths of the event loop: some 8 ms. A whole fetch of 4 MiB of small records takes 240 ms, and
other tasks' heartbeats and transactions share the loop."""

_STALLED_SECONDS = 1.0
"""A restore that gets nothing for so long (a partition without a leader) no longer holds up the others."""

_queues: "WeakKeyDictionary[asyncio.AbstractEventLoop, ShortestFirst]" = WeakKeyDictionary()


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, inputs: Sequence[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Where the group stands on those inputs for which it has committed anything. Give it a time-out.

    Asks until it is told: a coordinator that has just moved knows a little later, and that is no reason to end."""
    while True:
        # aiokafka trips over one form of "still loading" with AttributeError. Of the other, an error for the answer as
        # a whole, it says nothing and returns no partition: that is not the same as nothing committed, of which each
        # partition that was asked for is told (-1). Taken for it, a task would begin at its first record again.
        with suppress(KafkaError, AttributeError):
            found = await admin.list_consumer_group_offsets(group, partitions=list(inputs))
            if all(place in found for place in inputs):
                return {place: at for place, at in found.items() if at.offset >= 0}
        await asyncio.sleep(_AGAIN_SECONDS)


async def restore(
    settings: Settings, topic: str, partition: int, store: PackedStore, get_on: Callable[[], None]
) -> Marker | None:
    """Fills `store` from the changelog's committed records, to its end as of now, and returns the last marker.
    Calls `get_on` whenever it has come further, and while it waits for others of this process.

    Call only after the task's producer has been started: that fences a predecessor and settles its open transaction,
    after which the end cannot move under us. In one process the shortest changelogs come first. Raises Problem where
    the changelog holds what no task of ours writes.
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
    await consumer.start()
    try:
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        queue = _queues.setdefault(asyncio.get_running_loop(), ShortestFirst(_AT_A_TIME))
        async with queue.place(end - begin, get_on) as let_others_in:
            consumer.assign([place])  # not before: it begins to fetch at once
            return await _read(consumer, place, end, store, get_on, let_others_in)
    except CorruptRecordException as fault:
        raise Problem(
            f"{topic}, partition {partition}: {fault}; the broker's disk or the way from it is damaged. Nothing was "
            "processed; read it from another replica, or restore the broker's data"
        ) from fault
    finally:
        await consumer.stop()


async def _read(
    consumer: AIOKafkaConsumer,
    place: TopicPartition,
    end: int,
    store: PackedStore,
    get_on: Callable[[], None],
    stalled: Callable[[], None],
) -> Marker | None:
    marker: Marker | None = None
    heard = time.monotonic()
    # The position, not the last record, tells the end: the last offsets are transaction markers.
    while end > 0 and await consumer.position(place) < end:
        records = (await consumer.getmany(place, timeout_ms=50, max_records=_CHUNK)).get(place, ())
        if records:
            heard = time.monotonic()
            get_on()
            marker = _load(records, store) or marker
            await asyncio.sleep(0)  # what is fetched already comes without any wait
        elif time.monotonic() - heard > _STALLED_SECONDS:
            stalled()
    return marker


def _load(records: Iterable[ConsumerRecord], store: PackedStore) -> Marker | None:
    """Takes the records into the state; a later one of the same key replaces an earlier. Returns the last marker."""
    marker: ConsumerRecord | None = None
    load = store.load
    for record in records:
        key, value = record.key, record.value
        if key == MARKER_KEY:
            marker = record
        else:
            try:
                load(key.decode(), value)
            except (AttributeError, UnicodeDecodeError):
                raise _foreign(record, "a key") from None
            if value is not None and value[:1] not in BEGINNINGS:
                raise _foreign(record, "a value")
    if marker is None:
        return None
    try:
        return Marker.from_packed(marker.value)
    except (ValueError, KeyError, TypeError):
        raise _foreign(marker, "a marker") from None


def _foreign(record: ConsumerRecord, what: str) -> Problem:
    return Problem(
        f"{record.topic}, partition {record.partition}, offset {record.offset}: {what} that no task writes; somebody "
        f"else writes to this changelog. Take their right to, and {MEND[0].lower()}{MEND[1:]}"
    )
