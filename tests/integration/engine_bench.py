"""What the engine's tests stand on: topics of their own, worker processes, and an oracle over the log."""

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from nacl.public import PrivateKey

from services.runtime.cluster import group_of
from services.runtime.fold import TICKS
from services.runtime.marker import MARKER_KEY
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.settings import Settings
from services.runtime.store import read_value
from services.runtime.topic_admin import apply_topics
from services.runtime.topics import Topic, topics
from tests.integration.engine_worker import PROCESSORS

__all__ = ["VAULT", "Bench", "Worker", "bench", "ids_of"]

VAULT = PrivateKey.generate()

PARTITIONS = 4

_NUMBERS = count(1)


class Worker:
    """A worker process and its log."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def until_ready(self, seconds: float = 30) -> "Worker":
        """Waits until the process says that it is ready."""
        await self.until_log('"task ready"', PARTITIONS, seconds, other="kithline:")
        async with asyncio.timeout(seconds):
            while self.page("/health/ready")[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return self

    async def until_log(self, text: str, times: int = 1, seconds: float = 20, other: str | None = None) -> None:
        """Waits until the log has said something so many times."""
        async with asyncio.timeout(seconds):
            while self.log.count(text) < times:
                assert self.process.poll() is None, self.log
                assert other is None or other not in self.log, self.log
                await asyncio.sleep(0.02)

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of a web page; status 0 while nothing answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.read().decode()
        except (URLError, OSError):
            return 0, ""

    async def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        """Sends a signal and returns the exit status."""
        self.process.send_signal(number)
        return await self.ended(seconds)

    async def ended(self, seconds: float = 20) -> int:
        """The exit status, once it has ended."""
        return await asyncio.to_thread(self.process.wait, seconds)


class Bench:
    """Topics, workers and records under one tag. `inputs` are what the processors in use read."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.tag = f"engine{os.getpid()}_{next(_NUMBERS)}"
        self.settings = Settings(kafka=kafka)
        self._folder = Path(tempfile.mkdtemp(prefix="kithline-test-"))
        self._workers: list[Worker] = []

    def topic(self, name: str) -> str:
        return f"{self.tag}.{name}"

    async def make_topics(self, **partitions: int) -> None:
        """All topics of the worker's processors; other partition counts (0: no topic) by the last part of the name."""
        table = {name: topics()[name] for name in ("dead.letters", TICKS)}
        names = ["a", "b", "sums", "by_id"]
        for name in [*map(self.topic, names), *(f"changelog.{make(self.tag).name}" for make in PROCESSORS.values())]:
            number = partitions.get(name.rsplit(".", 1)[1], PARTITIONS)
            if number:
                row = {"name": name, "key": "any", "kind": "inner", "owner": "tests", "partitions": number}
                cleanup = "compact" if name.startswith("changelog.") else "delete"
                table[name] = Topic.model_validate({**row, "cleanup": cleanup, "retention_days": 1})
        await apply_topics(self.kafka, table=table)

    def start(self, *kinds: str, module: str = "tests.integration.engine_worker", **settings: object) -> Worker:
        """Starts a worker with these processors."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {
            **os.environ,
            "KITHLINE_KAFKA": self.kafka,
            # create_app("correlator") answers on the sixth port after the first
            "KITHLINE_WEB_PORT": str(port - 6),
            "KITHLINE_VAULT_PUBLIC_KEY": base64.b64encode(bytes(VAULT.public_key)).decode(),
            **{f"KITHLINE_{name.upper()}": str(value) for name, value in settings.items()},
        }
        log = self._folder / f"worker-{len(self._workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module, self.tag, *kinds],
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=out,
                stderr=out,
            )
        worker = Worker(process, port, log)
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        """Ends what still runs."""
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.process.kill()
                worker.process.wait()

    async def send(self, topic: str, records: Iterable[tuple[str, Any]], pause: float = 0) -> None:
        """Produces (key, JSON or bytes); `pause` seconds after every hundred."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, linger_ms=5) as producer:
            sent = []
            for number, (key, value) in enumerate(records):
                data = value if isinstance(value, bytes) else orjson.dumps(value)
                sent.append(await producer.send(topic, data, key.encode()))
                if pause and number % 100 == 99:
                    await asyncio.sleep(pause)
            await asyncio.gather(*sent)

    async def tick(self, as_of: str) -> None:
        """One tick, on every partition."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
            count = topics()[TICKS].partitions
            for partition in range(count):
                await producer.send_and_wait(TICKS, orjson.dumps({"as_of": as_of}), partition=partition)

    async def rest(self, *kinds: str, seconds: float = 30) -> None:
        """Waits until these processors have read everything."""
        groups = inputs_by_group([PROCESSORS[kind](self.tag) for kind in kinds], clock=False)
        async with Quiet(self.settings, groups) as quiet:
            await quiet.wait(seconds)

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """Every committed record, in the order of each partition."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            group_id=None,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=50)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def state(self, kind: str) -> dict[str, Any]:
        """A processor's state, as a restart would find it."""
        values: dict[str, Any] = {}
        for record in await self.read(f"changelog.{self.tag}.{kind}"):
            if record.key == MARKER_KEY:
                continue
            if record.value is None:
                values.pop(record.key.decode(), None)
            else:
                values[record.key.decode()] = read_value(record.value)
        return values

    async def move_group(self, kind: str, offsets: dict[TopicPartition, int]) -> None:
        """Commits offsets for a processor's group as some other tool would."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka, group_id=group_of(f"{self.tag}.{kind}"), enable_auto_commit=False
        )
        consumer.assign(list(offsets))
        await consumer.start()
        await consumer.commit(offsets)
        await consumer.stop()


def ids_of(records: Sequence[ConsumerRecord]) -> list[Any]:
    """The ids that outputs carry."""
    return [orjson.loads(record.value)["id"] for record in records]


@contextmanager
def bench(kafka: str) -> Iterator[Bench]:
    """A bench that leaves no process behind."""
    made = Bench(kafka)
    try:
        yield made
    finally:
        made.close()
