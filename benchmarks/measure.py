"""One contender at one job: started, followed by what it commits, checked by what it wrote, stopped."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.cluster import Progress, make_topics, remove_topics
from benchmarks.contenders import Contender, Entry
from benchmarks.jobs import Job, digest, state_digest
from benchmarks.machine import Busy, Spent, busy_now, spent_by
from benchmarks.processes import ROOT, environment, free_port, stop
from benchmarks.report import Row
from services.runtime.errors import Problem
from services.runtime.reading import read_topics, stream_topics
from services.runtime.settings import Settings

__all__ = ["Course", "measure"]

_LOOK = 0.02
"""Seconds between two looks at the committed offsets."""
_PATIENCE = 60.0
"""Seconds without any progress after which a contender is given up."""


@dataclass(frozen=True, slots=True)
class Course:
    """What contenders of one job have before them: a preloaded topic, and the result that is right.

    The clock runs from the first commit that reaches `warm_up` to the first that reaches `records`; more records follow
    up to `total`, so that nobody idles before the clock stops, whenever it happens to commit.
    """

    job: Job
    topic: str
    partitions: int
    records: int
    warm_up: int
    total: int
    outputs: int
    result: str
    state: str


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    committed: int
    spent: Spent
    busy: Busy


async def measure(contender: Contender, course: Course, settings: Settings, turn: int = 1, *, deep: bool = True) -> Row:
    """Runs it over the course for the `turn`th time. `deep`: look into its changelog too, not only into its outputs.

    Raises Problem when it ends, gets stuck or is too quick for the course.
    """
    # another group each time; no hyphens, as topics are named here
    name = f"{course.topic}.{contender.name}.{turn}".replace("-", "_")
    sink = f"{name}.out"
    with tempfile.TemporaryDirectory(prefix="kithline-bench-") as folder:
        entry = Entry(course.job.name, course.topic, sink, name, course.partitions, Path(folder))
        changelog = contender.changelog(entry)
        await make_topics(settings, course.partitions, [sink], [] if contender.makes_changelog else [changelog])
        load = os.getloadavg()[0]
        with _process(contender, entry, settings) as process:
            async with Progress(settings, contender.group(entry), course.topic, course.partitions) as progress:
                begin = await _until(course.warm_up, process, progress, contender)
                end = await _until(course.records, process, progress, contender)
                await _until(course.total, process, progress, contender)
            memory = spent_by(process).resident
    if begin.committed >= course.records:
        raise Problem(f"{contender.name} did {course.records} records at one go; take more (--records)")
    outputs = [record.value for record in await read_topics(settings, [sink])]
    correct = digest(course.job, outputs) == course.result and len(outputs) == course.outputs
    changes = None
    if deep:
        kept = [record async for record in stream_topics(settings, [changelog])]
        correct &= state_digest(contender.state(kept)) == course.state
        changes = len(kept)
    await remove_topics(settings, name)
    counted, seconds, cpu = end.committed - begin.committed, end.at - begin.at, end.spent.cpu - begin.spent.cpu
    return Row(
        name=contender.name,
        job=course.job.name,
        guarantee=contender.guarantee,
        events_per_s=round(counted / seconds),
        cpu_s_per_million=round(cpu / counted * 1e6, 2),
        records=course.records,
        warm_up=course.warm_up,
        counted=counted,
        seconds=round(seconds, 2),
        outputs=len(outputs),
        changelog_records=changes,
        correct=correct,
        memory_mb=round(memory / 2**20),
        load=round(load, 2),
        others_cores=round(end.busy.others_since(begin.busy, seconds), 2),
    )


async def _until(records: int, process: psutil.Popen, progress: Progress, contender: Contender) -> _Moment:
    last, since = -1, time.monotonic()
    while True:
        committed, now = await progress.committed(), time.monotonic()
        if process.poll() is not None:
            raise Problem(f"{contender.name} ended by itself with status {process.returncode}")
        if committed >= records:
            return _Moment(now, committed, spent_by(process), busy_now())
        if committed > last:
            last, since = committed, now
        elif now - since > _PATIENCE:
            raise Problem(f"{contender.name} has stopped at {committed} records for {_PATIENCE:g} s")
        await asyncio.sleep(_LOOK)


@contextmanager
def _process(contender: Contender, entry: Entry, settings: Settings) -> Iterator[psutil.Popen]:
    """The contender's process; its last words are in the Problem, should there be one."""
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen(
            contender.command(entry), env=environment(settings, free_port()), cwd=ROOT, stdout=log, stderr=log
        )
        try:
            yield process
        except Problem as problem:
            log.seek(0)
            words = log.read().decode(errors="replace").strip()[-2_000:]
            raise Problem(f"{problem}; it said:\n{words or '(nothing)'}") from None
        finally:
            stop([process], 20)
