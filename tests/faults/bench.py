"""What the tests of faults stand on: topics of their own, load, worker processes, and somebody who restarts these."""

import asyncio
import base64
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError
from aiokafka.structs import RecordMetadata
from nacl.public import PrivateKey

from services.runtime.cluster import group_of
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.settings import Settings
from services.runtime.topic_admin import apply_topics
from services.runtime.topics import Topic, topics
from tests.faults.job import PARTITIONS, job
from tests.faults.worker import Orders, main

__all__ = ["FaultBench", "FaultWorker", "fault_bench"]

_VAULT = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()

_NUMBERS = count(1)

# Workers are forked from a process that has imported everything once: a test starts many, and each import of Faust
# costs a second. Such a child shares nothing with the others but code.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pytest", "tests.faults.worker"])

QUICK = {"batch_records": 20, "session_timeout_ms": 3000, "heartbeat_interval_ms": 300, "rebalance_timeout_ms": 6000}
"""Small batches, so that there are many transactions to be hit; short sessions, so that the dead are noticed soon."""


class FaultWorker:
    """A worker process and its log."""

    def __init__(self, tag: str, environment: dict[str, str], log: Path, orders: Orders) -> None:
        self._log = log
        self.process = _FORKS.Process(target=main, args=(tag, environment, str(log), orders), daemon=True)
        self.process.start()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self.process.exitcode

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    async def until_log(self, text: str, times: int = 1, seconds: float = 30) -> "FaultWorker":
        """Waits until the log has said something so many times."""
        async with asyncio.timeout(seconds):
            while self.log.count(text) < times:
                assert self.status is None, self.log
                await asyncio.sleep(0.02)
        return self

    async def until_ready(self, tasks: int = PARTITIONS) -> "FaultWorker":
        """Waits until so many tasks have been restored."""
        return await self.until_log('"task ready"', tasks)

    async def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self.send(signal.SIGKILL)
        assert await self.ended() == -signal.SIGKILL

    async def until_stopped(self, seconds: float = 30) -> None:
        """Waits until it has been stopped by SIGSTOP."""
        async with asyncio.timeout(seconds):
            while psutil.Process(self.process.pid).status() != psutil.STATUS_STOPPED:
                assert self.status is None, self.log
                await asyncio.sleep(0.02)

    async def ended(self, seconds: float | None = 40) -> int:
        """The exit status, once it has ended."""
        async with asyncio.timeout(seconds):
            while (status := self.status) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return status


@dataclass
class Kept:
    """Workers that are kept running, and the statuses with which some have ended so far."""

    workers: list[FaultWorker]
    statuses: list[int] = field(default_factory=list)


