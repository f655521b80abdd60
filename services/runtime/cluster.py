"""What the engine asks of a Kafka cluster before it starts: that it answers, and that its topics fit."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = [
    "DEAD_LETTERS",
    "admin",
    "check_processor",
    "connection",
    "group_of",
    "partition_counts",
    "places_of",
    "quiet_connects",
]

DEAD_LETTERS = "dead.letters"

_PAUSE = 0.3

_PATIENCE = 20.0
"""Seconds for one answer, of a cluster that did answer before."""


def connection(settings: Settings) -> dict[str, Any]:
    """How every client of this process reaches the cluster."""
    return {"bootstrap_servers": settings.kafka}


def group_of(processor: str) -> str:
    """The consumer group of a processor."""
    return f"kithline-{processor}"


@asynccontextmanager
async def admin(settings: Settings, patience: float | None = None) -> "AsyncIterator[AIOKafkaAdminClient]":
    """An admin client. Waits for the cluster, then raises Problem: a wrong address must not look like a slow start.

    `patience`: wait for so many seconds at most, where a person sits and waits for the answer."""
    wait = min(settings.kafka_wait_seconds, patience or settings.kafka_wait_seconds)
    deadline = asyncio.get_running_loop().time() + wait
    with quiet_connects():
        while True:
            client = AIOKafkaAdminClient(**connection(settings))
            try:
                await asyncio.wait_for(client.start(), wait)
                break
            except (KafkaError, OSError, TimeoutError) as fault:
                await client.close()
                if asyncio.get_running_loop().time() + _PAUSE >= deadline:
                    raise Problem(
                        f"no Kafka answers at {settings.kafka} ({wait:g} s); "
                        "start one with `kithline broker`, or set KITHLINE_KAFKA to host:port of yours"
                    ) from fault
                await asyncio.sleep(_PAUSE)
    try:
        yield client
    finally:
        await client.close()


async def partition_counts(client: AIOKafkaAdminClient, topics: Iterable[str], where: str) -> dict[str, int]:
    """How many partitions each topic has. Raises Problem naming what is missing, or where nobody answers."""
    wanted = sorted(set(topics))
    described = {topic["topic"]: topic for topic in await _describe(client, wanted, where)}
    missing = [name for name in wanted if name not in described or described[name]["error_code"]]
    if missing:
        raise Problem(f"missing on {where}: topic {', '.join(missing)}; make them with `kithline topics apply`")
    return {name: len(described[name]["partitions"]) for name in wanted}


async def places_of(
    client: AIOKafkaAdminClient, inputs: Mapping[str, Iterable[str]], where: str
) -> dict[str, list[TopicPartition]]:
    """All partitions that each group reads; `inputs` are its topics. Raises Problem as `partition_counts` does."""
    counts = await partition_counts(client, {topic for topics in inputs.values() for topic in topics}, where)
    return {
        group: [TopicPartition(topic, number) for topic in topics for number in range(counts[topic])]
        for group, topics in inputs.items()
    }


async def _describe(client: AIOKafkaAdminClient, topics: list[str], where: str) -> Iterable[dict[str, Any]]:
    """Asks until it is answered: the client takes any broker that it knows of, also one that has just died."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        try:
            found: Iterable[dict[str, Any]] = await client.describe_topics(topics)
            return found
        except KafkaError as fault:
            if not fault.retriable or asyncio.get_running_loop().time() > deadline:
                raise Problem(f"{where} does not tell its topics: {fault}; see whether its brokers are well") from fault
            await asyncio.sleep(_PAUSE)


async def check_processor(client: AIOKafkaAdminClient, processor: Processor, where: str) -> Mapping[str, int]:
    """The partition counts of all topics of a processor. Raises Problem where its inputs and changelog differ: a task
    is one partition number over all of them, so that a key's records and its state meet in one place."""
    together = (*processor.inputs, processor.changelog)
    counts = await partition_counts(client, {*together, *processor.outputs, DEAD_LETTERS}, where)
    if len({counts[name] for name in together}) > 1:
        told = ", ".join(f"{name} {counts[name]}" for name in together)
        raise Problem(
            f"{processor.name} needs equal partition counts, but {where} has {told}; "
            "give these topics the same number (contracts/topics.yaml)"
        )
    return counts


_LOUD = ("aiokafka", "aiokafka.conn")
_connecting = 0
"""How many connect just now: all services of a process start at once."""


def _while_nobody_connects(_: logging.LogRecord) -> bool:
    return not _connecting


@contextmanager
def quiet_connects() -> Iterator[None]:
    """The client logs each refused connection as an error; we say it once, in our own words. Blocks may overlap."""
    global _connecting
    for name in _LOUD:
        logging.getLogger(name).addFilter(_while_nobody_connects)  # added once, however often
    _connecting += 1
    try:
        yield
    finally:
        _connecting -= 1
