"""Watches the topics while the line runs: what the live view shows, and the answers that the record keeps."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.tasks import UNIT_KINDS
from services.demo.ledger import Books
from services.runtime.batch import as_record
from services.runtime.cluster import admin, connection, partition_counts
from services.runtime.fold import TICKS, UNIT_TICKS, Record
from services.runtime.settings import Settings

__all__ = ["ANSWERS", "Observer"]

ANSWERS = ("referral.updates", "officer.decisions")
_WATCHED = (
    "risk.flags",
    *(f"referral.tasks.{kind}" for kind in UNIT_KINDS),
    *ANSWERS,
    "dead.letters",
    TICKS,
    UNIT_TICKS,
)


class Observer:
    """Reads `read_committed`, in no group: what it sees is what any adapter would see, at the same time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.books = Books()
        self.counts: Counter[str] = Counter()
        self.latencies_ms: list[float] = []
        self.answers: list[Record] = []
        self.decided: list[Record] = []
        self._ticks: dict[tuple[str, int], str] = {}
        self._consumer = AIOKafkaConsumer(
            **connection(settings),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
        )
        self._places: list[TopicPartition] = []
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins with what is there."""
        async with admin(self._settings) as client:
            counts = await partition_counts(client, _WATCHED, self._settings.kafka)
        self._places = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        self._consumer.assign(self._places)
        await self._consumer.start()
        self._reader = asyncio.create_task(self._read())

    async def stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        await self._consumer.stop()

    async def _read(self) -> None:
        while True:
            fetched = await self._consumer.getmany(timeout_ms=100)
            now = time.time() * 1000
            for records in fetched.values():
                for raw in records:
                    self._see(as_record(raw))
                    if raw.topic.startswith("referral.tasks."):
                        self.latencies_ms.append(now - raw.timestamp)

    def _see(self, record: Record) -> None:
        self.counts[record.topic] += 1
        if record.topic in (TICKS, UNIT_TICKS):
            self._ticks[record.topic, record.partition] = orjson.loads(record.value)["as_of"]
        elif record.topic in ANSWERS:
            self.answers.append(record)
            self.decided += [record] if record.topic == "officer.decisions" else []
        else:
            self.books.enter(record)

    async def ticked(self, topic: str, as_of: str) -> None:
        """Waits until the tick stands on every partition."""
        partitions = [place.partition for place in self._places if place.topic == topic]
        while any(self._ticks.get((topic, partition), "") < as_of for partition in partitions):
            await self._look()

    async def caught_up(self, topics: Iterable[str] = _WATCHED) -> None:
        """Waits until all that stands on these topics now has been seen."""
        places = [place for place in self._places if place.topic in set(topics)]
        ends = await self._consumer.end_offsets(places)
        while True:
            positions = {place: await self._consumer.position(place) for place in places}
            if all(positions[place] >= end for place, end in ends.items()):
                return
            await self._look()

    async def _look(self) -> None:
        if self._reader is not None and self._reader.done():
            self._reader.result()  # raises what ended it
        await asyncio.sleep(0.005)

    def take_answers(self) -> list[Record]:
        """The answers seen since the last call, in their topics' order."""
        taken, self.answers = self.answers, []
        return taken
