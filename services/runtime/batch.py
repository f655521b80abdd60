"""From what was fetched to batches: the order of records over several inputs, and where a batch ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge

from aiokafka import ConsumerRecord, TopicPartition

from services.runtime.fold import Record

__all__ = ["in_order", "record_of"]


def in_order(fetched: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> Iterator[ConsumerRecord]:
    """The records of one fetch, inputs interleaved by Kafka timestamp, each partition in its own order.

    By timestamp, so that a tick that was written after a fact does not overtake it when both wait in line (after an
    outage, say). A fetch is applied whole before the next one, so an input with old timestamps keeps nobody waiting
    for longer than that. Equal timestamps: by topic name, so that the same fetch gives the same order.
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
        headers=tuple((name, value or b"") for name, value in record.headers),
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
    )
