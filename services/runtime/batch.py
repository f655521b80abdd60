"""What waits for a task, and in which order it is taken."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from aiokafka import ConsumerRecord, TopicPartition

from services.runtime.fold import Record

__all__ = ["Inbox", "Segment", "as_record", "as_records", "in_order"]


class Segment(NamedTuple):
    """Records of one input that are taken one after the other."""

    place: TopicPartition
    records: Sequence[Record]


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


def in_order(fetched: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> Iterator[Segment]:
    """The records of one inbox in segments of one input each, inputs interleaved by Kafka timestamp, each partition in
    its own order.

    By timestamp, so that a tick that was written after a fact does not overtake it when both wait in line (after an
    outage, say). What was taken together is applied before anything newer, so an input with old timestamps keeps
    nobody waiting for longer than that. Equal timestamps: by topic name.
    """
    begun = {place: 0 for place, records in sorted(fetched.items()) if records}
    while begun:
        # Only heads are compared, so a timestamp that goes back within a partition does not reorder it.
        heads = [(fetched[place][at].timestamp, place.topic, place) for place, at in begun.items()]
        _, topic, place = min(heads)
        limit = min((head[:2] for head in heads if head[2] != place), default=None)
        records, start = fetched[place], begun[place]
        end = len(records)
        if limit is not None:
            end = next((at for at in range(start, end) if (records[at].timestamp, topic) > limit), end)
        yield Segment(place, as_records(records[start:end]))
        if end < len(records):
            begun[place] = end
        else:
            del begun[place]


def as_records(raw: Sequence[ConsumerRecord]) -> Sequence[Record]:
    """What the fold sees: the consumer's own records, which have all that a `Record` has, or copies where one has
    Kafka's nulls. To copy each would cost more than many a fold."""
    if any([one.key is None or one.value is None or one.headers for one in raw]):  # noqa: C419 - twice as quick
        return [as_record(one) for one in raw]
    return cast(Sequence[Record], raw)


def as_record(raw: ConsumerRecord) -> Record:
    """A record with empty bytes instead of Kafka's nulls (key, value, header values)."""
    return Record(
        topic=raw.topic,
        key=raw.key or b"",
        value=raw.value or b"",
        headers=tuple([(name, value or b"") for name, value in raw.headers]),
        partition=raw.partition,
        offset=raw.offset,
        timestamp=raw.timestamp,
    )
