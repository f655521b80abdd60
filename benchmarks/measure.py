"""One contender at one job: started, followed by what it commits, checked by what it wrote, stopped."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from nacl.public import PrivateKey

from benchmarks.cluster import Progress, make_topics
from benchmarks.contenders import Contender
from benchmarks.jobs import Job, digest
from benchmarks.machine import Busy, busy_now
from benchmarks.report import Row
from services.runtime.errors import Problem
from services.runtime.reading import read_topics
from services.runtime.settings import Settings

__all__ = ["Course", "measure"]

_ROOT = Path(__file__).parents[1]
_LOOK = 0.02
"""Seconds between two looks at the committed offsets."""
_PATIENCE = 60.0
"""Seconds without any progress after which a contender is given up."""


@dataclass(frozen=True, slots=True)
class Course:
    """What all contenders of one job have before them: the preloaded topic, and the result that is right."""

    job: Job
    topic: str
    partitions: int
    records: int
    warm_up: int
    """So many records are committed before the measurement begins."""
    outputs: int
    result: str


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    committed: int
    cpu: float
    busy: Busy


async def measure(contender: Contender, course: Course, settings: Settings) -> Row:
    """Runs it over the course. Raises Problem when it ends, gets stuck or is too quick for the course."""
    name = f"{course.topic}.{contender.name}"
    sink = f"{name}.out"
    await make_topics(
        settings, course.partitions, [sink], [contender.changelog(name)] if contender.changelog is not None else []
    )
    load = os.getloadavg()[0]
    arguments = [course.job.name, course.topic, sink, name, str(course.partitions)]
    with _process(contender, arguments, settings) as process:
        async with Progress(settings, contender.group(name), course.topic, course.partitions) as progress:
            begin = await _until(course.warm_up, process, progress, contender)
            end = await _until(course.records, process, progress, contender)
        memory = process.memory_info().rss
    if begin.committed == course.records:
        raise Problem(f"{contender.name} did {course.records} records at one go; take more (--records)")
    outputs = [record.value for record in await read_topics(settings, [sink])]
    counted, seconds, cpu = end.committed - begin.committed, end.at - begin.at, end.cpu - begin.cpu
    return Row(
        name=contender.name,
        job=course.job.name,
        guarantee=contender.guarantee,
        events_per_s=round(counted / seconds),
        cpu_s_per_million=round(cpu / counted * 1e6, 1),
        records=course.records,
        counted=counted,
        seconds=round(seconds, 2),
        outputs=len(outputs),
        correct=digest(course.job, outputs) == course.result and len(outputs) == course.outputs,
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
            spent = process.cpu_times()
            return _Moment(now, committed, spent.user + spent.system, busy_now())
        if committed > last:
            last, since = committed, now
        elif now - since > _PATIENCE:
            raise Problem(f"{contender.name} has stopped at {committed} records for {_PATIENCE:g} s")
        await asyncio.sleep(_LOOK)


@contextmanager
def _process(contender: Contender, arguments: list[str], settings: Settings) -> Iterator[psutil.Popen]:
    """The contender's process; its last words are in the Problem, should there be one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "KITHLINE_KAFKA": settings.kafka,
        "KITHLINE_WEB_PORT": str(port),
        # the engine does not start without one, though nobody here will want to open a letter
        "KITHLINE_VAULT_PUBLIC_KEY": b64encode(bytes(PrivateKey.generate().public_key)).decode(),
    }
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen(
            [sys.executable, "-m", contender.module, *arguments], env=environment, cwd=_ROOT, stdout=log, stderr=log
        )
        try:
            yield process
        except Problem as problem:
            log.seek(0)
            words = log.read().decode(errors="replace").strip()[-2_000:]
            raise Problem(f"{problem}; it said:\n{words or '(nothing)'}") from None
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
                    process.kill()
                    process.wait()