class FaultBench:
    """Topics, workers and load under one tag. `kafka` is how the tests reach the cluster."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.tag = f"faults{os.getpid()}_{next(_NUMBERS)}"
        self.processor = job(self.tag)
        self.settings = Settings(kafka=kafka)
        self.workers: list[FaultWorker] = []
        self._folder = Path(tempfile.mkdtemp(prefix="kithline-faults-"))

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.processor.inputs

    @property
    def flags(self) -> str:
        return f"{self.tag}.flags"

    async def make_topics(self) -> None:
        """All topics of the job."""
        table = {"dead.letters": topics()["dead.letters"]}
        for name in (*self.inputs, self.flags, self.processor.changelog):
            row = {"name": name, "key": "any", "kind": "inner", "owner": "tests", "partitions": PARTITIONS}
            cleanup = "compact" if name == self.processor.changelog else "delete"
            table[name] = Topic.model_validate({**row, "cleanup": cleanup, "retention_days": 1})
        await apply_topics(self.kafka, table=table)

    def start(self, orders: Orders | None = None, kafka: str | None = None, **settings: object) -> FaultWorker:
        """Starts a worker. `kafka`: another way to the cluster (through a proxy)."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        values = {**QUICK, **settings, "kafka": kafka or self.kafka, "web_port": min(port, 65_000)}
        environment = {
            "KITHLINE_VAULT_PUBLIC_KEY": _VAULT,
            "KITHLINE_LOG_FORMAT": "json",
            **{f"KITHLINE_{name.upper()}": str(value) for name, value in values.items()},
        }
        log = self._folder / f"worker-{len(self.workers)}.log"
        worker = FaultWorker(self.tag, environment, log, orders or Orders())
        self.workers.append(worker)
        return worker

    @asynccontextmanager
    async def kept(self, number: int = 1, **settings: Any) -> AsyncIterator["Kept"]:
        """Keeps so many workers running, as a supervisor would: who ends is started again."""
        kept = Kept([self.start(member=f"{member}", **settings) for member in range(number)])

        async def keep(member: int) -> None:
            while True:
                kept.statuses.append(await kept.workers[member].ended(None))
                kept.workers[member] = self.start(member=f"{member}", **settings)

        keepers = [asyncio.create_task(keep(member)) for member in range(number)]
        try:
            yield kept
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.wait(keepers)
            self.end()

    def end(self) -> None:
        """Ends what still runs."""
        for worker in self.workers:
            if worker.status is None:
                with suppress(ProcessLookupError):
                    worker.send(signal.SIGCONT)
                worker.process.kill()
                worker.process.join(10)

    async def feed(self, first: int, last: int, pause: float = 0) -> None:
        """Sends records `first` to `last` to both inputs in turn, among them some that were seen before and some that
        cannot be read; `pause` seconds after every fifty."""
        values = [(f"household-{n % 41}", _value(n)) for n in range(first, last)]
        await self.send([(self.inputs[n % 2], key, value) for n, (key, value) in enumerate(values, first)], pause)

    async def send(
        self, records: Sequence[tuple[str, str, bytes | None]], pause: float = 0, **options: Any
    ) -> list[RecordMetadata]:
        """Sends (topic, key, value), and returns where they stand."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.kafka, enable_idempotence=True, linger_ms=2, retry_backoff_ms=20
        ) as producer:
            sent = []
            for number, (topic, key, value) in enumerate(records, 1):
                sent.append(await producer.send(topic, value, key.encode(), **options))
                if pause and number % 50 == 0:
                    await asyncio.sleep(pause)
            return await asyncio.gather(*sent)

    async def rest(self, seconds: float = 60) -> None:
        """Waits until everything has been read."""
        async with Quiet(self.settings, inputs_by_group([self.processor], clock=False)) as quiet:
            await quiet.wait(seconds)

    async def read(self, *names: str, partitions: int = PARTITIONS) -> dict[str, list[ConsumerRecord]]:
        """Every committed record of each topic, in the order of each partition. To the high watermark: what another
        test has left open on a topic that is shared (dead letters) is waited for."""
        places = [TopicPartition(name, number) for name in names for number in range(partitions)]
        found: dict[str, list[ConsumerRecord]] = {name: [] for name in names}
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
            ends = await consumer.end_offsets(places)
        options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest", "enable_auto_commit": False}
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, **options)
        consumer.assign(places)
        await consumer.start()
        try:
            async with asyncio.timeout(60):
                while any([await consumer.position(place) < ends[place] for place in places]):
                    for place, records in (await consumer.getmany(timeout_ms=50)).items():
                        found[place.topic] += records
            return found
        finally:
            await consumer.stop()

    async def move_group(self, offsets: dict[TopicPartition, Any]) -> None:
        """Commits offsets for the job's group as some other tool would."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, group_id=group_of(self.processor.name), enable_auto_commit=False
        )
        consumer.assign(list(offsets))
        await consumer.start()
        try:
            async with asyncio.timeout(20):
                while True:
                    try:
                        await consumer.commit(offsets)
                        break
                    except CommitFailedError:  # the session of a member is not yet over
                        await asyncio.sleep(0.1)
        finally:
            await consumer.stop()


def _value(n: int) -> bytes:
    if n % 97 == 13:
        return b"no JSON %d" % n
    if n % 97 == 31:
        return orjson.dumps({"n": n})  # the fold fails for want of an `x`
    if n % 23 == 7:
        return orjson.dumps({"n": n, "x": n, "repeat": True})
    return orjson.dumps({"n": n, "x": n})


@contextmanager
def fault_bench(kafka: str) -> Iterator[FaultBench]:
    """A bench that leaves no process behind."""
    made = FaultBench(kafka)
    try:
        yield made
    finally:
        made.end()
