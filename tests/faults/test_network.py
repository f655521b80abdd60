"""A bad network between workers and broker: what was asked twice is done once, and what is in doubt ends a worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from services.runtime.ending import BROKEN
from services.runtime.kafka_dev import Broker
from tests.faults.bench import FaultBench, fault_bench
from tests.faults.counter import check
from tests.faults.proxy import Fate, Proxy, proxy

pytestmark = [pytest.mark.kafka, pytest.mark.soak]

_WRITES = ("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "Produce", "TxnOffsetCommit", "EndTxn")
_OTHERS = ("FindCoordinator", "JoinGroup", "Heartbeat", "OffsetFetch", "OffsetCommit", "Fetch", "Metadata")


@pytest.fixture
def line(proxied: Broker) -> Iterator[FaultBench]:
    with fault_bench(proxied.bootstrap) as made:
        yield made


@pytest_asyncio.fixture
async def network(front: int, proxied: Broker) -> AsyncIterator[Proxy]:
    async with proxy(front, proxied.behind[0]) as made:
        yield made


@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.ANSWER_LOST], ids=["request", "answer"])
@pytest.mark.parametrize("kinds", [_WRITES, _OTHERS], ids=["of a transaction", "of the rest"])
async def test_lost(kinds: tuple[str, ...], fate: Fate, line: FaultBench, network: Proxy, front: int) -> None:
    await line.make_topics()
    for kind in kinds:
        network.order(kind, fate, times=2, skip=2 if kinds is _WRITES else 0)
    async with line.kept(1, kafka=f"127.0.0.1:{front}") as kept:
        await line.feed(0, 600, pause=0.1)
        await line.rest()
    assert set(kept.statuses) <= {BROKEN}
    assert set(network.met) == set(kinds)
    await check(line, 600)


async def test_connections_are_reset_all_the_time(line: FaultBench, network: Proxy, front: int) -> None:
    await line.make_topics()
    async with line.kept(1, kafka=f"127.0.0.1:{front}") as kept:
        feeding = asyncio.create_task(line.feed(0, 1000, pause=0.1))
        broken = 0
        while not feeding.done():
            await asyncio.sleep(0.35)
            broken += network.reset()
        await line.rest()
    assert set(kept.statuses) <= {BROKEN}
    assert broken > 10
    await check(line, 1000)


async def test_no_answer_within_the_time_of_a_transaction(line: FaultBench, network: Proxy, front: int) -> None:
    await line.make_topics()
    kinds = ("Produce", "TxnOffsetCommit", "EndTxn")
    async with line.kept(1, kafka=f"127.0.0.1:{front}", transaction_timeout_ms=1500) as kept:
        for number, kind in enumerate(kinds):
            network.order(kind, Fate.NO_ANSWER, skip=2)
            await line.feed(100 * number, 100 * (number + 1), pause=0.1)
            async with asyncio.timeout(40):
                while len(kept.statuses) == number:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        await line.rest()
    assert kept.statuses == [BROKEN] * len(kinds)
    await check(line, 100 * len(kinds))


async def test_a_stall_longer_than_all_patience(line: FaultBench, network: Proxy, front: int) -> None:
    await line.make_topics()
    async with line.kept(1, kafka=f"127.0.0.1:{front}", transaction_timeout_ms=1500) as kept:
        feeding = asyncio.create_task(line.feed(0, 600, pause=0.2))
        await kept.workers[0].until_ready()
        network.stall()
        await kept.workers[0].ended()
        network.flow()
        await feeding
        await line.rest()
    assert kept.statuses[0] == BROKEN
    await check(line, 600)
