"""An open loop: records are due at instants fixed beforehand, whatever becomes of those before them.

Each carries its instant as its Kafka timestamp, which every hop hands on; so what a slow sender, broker or service
makes wait is counted from when it was due, and a stall counts for all that should have been sent in it.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from services.runtime.fold import Record
from services.runtime.partitions import partition_of

__all__ = ["Schedule", "now_ms", "send_on_schedule"]


def now_ms() -> float:
    """The wall clock, in ms: all processes of the machine and Kafka's timestamps share it."""
    return time.time() * 1000


@dataclass(frozen=True, slots=True)
class Schedule:
    """`rate` records a second from `begin` (ms) on."""

    begin: float
    rate: float

    def instant(self, number: int) -> int:
        """When a record is due, in whole ms; the first is number 0."""
        return math.floor(self.begin + number * 1000 / self.rate)

    def due(self, now: float) -> int:
        """How many should have been sent by now."""
        return 0 if now < self.begin else math.floor((now - self.begin) * self.rate / 1000) + 1


async def send_on_schedule(
    producer: AIOKafkaProducer, records: Sequence[Record], schedule: Schedule, partitions: int
) -> float:
    """Sends all, to their keys' partitions. Returns by how many ms the sender was late at most; that is in the
    latencies too."""
    sent, late = 0, 0.0
    deliveries: list[asyncio.Future[object]] = []
    while sent < len(records):
        now = now_ms()
        due = min(len(records), schedule.due(now))
        if due > sent:
            late = max(late, now - schedule.instant(sent))
        for number in range(sent, due):
            record = records[number]
            deliveries.append(
                await producer.send(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=partition_of(record.key, partitions),
                    timestamp_ms=schedule.instant(number),
                    headers=list(record.headers),
                )
            )
        sent = due
        await asyncio.sleep(max(0.0, schedule.instant(sent) - now_ms()) / 1000)
    await asyncio.gather(*deliveries)
    return late
