"""Workers that come and go, and folds that keep a worker from its heartbeats."""

import asyncio
import signal

import orjson
import pytest

from services.runtime.ending import BROKEN
from tests.faults.bench import FaultBench
from tests.faults.counter import check
from tests.faults.job import PARTITIONS

pytestmark = pytest.mark.kafka


async def test_workers_join_and_leave_all_the_time(line: FaultBench) -> None:
    await line.make_topics()
    feeding = asyncio.create_task(line.feed(0, 1500, pause=0.1))
    staying = [line.start()]
    for _ in range(3):
        staying.append(await line.start().until_log('"assigned"'))
        await asyncio.sleep(0.2)
        leaving = staying.pop(0)
        leaving.send(signal.SIGTERM)
        assert await leaving.ended() == 0, leaving.log
    await feeding
    await line.rest()
    await check(line, 1500)


async def test_more_workers_than_partitions_and_two_of_them_killed(line: FaultBench) -> None:
    await line.make_topics()
    workers = [line.start() for _ in range(PARTITIONS + 2)]
    for worker in workers:
        await worker.until_log('"assigned"')
    feeding = asyncio.create_task(line.feed(0, 1000, pause=0.1))
    for worker in workers[:2]:
        await worker.kill()
    await feeding
    await line.rest()
    assert all(worker.status is None for worker in workers[2:])
    await check(line, 1000)


async def test_a_stop_at_any_moment_of_a_start_is_a_clean_one(line: FaultBench) -> None:
    await line.make_topics()

    async def start_and_stop(moment: str) -> None:
        worker = await line.start().until_log(moment)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0, worker.log

    moments = ("Starting...", "TopicGate]", "--processor", '"assigned"', '"task ready"')
    await asyncio.gather(*(start_and_stop(moment) for moment in moments))


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_fold_slower_than_the_session(workers: int, line: FaultBench) -> None:
    """One worker is put out and comes back; of two, the heir fences it."""
    await line.make_topics()
    slow = orjson.dumps({"n": 1000, "x": 1, "slow": 2.0})
    async with line.kept(workers, session_timeout_ms=1500, rebalance_timeout_ms=6000) as kept:
        await line.feed(0, 100)
        await line.rest()
        await line.send([(line.inputs[0], "household-1", slow)])
        await line.feed(100, 200)
        await line.rest()
    assert set(kept.statuses) <= {BROKEN}
    await check(line, 201)
