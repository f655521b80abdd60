"""A SQL store's answers to Kafka, each once: what is sent, and how far, are one Kafka transaction.

Answers are numbered as they are taken; the number after the last one sent is committed as the offset of a group of its
own, in the transaction that sends. A process that was killed in between finds there what it had sent.
One process at a time sends from a store: a second one fences the first, which ends and takes its turn again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from aiokafka import TopicPartition
from mode import Service

from contracts.envelope import Headers
from services.book.inbox import STOP_SECONDS
from services.runtime.changelog import committed_offsets
from services.runtime.cluster import admin, group_of, partition_counts
from services.runtime.ending import end_at_once
from services.runtime.now import now_ms
from services.runtime.partitions import partition_of
from services.runtime.settings import Settings
from services.runtime.transaction import Writer

__all__ = ["Letter", "Outbox", "Source"]

_PAUSE = 1.0
"""Seconds between two rounds where nobody wakes us: another process may have written to the store."""
_AT_ONCE = 500


class Letter(NamedTuple):
    """One record to be sent: its number in this outbox (from 0, without gaps), key and value."""

    number: int
    key: bytes
    value: bytes
    headers: Headers = ()


class Source(NamedTuple):
    """Where letters come from. `unsent(at, most)`: those from a number on, in order; `sent(to)`: all below that number
    are in Kafka; returns up to where the store now knows that they are (it knows it also where Kafka has forgotten the
    offset of a group that was quiet for a week)."""

    unsent: Callable[[int, int], Awaitable[Sequence[Letter]]]
    sent: Callable[[int], Awaitable[int]]


class Outbox(Service):  # type: ignore[misc]
    """Sends letters to `topic`, in the order of their numbers. `idle` tells that none was waiting at its last look."""

    def __init__(self, name: str, topic: str, settings: Settings, source: Source) -> None:
        super().__init__()
        self.name = f"{name}-outbox"
        self.topic = topic
        self._settings = settings
        self._source = source
        self._runner: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._busy = asyncio.Lock()
        self.ready = False
        self.idle = False

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return f"outbox {self.name}"

    def wake(self) -> None:
        """There is something to send: looks now, and not at its next round."""
        self._wanted.set()

    async def on_start(self) -> None:
        """Begins to send. A problem ends the process with one clear line."""
        self._runner = asyncio.create_task(self._run())

    async def on_stop(self) -> None:
        """Finishes the transaction in hand, if Kafka lets it; else whoever comes next finds how it ended."""
        if self._runner is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS), self._busy:
                    self._runner.cancel()
            self._runner.cancel()
            await asyncio.wait([self._runner], timeout=2 * STOP_SECONDS)

    async def _run(self) -> None:
        writer = Writer(self._settings, group_of(self.name), group_of(self.name))
        try:
            mark, partitions, at = await self._begin(writer)
            self.ready = True
            while True:
                self._wanted.clear()  # before the look: who wakes us after it has written something that it did not see
                async with self._busy:
                    at = await self._send(writer, mark, partitions, at)
                if self.idle:
                    await self._rest()
        except asyncio.CancelledError:
            await asyncio.wait([asyncio.create_task(writer.stop())], timeout=STOP_SECONDS)
            raise
        except Exception as fault:
            await writer.give_up()
            end_at_once(fault, outbox=self.name)

    async def _begin(self, writer: Writer) -> tuple[TopicPartition, int, int]:
        mark = TopicPartition(self.topic, 0)
        async with admin(self._settings) as client:
            partitions = (await partition_counts(client, [self.topic], self._settings.kafka))[self.topic]
            await writer.start()  # only now is what was committed final
            committed = await committed_offsets(client, group_of(self.name), [mark])
        at = committed[mark].offset if mark in committed else 0
        return mark, partitions, await self._source.sent(at)

    async def _send(self, writer: Writer, mark: TopicPartition, partitions: int, at: int) -> int:
        letters = await self._source.unsent(at, _AT_ONCE)
        self.idle = not letters
        if not letters:
            return at
        for letter in letters:
            writer.add(
                self.topic, partition_of(letter.key, partitions), letter.key, letter.value, now_ms(), letter.headers
            )
        after = letters[-1].number + 1
        await writer.commit({mark: (after, "")})
        return await self._source.sent(after)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._wanted.wait(), _PAUSE)
        except TimeoutError:
            return
