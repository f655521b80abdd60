"""A whole run: the jobs' records made and preloaded, every contender one after the other, one broker for all."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import psutil

from benchmarks.cluster import make_topics, preload, remove_topics
from benchmarks.contenders import CONTENDERS
from benchmarks.jobs import JOBS, Job, digest, expected
from benchmarks.machine import busy_now, machine_in_words
from benchmarks.measure import Course, measure
from benchmarks.report import Report, Row
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.kafka_dev import Broker
from services.runtime.settings import Settings

__all__ = ["FOLD", "chosen", "run"]

FOLD = "fold"
"""The job's fold alone, in memory, in this process: what is right, and the ceiling for every Python contender whose
fold it is."""

_WARM_UP = 10
"""One record in so many is not counted."""

_LIBRARIES = ("aiokafka", "faust-streaming", "orjson", "pydantic")

Say = Callable[[str], None]


def names() -> list[tuple[str, str]]:
    """Every (job, contender), in the order of measurement."""
    return [(job, name) for job in JOBS for name in (FOLD, *CONTENDERS)]


def chosen(only: Sequence[str]) -> list[tuple[str, str]]:
    """Those asked for by `job`, `name` or `job/name`; all where nothing is asked. Raises Problem for an unknown one."""
    known = {word for job, name in names() for word in (job, name, f"{job}/{name}")}
    if unknown := sorted(set(only) - known):
        raise Problem(f"no benchmark is named {', '.join(unknown)}; see `python -m benchmarks --list`")
    return [(job, name) for job, name in names() if not only or {job, name, f"{job}/{name}"} & set(only)]


async def run(
    broker: Broker, wanted: Sequence[tuple[str, str]], records: int | None, partitions: int, say: Say
) -> Report:
    """Measures what is wanted. Raises Problem where a contender fails; a wrong result is in its row."""
    settings = Settings(kafka=broker.bootstrap)
    tag = f"bench{os.getpid()}x{time.time_ns() // 1_000_000_000}"
    rows: list[Row] = []
    try:
        for name in dict.fromkeys(job for job, _ in wanted):
            job = JOBS[name]
            course, fold = await _prepare(job, f"{tag}.{name}", settings, partitions, records or job.size, say)
            for _, contender in (pair for pair in wanted if pair[0] == name):
                if contender == FOLD:
                    rows.append(fold)
                    continue
                say(f"{name}: {CONTENDERS[contender].title}")
                rows.append(await measure(CONTENDERS[contender], course, settings))
    finally:
        if broker.external:
            await remove_topics(settings, tag)
    return Report(
        machine=machine_in_words(),
        kafka={"version": broker.version, "nodes": broker.nodes, "acks": "all"},
        python=platform.python_version(),
        versions={library: version(library) for library in _LIBRARIES},
        partitions=partitions,
        jobs={job.name: job.title for job in JOBS.values()},
        rows=tuple(rows),
    )


async def _prepare(
    job: Job, topic: str, settings: Settings, partitions: int, count: int, say: Say
) -> tuple[Course, Row]:
    say(f"{job.name}: {count:,} records, and what must come of them")
    records = job.records(count)
    row, outputs = _fold_alone(job, records)
    await make_topics(settings, partitions, [topic])
    await preload(settings, topic, partitions, records)
    course = Course(
        job=job,
        topic=topic,
        partitions=partitions,
        records=count,
        warm_up=count // _WARM_UP,
        outputs=len(outputs),
        result=digest(job, outputs),
    )
    return course, row


def _fold_alone(job: Job, records: Sequence[Record]) -> tuple[Row, list[bytes]]:
    load, busy, began, spent = os.getloadavg()[0], busy_now(), time.perf_counter(), time.process_time()
    outputs = [output.value for output in expected(job, records)]
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    row = Row(
        name=FOLD,
        job=job.name,
        guarantee="none: in memory, without Kafka",
        events_per_s=round(len(records) / seconds),
        cpu_s_per_million=round(cpu / len(records) * 1e6, 1),
        records=len(records),
        counted=len(records),
        seconds=round(seconds, 2),
        outputs=len(outputs),
        correct=True,
        memory_mb=round(psutil.Process().memory_info().rss / 2**20),
        load=round(load, 2),
        others_cores=round(busy_now().others_since(busy, seconds), 2),
    )
    return row, outputs
