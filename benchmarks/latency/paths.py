"""The paths whose latency is measured: one hop by the engine, chains of bare copies, the whole line."""

import asyncio
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from benchmarks.cluster import make_topics
from benchmarks.latency.feeds import events
from benchmarks.latency.observer import Arrival, Observer, quantiles
from benchmarks.latency.processes import Processes, running
from benchmarks.latency.schedule import Schedule, now_ms, send_on_schedule
from benchmarks.machine import busy_now
from contracts.tasks import UNIT_KINDS
from services.demo.processes import free_ports
from services.line import SERVICES, line_processors
from services.runtime.cluster import connection
from services.runtime.errors import Problem
from services.runtime.fold import TICKS, Record
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.settings import Settings

__all__ = ["LINE_PROCESSES", "PARTITIONS", "Row", "Timing", "measure_copies", "measure_hop", "measure_line"]

PARTITIONS = 4
_WARM_UP_SECONDS = 3.0
_LEAD_MS = 200
"""From the making of a schedule to its first instant."""
_PATIENCE = 120.0
_QUIET_SECONDS = 5.0
"""The line has brought all that it will bring when nothing has come for so long."""

LINE_PROCESSES = (
    ("admission", "housing", "hotline", "register", "community", "units", "people"),
    ("correlator", "referral", "adapters", "clock"),
)
"""One process for each of two cores: the feeds and people in one, what decides in the other. (`kithline run all` in one
leaves a core to Kafka alone; a process for each service is ten that take turns.)"""

Row = dict[str, Any]
Timing = tuple[float, float]
"""Records a second, and for how many seconds they are counted."""


async def measure_hop(settings: Settings, tag: str, timings: Sequence[Timing]) -> list[Row]:
    """One hop of the `count` job by the engine: parse, count, changelog, an output for each event."""
    source, sink, name = f"{tag}.hop.in", f"{tag}.hop.out", f"{tag}.hop"
    await make_topics(settings, PARTITIONS, [source, sink], [f"changelog.{name}"])
    command = ("benchmarks.contenders.engine", "count", source, sink, name, str(PARTITIONS))
    described = {"path": "hop", "name": "kithline", "hops": 1, "processes": 1}
    with running(settings, free_ports(1, 17_066), [command]) as processes:
        return await _through(settings, processes, (source, sink), timings, described)


