"""A whole run: the jobs' records made and preloaded, contenders in turns, one broker for all."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import psutil

from benchmarks.cluster import make_topics, preload, remove_topics
from benchmarks.contenders import CONTENDERS, PEER_VERSIONS, Contender
from benchmarks.jobs import JOBS, Expected, Job, digest, expected, state_digest
from benchmarks.machine import busy_now, machine_in_words
from benchmarks.measure import Course, measure
from benchmarks.report import Report, Row, Skipped, median
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.kafka_dev import Broker
from services.runtime.settings import Settings

__all__ = ["FOLD", "OTHERS", "Plan", "Say", "chosen", "names", "run", "run_latency", "warm_up_of"]

FOLD = "fold"
"""The job's fold alone, in memory, in this process: what is right, and the ceiling for every Python contender whose
fold it is."""

OTHERS = tuple(name for name in ("latency", "state") if find_spec(f"benchmarks.{name}") is not None)
"""Packages beside this module that measure other things, by an async `measure_all` which gives rows."""

_LIBRARIES = ("aiokafka", "faust-streaming", "orjson", "pydantic")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `records` None: of each job its own size. `repeats`: of those that are not slow."""

    wanted: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()
    records: int | None = None
    partitions: int = 4
    repeats: int = 3


def names() -> list[tuple[str, str]]:
    """Every (job, contender), in the order of measurement."""
    racing = [(job, name) for job in JOBS for name, contender in CONTENDERS.items() if job in contender.jobs]
    return [(job, name) for job in JOBS for name in (FOLD, *(name for other, name in racing if other == job))]


