"""Tells from outside when nothing is in flight: every group has committed up to the end of all its inputs.

Whoever drives simulated time needs this: a tick may only come when all that went before has come to rest.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.cluster import admin, connection, group_of, places_of
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.settings import Settings

__all__ = ["Quiet", "inputs_by_group"]

_PAUSE = 0.005

_Offsets = dict[TopicPartition, int]


def inputs_by_group(processors: Iterable[Processor], clock: bool = True) -> dict[str, tuple[str, ...]]:
    """What `Quiet` watches: each processor's group and inputs and, for a commanded clock, its commands."""
    groups = {group_of(processor.name): processor.inputs for processor in processors}
    return {group_of("clock"): ("clock.commands",), **groups} if clock else groups


class Quiet:
    """Watches groups. Use as an async context manager.

    The ends are high watermarks, not last stable offsets: records of a transaction that is still open count as
    unread. A transaction's markers on the outputs and on the offsets appear in any order, and with stable ends it could
    look for a moment as if a batch had come to rest whose outputs were still to come.
    """

    def __init__(self, settings: Settings, inputs: Mapping[str, Iterable[str]]) -> None:
        """`inputs`: topics by group, best in the order in which records flow."""
        self._settings = settings
        self._inputs = {group: tuple(topics) for group, topics in inputs.items()}
        self._places: dict[str, list[TopicPartition]] = {}
        self._coordinators: dict[str, int] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Quiet":
        self._admin: AIOKafkaAdminClient = await self._open.enter_async_context(admin(self._settings))
        self._places = await places_of(self._admin, self._inputs, self._settings.kafka)
        self._all = sorted({place for places in self._places.values() for place in places})
        self._consumer = AIOKafkaConsumer(**connection(self._settings), group_id=None)
        await self._consumer.start()
        self._open.push_async_callback(self._consumer.stop)
        # Faust commits nothing before its first record, so "nothing committed" must count as the beginning.
        self._beginnings: _Offsets = dict(await self._consumer.beginning_offsets(self._all))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def now(self) -> bool:
        """Whether all was at rest at one instant during this call."""
        # Committed first, ends second: both only grow, so where they are equal they were so when the last committed
        # offset was read. The other way round, a record could slip in between.
        committed = await asyncio.gather(*(self._committed(group) for group in self._places))
        ends = await self._ends(self._all)
        return all(
            offsets[place] == ends[place]
            for offsets, places in zip(committed, self._places.values(), strict=True)
            for place in places
        )

    async def wait(self, seconds: float = 60) -> None:
        """Returns as soon as all is at rest. Raises Problem naming the group that was behind at the end."""
        behind = "nothing was looked at"
        try:
            async with asyncio.timeout(seconds):
                while True:
                    # Follow the flow group by group, one small request each; only then look at all at once.
                    for group, places in self._places.items():
                        behind = group
                        ends = await self._ends(places)
                        while any(at < ends[place] for place, at in (await self._committed(group)).items()):  # noqa: ASYNC110
                            await asyncio.sleep(_PAUSE)
                    if await self.now():
                        return
        except TimeoutError:
            raise Problem(
                f"the line did not come to rest in {seconds:g} s: {behind} is behind; is its service running?"
            ) from None

    async def behind(self) -> dict[str, int]:
        """How many offsets each group is behind (markers count too), for the groups that are."""
        ends = await self._ends(self._all)
        lags: dict[str, int] = {}
        for group, places in self._places.items():
            committed = await self._committed(group)
            lags[group] = sum(ends[place] - committed[place] for place in places)
        return {group: lag for group, lag in lags.items() if lag > 0}

    async def _committed(self, group: str) -> _Offsets:
        try:
            if group not in self._coordinators:
                self._coordinators[group] = await self._admin.find_coordinator(group)
            found = await self._admin.list_consumer_group_offsets(group, self._coordinators[group], self._places[group])
        except (KafkaError, AttributeError):
            # A coordinator that moved or is loading; aiokafka trips over the latter's answer with AttributeError.
            self._coordinators.pop(group, None)
            found = {}
        known = {place: at.offset for place, at in found.items() if at.offset >= 0}
        return {place: known.get(place, self._beginnings[place]) for place in self._places[group]}

    async def _ends(self, places: Iterable[TopicPartition]) -> _Offsets:
        return dict(await self._consumer.end_offsets(places))