async def measure_copies(settings: Settings, tag: str, hops: int, count: int, timings: Sequence[Timing]) -> list[Row]:
    """A chain of bare transactional copies in `count` processes."""
    topics = [f"{tag}.chain{hops}.{number}" for number in range(hops + 1)]
    await make_topics(settings, PARTITIONS, topics)
    each = -(-hops // count)
    commands = [
        ("benchmarks.latency.copies", f"{tag}.copy", *topics[first : first + each + 1])
        for first in range(0, hops, each)
    ]
    described = {"path": "hop" if hops == 1 else "chain", "name": "copies", "hops": hops, "processes": len(commands)}
    with running(settings, 0, commands) as processes:
        return await _through(settings, processes, (topics[0], topics[-1]), timings, described)


async def _through(
    settings: Settings, processes: Processes, ends: tuple[str, str], timings: Sequence[Timing], described: Row
) -> list[Row]:
    rows: list[Row] = []
    source, sink = ends
    async with _producer(settings) as producer, Observer(settings, [sink], PARTITIONS) as observer:
        # One event on each partition, until all have come out: then everybody has joined, and everything is warm.
        probes = {record.key[-1:]: record for record in events(source, 100)}
        for probe in probes.values():
            await producer.send(source, probe.value, key=probe.key)
        await _until(lambda: len(observer.arrivals) >= len(probes), processes, observer)
        for rate, seconds in timings:
            records = list(events(source, round(rate * (_WARM_UP_SECONDS + seconds))))
            already = len(observer.arrivals)
            wanted = already + len(records)

            async def arrived(wanted: int = wanted) -> None:
                await _until(lambda: len(observer.arrivals) >= wanted, processes, observer)

            measured = await _run(producer, processes, records, rate, arrived)
            first, last = measured.pop("window")
            latencies = [a.read - a.due for a in observer.arrivals[already:] if first <= a.due <= last]
            rows.append({**described, "rate": rate, **quantiles(latencies), "samples": len(latencies), **measured})
    return rows


async def measure_line(
    settings: Settings, before: Sequence[Record], stream: Sequence[Record], timings: Sequence[Timing], hops: int
) -> list[Row]:
    """All services, each second a tick; `before` is taken in first. A sample is the first revision of a task, from when
    the feed's record that raised it was due. The topics of the table must be there, and nobody else at work."""
    tasks = [f"referral.tasks.{kind}" for kind in UNIT_KINDS]
    web_port = free_ports(len(SERVICES), 17_066)
    rows: list[Row] = []
    groups = inputs_by_group(line_processors(settings.policy_dir, units=True))
    commands = [("services.cli", "run", *names) for names in LINE_PROCESSES]
    with running(settings, web_port, commands) as processes:
        await _until_ready(processes, web_port)
        async with (
            _producer(settings) as producer,
            Quiet(settings, groups) as quiet,
            Observer(settings, [*tasks, TICKS], PARTITIONS) as observer,
        ):
            for record in before:
                await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
            await producer.flush()
            await quiet.wait(10 * _PATIENCE)
            sent = 0
            for rate, seconds in timings:
                records = stream[sent : sent + round(rate * (_WARM_UP_SECONDS + seconds))]
                sent += len(records)
                measured = await _run(
                    producer, processes, records, rate, lambda: _until_silent(tasks, processes, observer)
                )
                latencies = _of_first_revisions(observer.arrivals, *measured.pop("window"))
                rows.append(
                    {
                        "path": "line",
                        "name": "kithline",
                        "hops": hops,
                        "processes": len(LINE_PROCESSES),
                        "rate": rate,
                        **quantiles(latencies),
                        "samples": len(latencies),
                        **measured,
                    }
                )
    return rows


def _of_first_revisions(arrivals: Sequence[Arrival], first: int, last: int) -> list[float]:
    """Latencies of tasks that a record of the window raised. Not later revisions: what a unit answers carries the same
    instant, and it took its time. Not what a tick raised: a tick's instant tells those."""
    ticks = {arrival.due for arrival in arrivals if arrival.topic == TICKS}
    return [
        arrival.read - arrival.due
        for arrival in arrivals
        if arrival.topic != TICKS
        and first <= arrival.due <= last
        and arrival.due not in ticks
        and orjson.loads(arrival.value)["revision"] == 1
    ]


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(**connection(settings), acks="all", linger_ms=0, max_batch_size=1024 * 1024)


async def _run(
    producer: AIOKafkaProducer, processes: Processes, records: Sequence[Record], rate: float, arrived: Callable[[], Any]
) -> Row:
    busy, spent, began = busy_now(), processes.cpu_seconds(), time.monotonic()
    schedule = Schedule(now_ms() + _LEAD_MS, rate)
    late = await send_on_schedule(producer, records, schedule, PARTITIONS)
    await arrived()
    took = time.monotonic() - began
    return {
        "window": (schedule.instant(round(rate * _WARM_UP_SECONDS)), schedule.instant(len(records) - 1)),
        "sender_late_ms": round(late, 1),
        "cpu_cores": round((processes.cpu_seconds() - spent) / took, 2),
        "others_cores": round(busy_now().others_since(busy, took), 2),
    }


async def _until(done: Callable[[], bool], processes: Processes, observer: Observer) -> None:
    last, since = -1, time.monotonic()
    while not done():
        processes.check()
        observer.check()
        if len(observer.arrivals) > last:
            last, since = len(observer.arrivals), time.monotonic()
        if time.monotonic() - since > _PATIENCE:
            raise Problem(f"nothing more has come for {_PATIENCE:g} s; {last} records had")
        await asyncio.sleep(0.05)


async def _until_silent(topics: Sequence[str], processes: Processes, observer: Observer) -> None:
    looked, since = 0, time.monotonic()
    while time.monotonic() - since < _QUIET_SECONDS:
        processes.check()
        observer.check()
        now = len(observer.arrivals)
        if any(arrival.topic in topics for arrival in observer.arrivals[looked:now]):
            since = time.monotonic()
        looked = now
        await asyncio.sleep(0.05)


async def _until_ready(processes: Processes, web_port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    for offset, name in enumerate(SERVICES):
        while not await asyncio.to_thread(_answers, f"http://127.0.0.1:{web_port + offset}/health/ready"):
            processes.check()
            if time.monotonic() > deadline:
                raise Problem(f"{name} was not ready in {_PATIENCE:g} s")
            await asyncio.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False
