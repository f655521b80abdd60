"""All paths, one after the other, on a broker of their own."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from benchmarks.latency.feeds import busy_month, hops_of_the_line
from benchmarks.latency.paths import (
    LINE_PROCESSES,
    PARTITIONS,
    Row,
    Timing,
    measure_copies,
    measure_hop,
    measure_line,
)
from benchmarks.machine import machine_in_words
from services.runtime.kafka_dev import start_broker
from services.runtime.settings import Settings
from services.runtime.topic_admin import apply_topics
from services.runtime.topics import topics

__all__ = ["TIMINGS", "WANTED", "measure_all", "with_ratios"]

TIMINGS: tuple[Timing, ...] = ((100, 30), (1_000, 15))

WANTED = {("line", 1_000): 3.0}
"""At most so many times the p99 of bare copies over as many hops: by path and rate."""

Say = Callable[[str], None]


async def measure_all(say: Say, timings: Sequence[Timing] = TIMINGS) -> list[Row]:
    """A row for each path and rate. Raises Problem where one fails.

    It starts a broker of its own whatever KITHLINE_KAFKA says: the line's topics have fixed names, and a real line's
    must not fill with a benchmark's people."""
    hops = hops_of_the_line()
    count = round(sum(rate * (seconds + 4) for rate, seconds in timings))
    say(f"latency: the feeds of a busy month, {count:,} records")
    before, stream = busy_month(count, datetime.now(UTC).date())
    tag = f"latency{os.getpid()}x{time.time_ns() // 1_000_000_000}"
    broker = start_broker(hot=True)
    try:
        settings = Settings(kafka=broker.bootstrap)
        table = {
            name: topic.model_copy(update={"partitions": _count(topic.partitions)}) for name, topic in topics().items()
        }
        await apply_topics(settings.kafka, table=table)
        say("latency: one hop, by bare copies")
        rows = await measure_copies(settings, tag, 1, 1, timings)
        say("latency: one hop, by the engine")
        rows += await measure_hop(settings, tag, timings)
        say(f"latency: {hops} hops, by bare copies")
        rows += await measure_copies(settings, tag, hops, len(LINE_PROCESSES), timings)
        say("latency: the whole line")
        rows += await measure_line(settings, before, stream, timings, hops)
    finally:
        broker.stop()
    return [{"machine": machine_in_words(), **row} for row in with_ratios(rows)]


def _count(partitions: int) -> int:
    """The line's topics have as many partitions as the chain's, whatever an installation's table says."""
    return PARTITIONS if partitions > 1 else 1


def with_ratios(rows: Sequence[Row]) -> list[Row]:
    """Adds to each row of ours how its p99 is to that of bare copies over as many hops, at the same rate."""
    bare = {(row["hops"], row["rate"]): row["p99_ms"] for row in rows if row["name"] == "copies" and "p99_ms" in row}
    told = []
    for row in rows:
        floor = bare.get((row["hops"], row["rate"]))
        if row["name"] == "copies" or not floor or "p99_ms" not in row:
            told.append(row)
            continue
        ratio = round(row["p99_ms"] / floor, 2)
        wanted = WANTED.get((row["path"], row["rate"]))
        goal = {} if wanted is None else {"p99_ratio_wanted": wanted, "holds": ratio <= wanted}
        told.append({**row, "p99_ratio": ratio, **goal})
    return told
