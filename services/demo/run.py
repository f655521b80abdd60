"""The demo from start to end: broker, topics, services, a simulated month, the books."""

import base64
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from nacl.public import PrivateKey

from services.demo.drive import Driver
from services.demo.feeds import month
from services.demo.ledger import Books, Difference, balance, summary
from services.demo.observer import Observer
from services.demo.processes import Processes, free_ports
from services.demo.screen import Screen
from services.demo.slabs import steps
from services.line import SERVICES
from services.replay import replay
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.kafka_dev import Broker
from services.runtime.lines import write_lines
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.reading import read_topics, stream_topics
from services.runtime.settings import Settings
from services.runtime.topics import topics
from services.simulator import Parameters

__all__ = ["Result", "run_demo"]

STEP_HOURS = (7.5, 13, 19)
"""Hong Kong time of the three moments of a day: after the hospitals' morning batch, at noon, in the evening."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a demo ends in. `figures` is its JSON."""

    figures: dict[str, Any]
    missing: list[Difference]
    repeated: list[Difference]
    books: Books

    @property
    def balances(self) -> bool:
        return not self.missing and not self.repeated


async def run_demo(
    parameters: Parameters, processors: Sequence[Processor], broker: Broker, folder: Path, screen: Screen
) -> Result:
    """Runs the month on the broker's cluster (`processors`: the line's, units included); leaves the log, the final
    flags and tasks, and the services' logs in `folder`. Raises Problem for whatever stops it."""
    begun = time.monotonic()
    settings = Settings(kafka=broker.bootstrap)
    if broker.external:
        await _must_be_empty(settings)
    records, batches = month(parameters, folder / "hospital")
    vault = PrivateKey.generate()
    (folder / "vault.key").write_text(base64.b64encode(bytes(vault)).decode())
    environment = {
        "KITHLINE_KAFKA": broker.bootstrap,
        "KITHLINE_CLOCK": "commanded",
        "KITHLINE_VAULT_PUBLIC_KEY": base64.b64encode(bytes(vault.public_key)).decode(),
        "KITHLINE_LOG_FORMAT": "json",
        "KITHLINE_SIMULATED_UNITS": "all",
    }
    sent: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        processes = Processes(environment, free_ports(len(SERVICES)), folder / "logs")
        screen.say(f"starting {len(SERVICES)} services (logs: {folder}/logs)")
        await stack.enter_async_context(processes)
        await processes.ready()
        screen.say(f"{len(SERVICES)} services ready after {time.monotonic() - begun:.0f} s")
        observer = Observer(settings)
        await observer.start()
        stack.push_async_callback(observer.stop)
        quiet = await stack.enter_async_context(Quiet(settings, inputs_by_group(processors, clock=False)))
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        driver = Driver(producer, quiet, observer, processes.check)
        start = f"{parameters.start:%Y-%m-%d}T00:00:00+08:00"
        all_steps = list(steps(records, STEP_HOURS, start))
        screen.say(f"{len(records)} records of {parameters.days} days, {batches} hospital batch files through the door")
        for number, step in enumerate(all_steps):
            await driver.step(number, step)
            sent.update(record.topic for slab in step.slabs for record in slab)
            screen.show(step.as_of, number + 1, len(all_steps), sent, observer)
        await observer.caught_up()
        latencies = observer.latencies_ms
    books, log = await _reread(settings), folder / "record.jsonl"
    write_lines(log, driver.recorded)
    replayed = replay(log, settings.policy_dir)
    (folder / "result.jsonl").write_bytes(b"".join(replayed.lines()))
    missing, repeated = balance(books, replayed)
    figures = {
        **summary(books, replayed, latencies),
        "seconds": round(time.monotonic() - begun, 1),
        "kafka": {"version": broker.version, "nodes": broker.nodes},
    }
    return Result(figures, missing, repeated, books)


async def _must_be_empty(settings: Settings) -> None:
    """The books are made from whole topics, so a demo needs them to itself. Raises Problem."""
    async for record in stream_topics(settings, topics()):
        raise Problem(
            f"topic {record.topic} on {settings.kafka} holds records already; a demo needs empty topics: "
            "unset KITHLINE_KAFKA, or name a cluster that nobody uses"
        )


async def _reread(settings: Settings) -> Books:
    """The topics once more, from their beginning, as a `read_committed` reader finds them."""
    books = Books()
    names = [name for name, topic in topics().items() if topic.kind in ("feed", "published")]
    for record in await read_topics(settings, names):
        books.enter(record)
    return books
