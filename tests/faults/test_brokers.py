"""Three brokers, of which one after the other dies and comes back: also those on which the engine leans most."""

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError

from services.runtime.cluster import group_of
from services.runtime.ending import BROKEN
from services.runtime.kafka_dev import Broker, start_broker
from tests.faults.bench import FaultBench, fault_bench
from tests.faults.counter import check

pytestmark = pytest.mark.kafka

_PART = 1
"""The task whose brokers are chosen."""


@pytest.fixture(scope="module")
def brokers() -> Iterator[Broker]:
    started = start_broker(nodes=3, settings={"broker.session.timeout.ms": 3000})  # 9 s by default
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def line(brokers: Broker) -> Iterator[FaultBench]:
    with fault_bench(brokers.bootstrap) as made:
        yield made


async def _place_of(line: FaultBench, role: str) -> int | None:
    """The broker that has a role now; None: not known, for some broker is ill."""
    name = line.processor.name
    client = AIOKafkaClient(bootstrap_servers=line.kafka)
    try:
        await client.bootstrap()
        if role == "the leader of a changelog":
            await client.add_topic(line.processor.changelog)
            found = client.cluster.leader_for_partition(TopicPartition(line.processor.changelog, _PART))
            return None if found in (None, -1) else int(found)
        kind, key = CoordinationType.GROUP, group_of(name)
        if role == "the coordinator of a transaction":
            kind, key = CoordinationType.TRANSACTION, f"kithline-{name}-{_PART}"
        return int(await client.coordinator_lookup(kind, key))
    except KafkaError:
        return None
    finally:
        await client.close()


async def _place_other_than(line: FaultBench, role: str, former: int | None) -> int:
    async with asyncio.timeout(60):
        while (number := await _place_of(line, role)) in (None, former):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert number is not None
    return number


_ROLES = ["the coordinator of the group", "the coordinator of a transaction", "the leader of a changelog"]


async def test_each_broker_that_matters_is_killed_and_comes_back_while_records_flow(
    line: FaultBench, brokers: Broker
) -> None:
    await line.make_topics()
    enough = asyncio.Event()

    async def feed() -> int:
        sent = 0
        while not enough.is_set():
            await line.feed(sent, sent + 50, pause=0.05)
            sent += 50
        return sent

    async with line.kept(2) as kept:
        feeding = asyncio.create_task(feed())
        await kept.workers[0].until_log('"task ready"')
        for role in _ROLES:
            number = await _place_other_than(line, role, None)
            brokers.kill(number)
            await _place_other_than(line, role, number)
            await asyncio.to_thread(brokers.revive, number)
        enough.set()
        sent = await feeding
        await line.rest(90)
    assert set(kept.statuses) <= {BROKEN}
    await check(line, sent)
