"""The whole line on a real Kafka, in one process of its own, driven as a test wants."""

import base64
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import orjson
from aiokafka import AIOKafkaProducer
from nacl.public import PrivateKey

from contracts.control import ClockCommand
from contracts.tasks import UNIT_KINDS
from services.demo.processes import free_ports
from services.line import SERVICES, line_processors
from services.runtime.cluster import connection
from services.runtime.fold import Record
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.reading import read_topics
from services.runtime.settings import Settings
from tests.scenarios.model import Ends

__all__ = ["RunningLine", "running_line"]

VAULT = PrivateKey(bytes(range(32)))


class RunningLine:
    """A line that runs. `send` returns when nothing is in flight any more."""

    def __init__(self, settings: Settings, quiet: Quiet, producer: AIOKafkaProducer) -> None:
        self.settings = settings
        self._quiet = quiet
        self._producer = producer

    async def send(self, *records: Record) -> None:
        """Sends the records in this order and waits until the line is quiet."""
        for record in records:
            await self._producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
        await self._producer.flush()
        await self._quiet.wait()

    async def tick(self, as_of: str, topic: Literal["clock.ticks", "units.ticks"] = "clock.ticks") -> None:
        """One tick on every partition: the line's, or the units'."""
        command = ClockCommand(as_of=as_of, topic=topic)
        await self._producer.send_and_wait("clock.commands", command.model_dump_json().encode())
        await self._quiet.wait()

    async def ends(self) -> Ends:
        """Every flag and task that is on the topics now."""
        ends = Ends()
        names = ["risk.flags", *(f"referral.tasks.{kind}" for kind in UNIT_KINDS), "dead.letters"]
        for record in await read_topics(self.settings, names):
            content = orjson.loads(record.value)
            if record.topic == "dead.letters":
                ends.dead.append(content["reason"])
                continue
            kind = "flag" if record.topic == "risk.flags" else "task"
            final = ends.flags if kind == "flag" else ends.tasks
            ends.published.append((kind, content))
            known = final.get(content[f"{kind}_id"])
            if known is None or known["revision"] < content["revision"]:
                final[content[f"{kind}_id"]] = content
        return ends


@asynccontextmanager
async def running_line(
    bootstrap: str, logs: Path, as_of: str | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[RunningLine]:
    """All services against the cluster (topics made, empty), stopped at the end. `as_of`: a first tick; `environment`:
    settings that are to be other than usual here."""
    # Two workers of pytest must not look for free ports in one place at one time.
    port = free_ports(len(SERVICES), 16066 + 3000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))
    settings_of_all = {
        **os.environ,
        "KITHLINE_KAFKA": bootstrap,
        "KITHLINE_CLOCK": "commanded",
        "KITHLINE_WEB_PORT": str(port),
        "KITHLINE_SIMULATED_UNITS": "all",
        "KITHLINE_VAULT_PUBLIC_KEY": base64.b64encode(bytes(VAULT.public_key)).decode(),
        **(environment or {}),
    }
    with (logs / "line.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - it is only started here
            [sys.executable, "-m", "services.cli", "run", "all"],
            env=settings_of_all,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(port, process, logs / "line.log")
        settings = Settings(kafka=bootstrap)
        groups = inputs_by_group(line_processors(settings.policy_dir, units=True))
        producer = AIOKafkaProducer(**connection(settings), enable_idempotence=True, acks="all")
        async with Quiet(settings, groups) as quiet:
            await producer.start()
            try:
                line = RunningLine(settings, quiet, producer)
                if as_of is not None:
                    await line.tick(as_of)
                yield line
            finally:
                await producer.stop()
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    for offset, name in enumerate(SERVICES):
        while True:
            assert process.poll() is None, f"the line ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"{name} was not ready: {log.read_text()[-2000:]}"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port + offset}/health/ready", timeout=5) as page:
                    if page.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
