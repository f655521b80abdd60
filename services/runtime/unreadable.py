"""Where a record stands that the Kafka client itself cannot read.

Our folds dead-letter what they cannot read, but this is not even a record to us: aiokafka raises from the poll, of
whichever partition, and would skip what lies behind it on the next one. (A header whose name is not UTF-8; a batch
whose checksum is wrong.) So the process ends, and a person is told which record it is.
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException

from services.runtime.errors import Problem

__all__ = ["unreadable"]

_SECONDS = 20.0
_POLL_MS = 500


async def unreadable(consumer: AIOKafkaConsumer, fault: Exception) -> Problem:
    """Reads on from each partition's position, record by record, to where it fails again. Nothing may be processed
    after this: what it reads is lost to the caller."""
    place = "one of the inputs"
    for tp in sorted(consumer.assignment()):
        found = await _fails_at(consumer, tp)
        if found is not None:
            place = f"{tp.topic}, partition {tp.partition}, offset {found}"
            break
    said = "the broker's disk or the way from it is damaged; read it from another replica"
    if not isinstance(fault, CorruptRecordException):
        said = (
            "a header's name is not UTF-8, which its producer must mend. Keep the record with another tool, and "
            "commit the next offset for this group in its place, with the metadata that stands there now"
        )
    return Problem(f"{place}: a record that the Kafka client cannot read ({fault}); {said}")


async def _fails_at(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """The offset of a record from here on that cannot be read; None: all can that are there now."""
    try:
        async with asyncio.timeout(_SECONDS):
            at = int(await consumer.position(tp))
            end = (await consumer.end_offsets([tp]))[tp]
            consumer.resume(tp)
            consumer.seek(tp, at)
            while at < end:
                try:
                    for record in (await consumer.getmany(tp, timeout_ms=_POLL_MS, max_records=1)).get(tp, ()):
                        at = record.offset + 1
                except (UnicodeDecodeError, CorruptRecordException):
                    return at
                at = max(at, await consumer.position(tp))
    except TimeoutError:
        return None
    return None
