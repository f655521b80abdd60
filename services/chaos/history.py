"""The topics as a `read_committed` reader finds them at the end, and what the groups have committed."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.events import FEEDS
from services.runtime.changelog import committed_offsets, restore
from services.runtime.cluster import admin, connection, group_of
from services.runtime.fold import Processor, Record
from services.runtime.marker import MARKER_KEY, Marker
from services.runtime.reading import stream_topics
from services.runtime.settings import Settings
from services.runtime.store import PackedStore, read_value

__all__ = ["Commit", "History", "Restored", "commits_of", "read_history"]

_ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction of a task, as its changelog has it: the state records, then the marker."""

    number: int
    as_of: str
    positions: dict[str, int]
    changes: list[tuple[str, bytes]]
    """Key and the value's JSON, empty where the key was removed."""


def commits_of(changelog: Iterable[Record]) -> tuple[list[Commit], list[tuple[str, bytes]]]:
    """The transactions of one changelog partition, in order, and the state records after the last marker (which a
    sound changelog has not)."""
    commits: list[Commit] = []
    changes: list[tuple[str, bytes]] = []
    for record in changelog:
        if record.key == MARKER_KEY:
            said = orjson.loads(record.value)
            commits.append(Commit(said["number"], said["as_of"], said["positions"], changes))
            changes = []
        else:
            changes.append((record.key.decode(), orjson.dumps(read_value(record.value)) if record.value else b""))
    return commits, changes


@dataclass(frozen=True, slots=True)
class Restored:
    """A task's state as an engine that starts would restore it."""

    values: dict[str, object]
    marker: Marker | None


@dataclass
class History:
    """All that the judges look at. `committed` is by processor."""

    records: dict[TopicPartition, list[Record]] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    committed: dict[str, dict[TopicPartition, tuple[int, str]]] = field(default_factory=dict)
    """(position, metadata); position -1 where nothing was committed."""
    restored: dict[TopicPartition, Restored] = field(default_factory=dict)
    """By the changelog's partition."""

    def of(self, topic: str) -> list[Record]:
        """A topic's records, partition after partition."""
        return [record for place in sorted(self.records) if place.topic == topic for record in self.records[place]]

    def feeds(self) -> list[str]:
        """The feeds' topics."""
        return [topic for topic in FEEDS if any(place.topic == topic for place in self.records)]

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        return sum(place.topic == topic for place in self.ends)


async def read_history(settings: Settings, processors: Iterable[Processor], topics: Mapping[str, int]) -> History:
    """Reads everything. `topics`: partition counts. Nothing may be in flight any more."""
    history = History()
    processors = list(processors)
    places = [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]
    history.records = {place: [] for place in places}
    async for record in stream_topics(settings, topics):
        history.records[TopicPartition(record.topic, record.partition)].append(record)
    history.ends = await _ends(settings, places)
    async with admin(settings) as client, asyncio.timeout(_ANSWER_SECONDS):
        for processor in processors:
            inputs = [place for place in places if place.topic in processor.inputs]
            found = await committed_offsets(client, group_of(processor.name), inputs)
            told = {place: (at.offset, at.metadata) for place, at in found.items()}
            history.committed[processor.name] = {place: told.get(place, (-1, "")) for place in inputs}
    for processor in processors:
        for number in range(topics[processor.changelog]):
            store = PackedStore()
            marker = await restore(settings, processor.changelog, number, store, lambda: None)
            place = TopicPartition(processor.changelog, number)
            history.restored[place] = Restored(dict(store.items()), marker)
    return history


async def _ends(settings: Settings, places: list[TopicPartition]) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(**connection(settings), group_id=None)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(places))
    finally:
        await consumer.stop()
