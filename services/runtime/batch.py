"""What waits for a task, and in which order it is taken."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge

from aiokafka import ConsumerRecord, TopicPartition

from services.runtime.fold import Record

__all__ = ["Inbox", "in_order", "record_of"]


class Inbox:
    """Records that were fetched for a task, by input, and the position after them.

    Fetched records are moved here at once, also while the task is in a transaction: aiokafka fetches nothing more
    from a broker while any partition's records lie unread (up to 100 ms), so one busy task would slow all others.
    """

    def __init__(self, positions: Mapping[TopicPartition, int]) -> None:
        """`positions`: from where the task will be fed."""
        self._records: dict[TopicPartition, list[ConsumerRecord]] = {}
        self._positions = dict(positions)
        self._news = asyncio.Event()

    def add(self, tp: TopicPartition, records: Sequence[ConsumerRecord], position: int) -> None:
        """More records, or only a position that has moved over transaction markers."""
        if records:
            self._records.setdefault(tp, []).extend(records)
        elif position == self._positions[tp]:
            return
        self._positions[tp] = position
        self._news.set()

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """Up to where each input has been fetched."""
        return self._positions

    def waiting(self, tp: TopicPartition) -> int:
        """How many records of an input wait."""
        return len(self._records.get(tp, ()))

    async def news(self) -> None:
        """Waits until there is something to take."""
        await self._news.wait()

    def take(self) -> tuple[dict[TopicPartition, list[ConsumerRecord]], dict[TopicPartition, int]]:
        """Empties the inbox: the records, and the position of every input after them (past the transaction markers
        that end what was read, which the last record's offset is not)."""
        self._news.clear()
        records, self._records = self._records, {}
        return records, dict(self._positions)


def in_order(fetched: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> Iterator[ConsumerRecord]:
    """The records of one inbox, inputs interleaved by Kafka timestamp, each partition in its own order.

    By timestamp, so that a tick that was written after a fact does not overtake it when both wait in line (after an
    outage, say). What was taken together is applied before anything newer, so an input with old timestamps keeps
    nobody waiting for longer than that. Equal timestamps: by topic name.
    """

    def head(records: Sequence[ConsumerRecord], topic: str) -> Iterator[tuple[int, str, ConsumerRecord]]:
        # merge looks at heads only, so a timestamp that goes back within a partition does not reorder it
        return ((record.timestamp, topic, record) for record in records)

    inputs: Iterable[Iterator[tuple[int, str, ConsumerRecord]]] = [
        head(records, place.topic) for place, records in sorted(fetched.items())
    ]
    for _, _, record in merge(*inputs, key=lambda entry: entry[:2]):
        yield record


def record_of(record: ConsumerRecord) -> Record:
    """What the fold sees. Kafka's nulls (key, value, header values) become empty bytes."""
    return Record(
        topic=record.topic,
        key=record.key or b"",
        value=record.value or b"",
        headers=tuple([(name, value or b"") for name, value in record.headers]) if record.headers else (),
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
    )
