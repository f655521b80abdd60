"""The demo from start to end: broker, topics, services, a simulated month, the books."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from nacl.public import PrivateKey

from services.book.taking import TOPICS
from services.demo.drive import Driver
from services.demo.feeds import month
from services.demo.ledger import Books, Difference, balance, summary
from services.demo.observer import Observer
from services.demo.processes import Processes, free_ports
from services.demo.screen import Screen
from services.demo.slabs import steps
from services.demo.town import Town
from services.policy import load_directory
from services.replay import replay
from services.runtime.cluster import group_of
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.kafka_dev import Broker
from services.runtime.lines import write_lines
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.reading import read_topics, stream_topics
from services.runtime.settings import WEB_ORDER, Settings
from services.runtime.topics import topics
from services.simulator import Parameters, simulate
from services.vault.tasks import TOPICS as TASK_TOPICS

__all__ = ["End", "Result", "run_demo"]

BOOKS = {group_of("adapters-book"): TOPICS, group_of("desk"): TOPICS, group_of("vault"): TASK_TOPICS}
"""The groups of the unit books, and of the vault."""

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


End = Callable[["Result", Town], None]
"""What is done with the result while the services still run."""


async def run_demo(
    parameters: Parameters,
    processors: Sequence[Processor],
    broker: Broker,
    folder: Path,
    screen: Screen,
    end: End,
    stay: bool,
) -> Result:
    """Runs the month on the broker's cluster (`processors`: the line's, units included); leaves the log, the final
    flags and tasks, the stores of adapters, desk and vault, and the services' logs in `folder`. `end` is called with
    the result while everything still runs; with `stay` it runs on, in real time, until it is cancelled. Raises Problem
    for whatever stops it."""
    begun = time.monotonic()
    settings = Settings(kafka=broker.bootstrap)
    if broker.external:
        await _must_be_empty(settings)
    simulation = simulate(parameters)
    records, batches = month(simulation, folder / "hospital")
    town = Town(folder, settings, load_directory(settings.policy_dir), PrivateKey.generate())
    await town.prepare()
    environment = {
        "KITHLINE_KAFKA": broker.bootstrap,
        "KITHLINE_CLOCK": "commanded",
        "KITHLINE_LOG_FORMAT": "json",
        **town.environment,
    }
    sent: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        processes = Processes(environment, free_ports(len(WEB_ORDER)), folder / "logs", town.own)
        screen.say(f"starting {len(WEB_ORDER)} services (logs: {folder}/logs)")
        await stack.enter_async_context(processes)
        await processes.ready()
        screen.say(f"{len(WEB_ORDER)} services ready after {time.monotonic() - begun:.0f} s")
        stack.push_async_callback(town.stop)
        known = await town.move_in(simulation)
        screen.say(f"{known} synthetic identities are in the vault; units answer by webhook, by FHIR and at the desk")
        observer = Observer(settings)
        await observer.start()
        stack.push_async_callback(observer.stop)
        quiet = await stack.enter_async_context(Quiet(settings, inputs_by_group(processors, clock=False) | BOOKS))
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        driver = Driver(producer, quiet, observer, town, processes.check)
        start = f"{parameters.start:%Y-%m-%d}T00:00:00+08:00"
        all_steps = list(steps(records, STEP_HOURS, start))
        screen.say(f"{len(records)} records of {parameters.days} days, {batches} hospital batch files through the door")
        for number, step in enumerate(all_steps):
            await driver.step(number, step)
            sent.update(record.topic for slab in step.slabs for record in slab)
            screen.show(step.as_of, number + 1, len(all_steps), sent, observer)
        await observer.caught_up()
        result = await _balanced(settings, driver, observer, folder, broker, time.monotonic() - begun)
        end(result, town)
        if stay:
            town.leave_the_desk()
            await driver.go_on()
    return result


async def _balanced(
    settings: Settings, driver: Driver, observer: Observer, folder: Path, broker: Broker, seconds: float
) -> Result:
    latencies = observer.latencies_ms
    books, log = await _reread(settings), folder / "record.jsonl"
    write_lines(log, driver.recorded)
    replayed = replay(log, settings.policy_dir)
    (folder / "result.jsonl").write_bytes(b"".join(replayed.lines()))
    missing, repeated = balance(books, replayed)
    figures = {
        **summary(books, replayed, latencies),
        "seconds": round(seconds, 1),
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
