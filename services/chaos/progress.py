"""Looks from outside how far every group has come, and how long any partition stood still."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.cluster import admin, connection, places_of
from services.runtime.settings import Settings

__all__ = ["Progress", "Stalls"]

_PAUSE = 0.25
"""Seconds between two looks: so fine are the stalls."""

_PATIENCE = 3.0
"""A look that takes longer (a broker was killed) is given up; the next one asks anew."""

Spot = tuple[str, TopicPartition]
"""A partition as one group reads it."""


@dataclass
class Stalls:
    """When partitions stood still: behind their end, and not moving. Times in seconds, of one clock. Pure."""

    _since: dict[Spot, float] = field(default_factory=dict)
    _at: dict[Spot, int] = field(default_factory=dict)
    _over: list[tuple[float, float, Spot]] = field(default_factory=list)

    def look(self, now: float, spot: Spot, committed: int, end: int) -> None:
        """What one look has found. `end` is the high watermark: what hangs in an open transaction counts as behind."""
        moved = committed != self._at.get(spot, committed)
        self._at[spot] = committed
        begun = self._since.get(spot)
        if begun is not None and (moved or committed >= end):
            self._over.append((begun, now, spot))
            del self._since[spot]
        if committed < end and spot not in self._since:
            self._since[spot] = now

    def close(self, now: float) -> None:
        """What still stands still has done so until now."""
        self._over += [(begun, now, spot) for spot, begun in self._since.items()]
        self._since.clear()

    def after(self, times: Sequence[float]) -> list[float]:
        """For each time of a kill, the longest that any partition stood still from then on, with a stall that began
        before the next kill."""
        bounds = [*sorted(times), float("inf")]
        return [
            max((end - max(begun, at) for begun, end, _ in self._over if begun < following and end > at), default=0.0)
            for at, following in pairwise(bounds)
        ]

    def longest(self) -> tuple[float, Spot] | None:
        """The longest stall of all, and where it was."""
        return max(((end - begun, spot) for begun, end, spot in self._over), default=None)


class Progress:
    """Watches groups in the background. Use as an async context manager."""

    def __init__(self, settings: Settings, inputs: Mapping[str, Sequence[str]]) -> None:
        """`inputs`: the topics of each group."""
        self._settings = settings
        self._inputs = inputs
        self._open = AsyncExitStack()
        self._coordinators: dict[str, int] = {}
        self.committed: dict[Spot, int] = {}
        self.stalls = Stalls()

    async def __aenter__(self) -> "Progress":
        self._admin: AIOKafkaAdminClient = await self._open.enter_async_context(admin(self._settings))
        self._places = await places_of(self._admin, self._inputs, self._settings.kafka)
        self._all = sorted({place for places in self._places.values() for place in places})
        self._consumer = AIOKafkaConsumer(**connection(self._settings), group_id=None)
        await self._consumer.start()
        self._open.push_async_callback(self._consumer.stop)
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watcher.cancel()
        await asyncio.wait([self._watcher])
        self.stalls.close(asyncio.get_running_loop().time())
        await self._open.aclose()

    async def begun(self, group: str, seconds: float) -> bool:
        """Waits until a group has committed anything but its beginning; False where it does not in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not any(at for (name, _), at in self.committed.items() if name == group):
            if loop.time() > until:
                return False
            await asyncio.sleep(_PAUSE)
        return True

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._look()
            except (KafkaError, TimeoutError, OSError, AttributeError):  # the last: an answer "still loading"
                self._coordinators.clear()
            await asyncio.sleep(_PAUSE)

    async def _look(self) -> None:
        # ends first: what has come in since is not yet anybody's delay
        ends = await self._consumer.end_offsets(self._all)
        now = asyncio.get_running_loop().time()
        for group, places in self._places.items():
            if group not in self._coordinators:
                self._coordinators[group] = await self._admin.find_coordinator(group)
            found = await self._admin.list_consumer_group_offsets(group, self._coordinators[group], places)
            for place, at in found.items():
                if at.offset >= 0:
                    self.committed[group, place] = at.offset
                    self.stalls.look(now, (group, place), at.offset, ends[place])
