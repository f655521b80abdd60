"""A worker without memory, and a broker without disk."""

import asyncio
import resource
from pathlib import Path

import orjson
import psutil
import pytest

from services.runtime.ending import BROKEN
from services.runtime.kafka_dev import Broker
from tests.faults.bench import FaultBench, fault_bench
from tests.faults.counter import check
from tests.faults.worker import Orders

pytestmark = [pytest.mark.kafka, pytest.mark.soak]


async def test_a_worker_that_runs_out_of_memory_ends_and_blames_no_record(line: FaultBench) -> None:
    await line.make_topics()
    await line.feed(0, 100)
    worker = await line.start(Orders(memory=120 << 20), member="one").until_ready()
    hungry = orjson.dumps({"n": 1001, "x": 1, "hoard": 250})  # MB, which another worker has
    await line.send([(line.inputs[0], "household-1", hungry)])
    await line.feed(100, 200)
    assert await worker.ended() == BROKEN
    assert "MemoryError" in worker.log
    line.start(member="one")
    await line.rest()
    await check(line, 201)


async def test_a_broker_whose_disk_is_full(proxied: Broker) -> None:
    """No file of the broker may grow any more. (A limit on the size of its files, which it meets where a full disk
    would stop it, and with the same end: its only folder is given up, and it with it.)"""
    with fault_bench(proxied.bootstrap) as line:
        await line.make_topics()
        async with line.kept(1, transaction_timeout_ms=4000, kafka_wait_seconds=60) as kept:
            await kept.workers[0].until_ready()
            await line.feed(0, 400, pause=0.05)
            feeding = asyncio.create_task(line.feed(400, 1000, pause=0.05))
            await asyncio.sleep(0.3)
            process = psutil.Process(proxied.pid(1))
            process.rlimit(psutil.RLIMIT_FSIZE, (_largest(process), resource.RLIM_INFINITY))
            assert await asyncio.to_thread(process.wait, 60) == 1, "it ended in good order, and by itself"
            await asyncio.to_thread(proxied.revive, 1)
            await feeding
            await line.rest(90)
        assert set(kept.statuses) <= {BROKEN}
        await check(line, 1000)


def _largest(process: psutil.Process) -> int:
    """The size of the largest log that it writes to."""
    return max(Path(file.path).stat().st_size for file in process.open_files() if file.path.endswith(".log"))