def chosen(only: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The pairs, and those of OTHERS, asked for by `job`, `name` or `job/name`; all where nothing is asked. Raises
    Problem for an unknown one."""
    asked = set(only)
    known = {word for job, name in names() for word in (job, name, f"{job}/{name}")} | set(OTHERS)
    if unknown := sorted(asked - known):
        raise Problem(f"no benchmark is named {', '.join(unknown)}; see `python -m benchmarks --list`")
    pairs = [(job, name) for job, name in names() if not asked or {job, name, f"{job}/{name}"} & asked]
    return pairs, [name for name in OTHERS if not asked or name in asked]


def warm_up_of(longest: int, length: int) -> int:
    """So many records are committed before the clock begins: a tenth of the longest course, also for who runs a shorter
    one; never more than half."""
    return min(longest // 10, length // 2)


async def run(broker: Broker, plan: Plan, say: Say) -> Report:
    """Measures what is wanted. One that cannot be had, or does not come to an end, is told of in `skipped`; a wrong
    result is in its row."""
    settings = Settings(kafka=broker.bootstrap)
    tag = f"bench{os.getpid()}x{time.time_ns() // 1_000_000_000}"
    rows: list[Row] = []
    skipped: list[Skipped] = []
    try:
        for job in (JOBS[name] for name in dict.fromkeys(job for job, _ in plan.wanted)):
            race = _Race(job, f"{tag}.{job.name}", settings, plan, say)
            await race.run([name for other, name in plan.wanted if other == job.name])
            rows += race.rows()
            skipped += race.skipped
        state: list[dict[str, Any]] = []
        if "state" in plan.others:
            state = await _other("state", skipped, settings, say)
    finally:
        if broker.external:
            await remove_topics(settings, tag)
    return Report(
        machine=machine_in_words(),
        kafka={"version": broker.version, "nodes": broker.nodes, "acks": "all"},
        python=platform.python_version(),
        versions={**{library: version(library) for library in _LIBRARIES}, **PEER_VERSIONS},
        partitions=plan.partitions,
        jobs={job.name: job.title for job in JOBS.values()},
        rows=tuple(rows),
        skipped=tuple(skipped),
        state=state,
    )


async def run_latency(report: Report, say: Say) -> Report:
    """The report with the rows of `benchmarks.latency`, which has a broker of its own: call it when ours is gone."""
    skipped: list[Skipped] = []
    rows = await _other("latency", skipped, say)
    return replace(report, latency=rows, skipped=(*report.skipped, *skipped))


async def _other(name: str, skipped: list[Skipped], *arguments: Any) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = await import_module(f"benchmarks.{name}").measure_all(*arguments)
    except Problem as problem:
        skipped.append(Skipped(name, name, str(problem), failed=True))
        return []
    return rows


class _Race:
    """One job: its records, who runs, in rounds, so that a machine that slows down slows all of them."""

    def __init__(self, job: Job, topic: str, settings: Settings, plan: Plan, say: Say) -> None:
        self._job = job
        self._topic = topic
        self._settings = settings
        self._plan = plan
        self._say = say
        self._fold: Row | None = None
        self._courses: dict[int, Course] = {}
        self._repeats: dict[str, list[Row]] = {}
        self.skipped: list[Skipped] = []

    def rows(self) -> list[Row]:
        """What came out, each contender's median."""
        folds = [self._fold] if self._fold is not None else []
        return folds + [median(repeats) for repeats in self._repeats.values() if repeats]

    async def run(self, wanted: Sequence[str]) -> None:
        """Measures them all."""
        running = [CONTENDERS[name] for name in wanted if name != FOLD and self._can(CONTENDERS[name])]
        self._repeats = {contender.name: [] for contender in running}
        most = self._plan.records or self._job.size
        await self._prepare({most} | {self._length(contender) for contender in running}, FOLD in wanted)
        for turn in range(1, self._plan.repeats + 1):
            for contender in [*running]:
                repeats = min(self._plan.repeats, contender.repeats or self._plan.repeats)
                if turn > repeats:
                    continue
                self._say(f"{self._job.name}: {contender.title}" + (f" ({turn} of {repeats})" if repeats > 1 else ""))
                course = self._courses[self._length(contender)]
                try:
                    row = await measure(contender, course, self._settings, turn, deep=turn == repeats)
                except Problem as problem:
                    self._say(f"{self._job.name}: {contender.name} failed: {problem}")
                    self.skipped.append(Skipped(contender.name, self._job.name, str(problem), failed=True))
                    running.remove(contender)
                    continue
                self._say(f"{self._job.name}: {contender.name} did {row.events_per_s:,} events/s")
                self._repeats[contender.name].append(row)

    def _can(self, contender: Contender) -> bool:
        """Whether it is here, or can be fetched."""
        try:
            contender.prepare()
        except Problem as problem:
            self._say(f"{self._job.name}: {contender.name} is skipped: {problem}")
            self.skipped.append(Skipped(contender.name, self._job.name, str(problem)))
            return False
        return True

    def _length(self, contender: Contender) -> int:
        records = self._plan.records or self._job.size
        return min(records, (contender.most or {}).get(self._job.name, records))

    async def _prepare(self, lengths: set[int], alone: bool) -> None:
        job = self._job
        longest = max(lengths)
        self._say(f"{job.name}: {longest:,} records and a tenth more, and what must come of them")
        records = job.records(_total(longest))
        for length in sorted(lengths, reverse=True):
            part = records[: _total(length)]
            row, right = _fold_alone(job, part)
            if length == longest and alone:
                self._fold = row
            topic = f"{self._topic}.{length}"
            await make_topics(self._settings, self._plan.partitions, [topic])
            await preload(self._settings, topic, self._plan.partitions, part)
            self._courses[length] = Course(
                job=job,
                topic=topic,
                partitions=self._plan.partitions,
                records=length,
                warm_up=warm_up_of(longest, length),
                total=len(part),
                outputs=len(right.outputs),
                result=digest(job, right.outputs),
                state=state_digest(right.state),
            )


def _total(records: int) -> int:
    return records + records // 10


def _fold_alone(job: Job, records: Sequence[Record]) -> tuple[Row, Expected]:
    load, busy, began, spent = os.getloadavg()[0], busy_now(), time.perf_counter(), time.process_time()
    right = expected(job, records)
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    row = Row(
        name=FOLD,
        job=job.name,
        guarantee="none: in memory, without Kafka",
        events_per_s=round(len(records) / seconds),
        cpu_s_per_million=round(cpu / len(records) * 1e6, 2),
        records=len(records),
        warm_up=0,
        counted=len(records),
        seconds=round(seconds, 2),
        outputs=len(right.outputs),
        changelog_records=None,
        correct=True,
        memory_mb=round(psutil.Process().memory_info().rss / 2**20),
        load=round(load, 2),
        others_cores=round(busy_now().others_since(busy, seconds), 2),
    )
    return row, right
