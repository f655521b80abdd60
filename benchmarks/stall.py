"""How long readers wait for a worker that died in the middle of a transaction and never comes back:
`python -m benchmarks.stall --json FILE`.

A worker sends to all partitions of a topic and is killed by `kill -9` before it commits. Others go on writing to the
same partitions. A `read_committed` reader sees nothing of theirs, in any of these partitions, until the broker has
aborted what the dead one left open: its transaction time-out, and then until the broker next looks for such
transactions. Measured for several time-outs and intervals, and, for comparison, where a successor takes the dead
worker's transactional id.
Brokers of our own only, since their settings are part of the question.
"""

import argparse
import asyncio
import logging
import signal
import statistics
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.cluster import make_topics
from benchmarks.machine import machine_in_words
from services.runtime.kafka_dev import start_broker
from services.runtime.settings import Settings
from services.runtime.transaction import Writer

CLEANUP = "transaction.abort.timed.out.transaction.cleanup.interval.ms"
"""The broker's setting; 10,000 unless told otherwise."""

TIMEOUTS = (5_000, 10_000, 15_000)
INTERVALS = (10_000, 1_000)
PARTITIONS = 4
REPEATS = 5

SUCCEEDED = "succeeded"
"""In place of a time-out: the time-out is the longest one, and a successor comes at once."""

_DEAD = b"dead"
_PAUSE = 0.2
_STAGGER = 2.0
"""Seconds between two deaths, so that they fall into different moments of the broker's interval."""


async def die(kafka: str, repeat: int) -> None:
    """The worker that will be killed: opens one transaction for each way, says so, and never commits."""

    async def never(_: AIOKafkaProducer) -> None:
        print("open", flush=True)
        await asyncio.Event().wait()

    AIOKafkaProducer.commit_transaction = never
    writers = [_writer(kafka, way, repeat) for way in _WAYS]
    await asyncio.gather(*(writer.start() for writer in writers))
    for way, writer in zip(_WAYS, writers, strict=True):
        for partition in range(PARTITIONS):
            writer.add(_topic(way, repeat), partition, None, _DEAD, 1)
    position = {TopicPartition("stall.input", 0): (1, "")}
    await asyncio.gather(*(writer.commit(position) for writer in writers))


_WAYS: tuple[int | str, ...] = (*TIMEOUTS, SUCCEEDED)


def _topic(way: int | str, repeat: int) -> str:
    return f"stall.{way}.{repeat}"


def _writer(kafka: str, way: int | str, repeat: int) -> Writer:
    timeout = way if isinstance(way, int) else max(TIMEOUTS)
    return Writer(Settings(kafka=kafka, transaction_timeout_ms=timeout), f"stall-{way}-{repeat}", "stall")


class Reader:
    """Reads all topics with `read_committed`; notes for each partition the longest way of a record of the living."""

    def __init__(self, kafka: str, topics: Sequence[str]) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
        )
        self._consumer.assign([TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)])
        self.longest: dict[TopicPartition, float] = {}
        self.latest: dict[TopicPartition, float] = {}
        """When the record was sent that was read last."""

    async def run(self) -> None:
        """Without end."""
        await self._consumer.start()
        try:
            while True:
                for place, records in (await self._consumer.getmany(timeout_ms=100)).items():
                    for record in records:
                        if record.value == _DEAD:
                            raise SystemExit("a record of the dead worker was read: that transaction was committed")
                        (sent,) = struct.unpack("d", record.value)
                        self.longest[place] = max(self.longest.get(place, 0.0), time.monotonic() - sent)
                        self.latest[place] = sent
        finally:
            await self._consumer.stop()


async def _write(kafka: str, topics: Sequence[str]) -> None:
    """The living: transactions on all partitions, one after the other, without end."""
    writer = Writer(Settings(kafka=kafka), "stall-living", "stall")
    await writer.start()
    for number in range(1, sys.maxsize):
        now = time.monotonic()
        for topic, partition in product(topics, range(PARTITIONS)):
            writer.add(topic, partition, None, struct.pack("d", now), 1)
        await writer.commit({TopicPartition("stall.input", 1): (number, "")})
        await asyncio.sleep(_PAUSE)


async def _kill_one(kafka: str, repeat: int) -> float:
    """Starts a worker, kills it with its transactions open, and gives one of its ids a successor. When it died."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.stall", "--die", kafka, str(repeat)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in _WAYS:
        assert await process.stdout.readline(), "the worker ended by itself"
    process.send_signal(signal.SIGKILL)
    died = time.monotonic()
    await process.wait()
    successor = _writer(kafka, SUCCEEDED, repeat)
    await successor.start()
    await successor.stop()
    return died


async def measure(kafka: str) -> dict[int | str, list[float]]:
    """Seconds of stall, by way, one for each partition and death."""
    topics = [_topic(way, repeat) for way in _WAYS for repeat in range(REPEATS)]
    await make_topics(Settings(kafka=kafka), PARTITIONS, [*topics, "stall.input"])
    reader = Reader(kafka, topics)
    hands = [asyncio.create_task(reader.run()), asyncio.create_task(_write(kafka, topics))]
    try:
        died = []
        for repeat in range(REPEATS):
            died.append(await _kill_one(kafka, repeat))
            await asyncio.sleep(_STAGGER)
        places = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        async with asyncio.timeout(120):
            while any(reader.latest.get(place, 0.0) <= max(died) + 1 for place in places):
                assert not any(hand.done() for hand in hands), hands
                await asyncio.sleep(_PAUSE)
    finally:
        for hand in hands:
            hand.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*hands)
    return {
        way: [
            reader.longest[TopicPartition(_topic(way, repeat), number)]
            for repeat in range(REPEATS)
            for number in range(PARTITIONS)
        ]
        for way in _WAYS
    }


def _rows() -> list[dict[str, Any]]:
    """One row for each interval of the broker and each way."""
    found = []
    for interval in INTERVALS:
        broker = start_broker(settings={CLEANUP: interval})
        try:
            measured = asyncio.run(measure(broker.bootstrap))
        finally:
            broker.stop()
        for way, stalls in measured.items():
            found.append(
                {
                    "cleanup_interval_ms": interval,
                    "transaction_timeout_ms": way if isinstance(way, int) else max(TIMEOUTS),
                    "successor": way == SUCCEEDED,
                    "deaths": REPEATS,
                    "partitions": PARTITIONS,
                    "stall_s": {
                        "min": round(min(stalls), 2),
                        "p50": round(statistics.median(stalls), 2),
                        "max": round(max(stalls), 2),
                    },
                }
            )
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stall", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--die", nargs=2, metavar=("KAFKA", "REPEAT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.die:
        asyncio.run(die(arguments.die[0], int(arguments.die[1])))
        return
    # Each transaction begins while the broker still writes the markers of the last one; the client says so each time.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    rows = _rows()
    print(f"{'broker looks every':>18} {'time-out':>9} {'successor':>9}   readers wait, s: min  p50  max")
    for row in rows:
        stall = row["stall_s"]
        print(
            f"{row['cleanup_interval_ms'] / 1000:>16.0f} s {row['transaction_timeout_ms'] / 1000:>7.0f} s "
            f"{'at once' if row['successor'] else 'never':>9}   {stall['min']:>20.1f} {stall['p50']:>4.1f} "
            f"{stall['max']:>4.1f}"
        )
    if arguments.json:
        result = {"machine": machine_in_words(), "rows": rows}
        arguments.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
