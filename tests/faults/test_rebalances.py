"""Workers that come and go, and folds that keep a worker from its heartbeats."""

import asyncio
import signal
from typing import Any

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
    staying = [await line.start().until_log('"assigned"')]
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


_SLOW = orjson.dumps({"n": 1000, "x": 1, "slow": 2.0})
_SHORT: dict[str, Any] = {"session_timeout_ms": 1500, "rebalance_timeout_ms": 6000}


async def test_a_fold_slower_than_the_session_is_put_out_and_comes_back(line: FaultBench) -> None:
    await line.make_topics()
    async with line.kept(1, **_SHORT) as kept:
        await line.feed(0, 100)
        await line.send([(line.inputs[0], "household-1", _SLOW)])
        await line.feed(100, 200)
        await line.rest()
    assert not kept.statuses
    (told,) = [text for text in kept.workers[0].log.splitlines() if "a fold held the process" in text]
    assert orjson.loads(told)["topic"] == line.inputs[0]
    await check(line, 201)


async def test_where_another_stands_by_it_is_fenced_and_goes_on_once_it_is_alone(line: FaultBench) -> None:
    """With an heir that is as slow, it may never get on; but nothing is lost or done twice, and the log says why."""
    await line.make_topics()
    async with line.kept(2, **_SHORT) as kept:
        await line.feed(0, 100)
        await line.rest()
        await line.send([(line.inputs[0], "household-1", _SLOW)])
        async with asyncio.timeout(60):
            while not kept.statuses:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert set(kept.statuses) == {BROKEN}
    assert any("a fold held the process" in worker.log for worker in line.workers)
    await line.feed(100, 200)
    line.start(**_SHORT)
    await line.rest()
    await check(line, 201)
