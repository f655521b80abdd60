"""What arrives at the end of a path, seen as any reader sees it: committed records only."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.latency.schedule import now_ms
from services.runtime.cluster import connection
from services.runtime.settings import Settings

__all__ = ["Arrival", "Observer", "quantiles"]


class Arrival(NamedTuple):
    """A record, the instant at which its cause was due, and that at which it was read (both ms)."""

    topic: str
    due: int
    read: float
    value: bytes


class Observer:
    """Reads topics from now on. An async context manager; `arrivals` grows meanwhile."""

    def __init__(self, settings: Settings, topics: Iterable[str], partitions: int) -> None:
        self.arrivals: list[Arrival] = []
        self._settings = settings
        self._places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]

    async def __aenter__(self) -> "Observer":
        self._consumer = AIOKafkaConsumer(
            **connection(self._settings),
            isolation_level="read_committed",
            auto_offset_reset="latest",
            enable_auto_commit=False,
        )
        self._consumer.assign(self._places)
        await self._consumer.start()
        for place in self._places:  # where "now" is must be known before anything is sent
            await self._consumer.position(place)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await self._consumer.stop()

    async def _read(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=1_000)
            read = now_ms()
            for records in fetched.values():
                self.arrivals += [Arrival(r.topic, r.timestamp, read, r.value or b"") for r in records]

    def check(self) -> None:
        """Raises what has ended the reading, should it have ended."""
        if self._reading.done():
            self._reading.result()


def quantiles(latencies: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 (nearest rank: values that occurred) and the largest, in ms; nothing of nothing."""
    ordered = sorted(latencies)
    if not ordered:
        return {}
    ranks = {f"p{percent}_ms": math.ceil(len(ordered) * percent / 100) - 1 for percent in (50, 90, 99)}
    return {**{name: round(ordered[rank], 1) for name, rank in ranks.items()}, "max_ms": round(ordered[-1], 1)}
