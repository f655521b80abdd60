"""Whatever comes to a halt in a worker: it says so, ends, and its successor does all the work, once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from services.runtime.cluster import group_of
from services.runtime.ending import BROKEN
from services.runtime.kafka_dev import start_broker
from tests.integration.engine_bench import Bench, Worker, bench, ids_of

pytestmark = pytest.mark.kafka

_MODULE = "tests.faults.stalling_worker"

_PATIENCE = 8
"""Seconds; longer than a crowded machine takes to make anything ready."""

_SETTINGS = {"member": "one", "batch_records": 20}
"""A member with a name of its own, so that its successor need not wait for the session to end."""


@pytest.fixture
def line(kafka: str) -> Iterator[Bench]:
    with bench(kafka) as made:
        yield made


def _records(first: int, last: int, **more: object) -> list[tuple[str, dict[str, object]]]:
    return [(f"k{number % 7}", {"id": number, "x": 1, **more}) for number in range(first, last)]


async def _trickle(line: Bench, first: int, total: int, **more: object) -> None:
    """A few records at a time: the fetched position goes on when nothing is committed any more."""
    for begin in range(first, total, 20):
        await line.send(line.topic("a"), _records(begin, begin + 20, **more))
        await asyncio.sleep(0.1)


def _last_words(worker: Worker) -> dict[str, object]:
    said = [line for line in worker.log.splitlines() if "stopped at once" in line]
    assert len(said) == 1, worker.log
    words: dict[str, object] = orjson.loads(said[0])
    return words


async def _halted(line: Bench, how: str, file: Path, code: int = BROKEN, first: int = 0, **more: object) -> Worker:
    """A worker that has come to a halt in this way, and has ended for it."""
    worker = line.start(how, str(file), module=_MODULE, stall_seconds=_PATIENCE, **_SETTINGS)
    if how != "restore":
        await worker.until_ready()
    feeding = asyncio.create_task(_trickle(line, first, 400, **more))
    assert await worker.ended(60) == code, worker.log
    assert await asyncio.to_thread(file.exists)
    await feeding
    return worker


async def _successor_does_the_rest(line: Bench, how: str, file: Path) -> None:
    await line.start(how, str(file), module=_MODULE, **_SETTINGS).until_ready()
    await line.rest("counting")
    assert sorted(ids_of(await line.read(line.topic("sums")))) == list(range(400))
    counts = {key: state["count"] for key, state in (await line.state("counting")).items()}
    assert counts == {f"k{k}": len(range(k, 400, 7)) for k in range(7)}


@pytest.mark.parametrize(("how", "duty"), [("fold", "hands back the event loop"), ("fetch", "fetches")])
async def test_a_halt_is_said_and_ends_the_worker_and_the_next_one_goes_on(
    line: Bench, tmp_path: Path, how: str, duty: str
) -> None:
    await line.make_topics()
    worker = await _halted(line, how, tmp_path / "halted")
    words = _last_words(worker)
    assert words["duty"] == duty
    assert words["processor"] == f"{line.tag}.counting"
    assert words["partition"] in {"0", "1", "2", "3"}
    assert float(str(words["seconds"])) >= _PATIENCE
    if how == "fold":
        assert "_never_returns" in str(words["stack"])
    else:
        assert int(str(words["lag"])) > 0
        assert words["last_commit"]
    assert "does not get on" in worker.log
    await _successor_does_the_rest(line, how, tmp_path / "halted")


async def test_a_fold_that_holds_the_interpreters_lock(line: Bench, tmp_path: Path) -> None:
    """No Python thread runs then, the watchdog's neither: the interpreter's own alarm ends the process."""
    await line.make_topics()
    worker = await _halted(line, "lock", tmp_path / "halted", code=1)
    assert "Timeout (" in worker.log
    assert "_holds_the_lock" in worker.log
    await _successor_does_the_rest(line, "lock", tmp_path / "halted")


async def test_a_restore_that_does_not_end(line: Bench, tmp_path: Path) -> None:
    await line.make_topics()
    await line.send(line.topic("a"), _records(0, 20))
    first = await line.start("counting", member="one").until_ready()
    await line.rest("counting")
    assert await first.stop() == 0
    worker = await _halted(line, "restore", tmp_path / "halted", first=20)
    assert _last_words(worker)["duty"] == "restores its state"
    await _successor_does_the_rest(line, "restore", tmp_path / "halted")


async def test_a_commit_that_is_never_answered(line: Bench, tmp_path: Path) -> None:
    """Records that change nothing are committed by the consumer; aiokafka gives that no time-out."""
    await line.make_topics()
    worker = await _halted(line, "commit", tmp_path / "halted", repeat=True)
    assert _last_words(worker)["duty"] == "commits"
    await line.start("commit", str(tmp_path / "halted"), module=_MODULE, **_SETTINGS).until_ready()
    await line.rest("counting")
    assert await line.read(line.topic("sums")) == []


class _Unmoved(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member that does not let go of its partitions until it is told."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:  # nothing yet, when it joins
            await self.let_go.wait()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        pass


async def test_a_group_that_never_gives_partitions(line: Bench) -> None:
    await line.make_topics()
    minute, listener = 60_000, _Unmoved()
    member = AIOKafkaConsumer(
        bootstrap_servers=line.kafka,
        group_id=group_of(f"{line.tag}.counting"),
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=minute,
        rebalance_timeout_ms=minute,
    )
    member.subscribe([line.topic("a"), line.topic("b")], listener=listener)
    await member.start()
    try:
        async with asyncio.timeout(30):
            while not member.assignment():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        worker = line.start("counting", stall_seconds=_PATIENCE, rebalance_timeout_ms=2000)
        assert await worker.ended(60) == BROKEN, worker.log
        assert _last_words(worker)["duty"] == "is given its partitions"
    finally:
        listener.let_go.set()
        await member.stop()


async def test_no_false_alarm_of_a_slow_fold(line: Bench, tmp_path: Path) -> None:
    await line.make_topics()
    # All folds together take more than twice the patience; between two commits they take a part of it.
    worker = line.start("slow", str(tmp_path / "never"), module=_MODULE, stall_seconds=_PATIENCE)
    await worker.until_ready()
    await line.send(line.topic("a"), [("k", {"id": number, "x": 1}) for number in range(20 * _PATIENCE)])
    await line.rest("counting", seconds=100)
    assert ids_of(await line.read(line.topic("sums"))) == [*range(20 * _PATIENCE)]
    assert await worker.stop() == 0


async def test_no_false_alarm_while_idle_or_while_the_broker_is_away() -> None:
    broker = start_broker()
    try:
        with bench(broker.bootstrap) as line:
            await line.make_topics()
            worker = await line.start("counting", stall_seconds=_PATIENCE).until_ready()
            await asyncio.sleep(_PATIENCE + 2)
            assert worker.page("/health/ready")[0] == 200
            await asyncio.to_thread(broker.kill, 1)
            await worker.until_log("Kafka does not answer", seconds=30)
            assert worker.page("/health/ready")[0] == 503
            assert worker.page("/health/live")[0] == 200
            await asyncio.sleep(_PATIENCE + 2)
            await asyncio.to_thread(broker.revive, 1)
            await worker.until_log("Kafka answers again", seconds=60)
            await line.send(line.topic("a"), _records(0, 100))
            await line.rest("counting", seconds=60)
            assert sorted(ids_of(await line.read(line.topic("sums")))) == list(range(100))
            assert worker.process.poll() is None
    finally:
        broker.stop()
