"""Worker processes that die, or are thought dead: nothing missing, nothing twice, no zombie heard."""

import asyncio
import signal
from contextlib import ExitStack

import pytest

from services.runtime.ending import BROKEN
from tests.faults.bench import FaultBench, fault_bench
from tests.faults.counter import check
from tests.faults.worker import POINTS, Orders

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at(point: str, line: FaultBench) -> None:
    await line.make_topics()
    feeding = asyncio.create_task(line.feed(0, 600, pause=0.05))
    for nth in (7, 1):  # amid the flow; and in the very first transaction after a restart
        assert await line.start(Orders(point, nth), member="one").ended() == -signal.SIGKILL
    line.start(member="one")
    await feeding
    await line.rest()
    books = await check(line, 600)
    assert books.dead and books.duplicates and books.flags > 90


async def test_killed_again_and_again_while_another_takes_over(line: FaultBench) -> None:
    await line.make_topics()
    feeding = asyncio.create_task(line.feed(0, 2000, pause=0.1))
    async with line.kept(2) as kept:
        for number in range(5):
            victim = await kept.workers[number % 2].until_log('"task ready"')
            await victim.kill()
            await asyncio.sleep(0.3)
        await feeding
        await line.rest()
    assert kept.statuses.count(-signal.SIGKILL) == 5
    await check(line, 2000)


async def _zombie(line: FaultBench, point: str) -> None:
    await line.make_topics()
    feeding = asyncio.create_task(line.feed(0, 500, pause=0.05))
    zombie = line.start(Orders(point, 5, signal.SIGSTOP))
    await zombie.until_stopped()
    heir = line.start()
    await feeding
    await line.rest()  # all of it, while the transaction is still the zombie's own in its own eyes
    zombie.send(signal.SIGCONT)
    assert await zombie.ended() == BROKEN
    await line.feed(500, 600)
    await line.rest()
    assert heir.status is None
    await check(line, 600)


async def test_a_zombie_in_the_middle_of_a_transaction_is_fenced_wherever_it_stood(kafka: str) -> None:
    with ExitStack() as benches:
        lines = {point: benches.enter_context(fault_bench(kafka)) for point in POINTS if point != "after the commit"}
        await asyncio.gather(*(_zombie(line, point) for point, line in lines.items()))
