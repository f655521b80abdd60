"""One engine process with so many households: restored, weighed, and put to work."""

import asyncio
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil

from benchmarks.cluster import Progress, make_topics, preload, remove_topics
from benchmarks.machine import busy_now, machine_in_words
from benchmarks.processes import ROOT, environment, free_port, stop
from benchmarks.state.changelog import write_changelog
from benchmarks.state.households import FACTS, states, updates
from services.runtime.cluster import group_of
from services.runtime.errors import Problem
from services.runtime.settings import Settings

__all__ = ["HOUSEHOLDS", "growth", "measure_all"]

HOUSEHOLDS = (10_000, 100_000, 1_000_000)
PARTITIONS = 4
EVENTS = 60_000
"""Of each run: with 10,000 households six for each, with a million one for some."""

_WARM_UP = 5
"""One event in so many is not counted."""
_LOOK = 0.02
_PATIENCE = 120.0
"""Seconds without any progress after which a run is given up."""

Say = Callable[[str], None]
Row = dict[str, Any]


async def measure_all(
    settings: Settings, say: Say, households: Sequence[int] = HOUSEHOLDS, events: int = EVENTS
) -> list[Row]:
    """One row for each number of households, in its order, with what it grew by since the first. Raises Problem where
    the engine fails.

    Restore: from the task's start to its readiness, all `PARTITIONS` tasks in one process, from records of the newest
    state alone. Memory: resident, of the whole process, before any event. Work: newer projections, evenly spread."""
    tag = f"state{os.getpid()}x{time.time_ns() // 1_000_000_000}"
    rows: list[Row] = []
    try:
        for count in households:
            say(f"state: {count:,} households")
            rows.append(await _measure(settings, f"{tag}.h{count}", count, events))
            rows[-1] |= growth(rows[0], rows[-1])
            await remove_topics(settings, f"{tag}.h{count}")
    finally:
        await remove_topics(settings, tag)
    return rows


def growth(first: Row, row: Row) -> Row:
    """What a row's memory and work are to those of the first."""
    if row is first:
        return {}
    more = row["households"] - first["households"]
    return {
        "bytes_per_household": round((row["memory_bytes"] - first["memory_bytes"]) / more),
        "bytes_per_household_wanted": 1_500,
        "events_ratio": round(row["events_per_s"] / first["events_per_s"], 2),
        "events_ratio_wanted": 0.8,
        "cpu_ratio": round(first["cpu_us_per_event"] / row["cpu_us_per_event"], 2),
    }


async def _measure(settings: Settings, name: str, households: int, events: int) -> Row:
    source, sink = f"{name}.in", f"{name}.out"
    await make_topics(settings, PARTITIONS, [source, sink], [f"changelog.{name}"])
    written = await write_changelog(settings, name, source, PARTITIONS, states(households))
    work = updates(events, households)
    before = busy_now()
    began = time.monotonic()
    with _engine(settings, source, sink, name) as (process, log, port):
        ready = await _ready(process, log)
        waited = time.monotonic() - began
        others = busy_now().others_since(before, waited)
        spent, memory = process.cpu_times(), process.memory_info().rss
        seconds = sorted(float(task["seconds"]) for task in ready)
        keys = sum(int(task["keys"]) for task in ready)
        if keys != households:
            raise Problem(f"{keys} households were restored of {households}")
        async with Progress(settings, group_of(name), source, PARTITIONS) as progress:
            feeding = asyncio.create_task(preload(settings, source, PARTITIONS, work))
            begin = await _until(events // _WARM_UP, process, progress)
            end = await _until(events, process, progress)
            await feeding
        if (applied := await asyncio.to_thread(_applied, port)) != events:
            raise Problem(f"of {events} events {applied} were applied; the others were no news, or dead letters")
        peak = process.memory_info().rss
    counted = end[1] - begin[1]
    return {
        "name": "kithline",
        "machine": machine_in_words(),
        "households": households,
        "facts_per_household": FACTS,
        "tasks": PARTITIONS,
        "changelog_bytes_per_household": round(written / households),
        "ready_after_s": seconds,
        "restore_s_per_million": round(seconds[-1] / households * 1e6, 1),
        "restored_per_s": round(households / seconds[-1]),
        "restored_per_s_wanted": 100_000,
        "cpu_s_until_ready": round(spent.user + spent.system, 1),
        "others_cores_until_ready": round(others, 2),
        "memory_bytes": memory,
        "memory_bytes_after_work": peak,
        "events": counted,
        "events_per_s": round(counted / (end[0] - begin[0])),
        "cpu_us_per_event": round((end[2] - begin[2]) / counted * 1e6, 1),
    }


async def _ready(process: psutil.Popen, log: Path) -> list[dict[str, Any]]:
    """What each task said when it was ready."""
    since = time.monotonic()
    while True:
        said = log.read_bytes()  # noqa: ASYNC240 - a few lines
        lines = [line for line in said.splitlines() if b'"task ready"' in line]
        if len(lines) == PARTITIONS:
            return [orjson.loads(line) for line in lines]
        if process.poll() is not None or time.monotonic() - since > 10 * _PATIENCE:
            raise Problem(f"the engine did not become ready; it said:\n{said.decode()[-2_000:]}")
        await asyncio.sleep(_LOOK)


def _applied(port: int) -> int:
    """How many records the engine says that it has applied."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    counted = [line for line in lines if line.startswith("kithline_records_total{") and 'outcome="applied"' in line]
    return round(sum(float(line.rsplit(" ", 1)[1]) for line in counted))


async def _until(records: int, process: psutil.Popen, progress: Progress) -> tuple[float, int, float]:
    """(instant, committed, CPU seconds) once so many are committed."""
    last, since = -1, time.monotonic()
    while True:
        committed, now = await progress.committed(), time.monotonic()
        if committed >= records:
            spent = process.cpu_times()
            return now, committed, spent.user + spent.system
        if committed > last:
            last, since = committed, now
        if process.poll() is not None or now - since > _PATIENCE:
            raise Problem(f"the engine stopped at {committed} of {records} events")
        await asyncio.sleep(_LOOK)


@contextmanager
def _engine(settings: Settings, source: str, sink: str, name: str) -> Iterator[tuple[psutil.Popen, Path, int]]:
    """The process, its log, and the port of its pages."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("wb") as out:
            process = psutil.Popen(
                [sys.executable, "-m", "benchmarks.state.engine", source, sink, name],
                env=environment(settings, port),
                cwd=ROOT,
                stdout=out,
                stderr=out,
            )
        try:
            yield process, log, port
        finally:
            stop([process], 30)
