"""Kafka into a SQL store: each batch of records and the offsets after it are one transaction of the store.

So every committed record is in the store exactly once, whatever is killed when. The offsets in the store count; the
group's are committed after them, for those who look at lag, and are never read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from mode import Service
from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.book.store import Store
from services.runtime.batch import as_record
from services.runtime.cluster import admin, connection, group_of, partition_counts
from services.runtime.ending import end_at_once
from services.runtime.fold import Record
from services.runtime.logs import logger
from services.runtime.settings import Settings

__all__ = ["STOP_SECONDS", "Inbox", "Taker"]

_log = logger(__name__)

STOP_SECONDS = 5
"""How long a step of stopping may take: with a broker that is gone, the client would try for minutes."""

_POLL_MS = 250
_AT_ONCE = 500
_GATHER = 0.05
"""Seconds between two batches: records come one by one, and each batch is a transaction that waits for the disk."""

Taker = Callable[[AsyncConnection, Sequence[Record]], Awaitable[None]]
"""Puts records into the store, in order within each partition. What it raises ends the process; the batch is taken
again after the restart."""


class _Lost(Exception):
    """Another process has this partition now, and has gone on with it."""


class Inbox(Service):  # type: ignore[misc]
    """Reads `topics` (read_committed) as the group of `name`. `ready` tells that it has joined, and `current` that all
    is in the store that was on the topics when it was given its share: what it says is no longer of the day before."""

    def __init__(
        self, name: str, topics: Sequence[str], settings: Settings, store: Store, offsets: Table, take: Taker
    ) -> None:
        super().__init__()
        self.name = name
        self.topics = tuple(topics)
        self._settings = settings
        self._store = store
        self._offsets = offsets
        self._take = take
        self._consumer: AIOKafkaConsumer | None = None
        self._next: dict[TopicPartition, int] = {}
        self._told: dict[TopicPartition, int] = {}
        self._behind: dict[TopicPartition, int] = {}
        self._pump: asyncio.Task[None] | None = None
        self._moving = asyncio.Lock()
        self.ready = False

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return f"inbox {self.name}"

    @property
    def current(self) -> bool:
        """Whether what was there at the last assignment has been read."""
        return self.ready and not self._behind

    async def on_start(self) -> None:
        """Checks the topics and joins the group. A problem ends the process with one clear line."""
        try:
            async with admin(self._settings) as client:
                await partition_counts(client, self.topics, self._settings.kafka)
            self._consumer = AIOKafkaConsumer(
                **connection(self._settings),
                group_id=group_of(self.name),
                isolation_level="read_committed",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                session_timeout_ms=self._settings.session_timeout_ms,
                heartbeat_interval_ms=self._settings.heartbeat_interval_ms,
                rebalance_timeout_ms=self._settings.rebalance_timeout_ms,
                fetch_max_wait_ms=self._settings.fetch_wait_ms,
                max_partition_fetch_bytes=self._settings.max_partition_fetch_bytes,
            )
            self._consumer.subscribe(topics=list(self.topics), listener=_Assigned(self))
            await self._consumer.start()
        except Exception as fault:
            end_at_once(fault, inbox=self.name)
        self._pump = asyncio.create_task(self._run())

    async def on_stop(self) -> None:
        """Finishes the batch in hand and leaves the group, if Kafka lets it: the store has what counts."""
        if self._pump is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS), self._moving:
                    self._pump.cancel()
            self._pump.cancel()
            await asyncio.wait([self._pump], timeout=STOP_SECONDS)
        if self._consumer is not None:
            await asyncio.wait([asyncio.create_task(self._consumer.stop())], timeout=STOP_SECONDS)

    async def revoked(self) -> None:
        """Takes no more of what it had. Called by the consumer, before others get it."""
        async with self._moving:
            self._next = {}

    async def assigned(self, places: Sequence[TopicPartition]) -> None:
        """Goes on where the store is. Called by the consumer, before it fetches."""
        assert self._consumer is not None
        table = self._offsets
        async with self._store.read() as look:
            known = {(row.topic, row.partition): row.next for row in await look.execute(select(table))}
        beginnings = await self._consumer.beginning_offsets(places)
        self._behind = dict(await self._consumer.end_offsets(places))
        self._next, self._told = {}, {}
        for place in places:
            self._next[place] = known.get((place.topic, place.partition), beginnings[place])
            self._consumer.seek(place, self._next[place])
        self.ready = True

    async def _run(self) -> None:
        consumer = self._consumer
        assert consumer is not None
        try:
            while True:
                fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
                async with self._moving:
                    await self._move({place: rows for place, rows in fetched.items() if place in self._next})
                    await self._tell(consumer)
                    await self._come_closer(consumer)
                if 0 < sum(map(len, fetched.values())) < _AT_ONCE:  # who has to catch up does not wait
                    await asyncio.sleep(_GATHER)
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            end_at_once(fault, inbox=self.name)

    async def _move(self, fetched: dict[TopicPartition, list[object]]) -> None:
        batch: list[Record] = []
        after: dict[TopicPartition, int] = {}
        for place, rows in fetched.items():
            fresh = [row for row in rows if row.offset >= self._next[place]]  # type: ignore[attr-defined]
            if fresh:
                batch += [as_record(row) for row in fresh]
                after[place] = fresh[-1].offset + 1  # type: ignore[attr-defined]
        if not batch:
            return
        try:
            async with self._store.write() as transaction:
                for place, offset in after.items():
                    await self._advance(transaction, place, offset)
                await self._take(transaction, batch)
        except _Lost:
            _log.warning("another process goes on with this partition; left to it", inbox=self.name)
            return
        self._next.update(after)

    async def _come_closer(self, consumer: AIOKafkaConsumer) -> None:
        """By the position, not the last record: what comes last may be the marker of a transaction."""
        with suppress(IllegalStateError):  # taken away meanwhile; the next assignment begins anew
            for place, end in list(self._behind.items()):
                if await consumer.position(place) >= end:
                    del self._behind[place]

    async def _advance(self, transaction: AsyncConnection, place: TopicPartition, to: int) -> None:
        """Compares and sets: a process that was thought dead finds that another one has gone on, and writes nothing."""
        table, at = self._offsets, self._next[place]
        here = (table.c.topic == place.topic) & (table.c.partition == place.partition)
        done = await transaction.execute(update(table).where(here & (table.c.next == at)).values(next=to))
        if done.rowcount == 0:
            if (await transaction.execute(select(table.c.next).where(here))).first() is not None:
                raise _Lost
            row = {"topic": place.topic, "partition": place.partition, "next": to}
            await transaction.execute(insert(table).values(row))

    async def _tell(self, consumer: AIOKafkaConsumer) -> None:
        """Commits the positions to the group, over transaction markers too."""
        held = [place for place in self._next if place in consumer.assignment()]
        with suppress(KafkaError, IllegalStateError, CommitFailedError):
            positions = {place: await consumer.position(place) for place in held}
            news = {place: at for place, at in positions.items() if at != self._told.get(place)}
            if news:
                await consumer.commit(news)
                self._told.update(news)


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:  # noqa: ARG002
        await self._inbox.revoked()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._inbox.assigned(list(assigned))
