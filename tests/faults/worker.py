"""A worker process of the faults: the engine as it is, with the job, and a signal to itself at a named point.

The point is made by wrapping public methods of aiokafka's producer and of the engine's `Writer`, in this process
only; nothing in the engine knows of it.
"""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from services.runtime.app import create_app, run_apps
from services.runtime.transaction import Writer
from tests.faults.job import job

__all__ = ["POINTS", "Orders", "main"]

POINTS = {
    "after the state": "folded, and the transaction not yet begun",
    "before the send": "the transaction begun, and nothing sent",
    "before the commit": "everything sent",
    "in the commit": "the commit asked for, and not yet answered",
    "after the commit": "committed, and not yet known to the worker",
}


@dataclass(frozen=True)
class Orders:
    """What a worker does to itself: `number` at `point`, when it comes there for the `nth` time; `memory` is the most
    that it gets, in bytes more than at its start."""

    point: str | None = None
    nth: int = 1
    number: signal.Signals = signal.SIGKILL
    memory: int | None = None


def main(tag: str, environment: Mapping[str, str], log: str, orders: Orders) -> None:
    """Runs in a process of its own, forked from one that has imported all this already."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(environment)
    sys.argv = ["faults-worker"]
    if orders.point is not None:
        _wrap(orders.point, _strike(orders.nth, orders.number))
    if orders.memory is not None:
        with open("/proc/self/statm") as status:  # noqa: PTH123
            used = int(status.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + orders.memory, resource.RLIM_INFINITY))
    run_apps(lambda: create_app("faults", [job(tag)]))


def _strike(nth: int, number: signal.Signals) -> Callable[[], None]:
    passed = 0

    def strike() -> None:
        nonlocal passed
        passed += 1
        if passed == nth:
            os.kill(os.getpid(), number)

    return strike


def _wrap(point: str, strike: Callable[[], None]) -> None:
    """Puts `strike` where the point is."""
    commit, send, end = Writer.commit, AIOKafkaProducer.send_batch, AIOKafkaProducer.commit_transaction

    async def writer_commit(self: Writer, *offsets: Any) -> None:
        strike()
        await commit(self, *offsets)

    async def send_batch(self: AIOKafkaProducer, *batch: Any, **place: Any) -> Any:
        strike()
        return await send(self, *batch, **place)

    async def before_end(self: AIOKafkaProducer) -> None:
        strike()
        await end(self)

    async def in_end(self: AIOKafkaProducer) -> None:
        ending = asyncio.ensure_future(end(self))
        await asyncio.sleep(0.001)
        strike()
        await ending

    async def after_end(self: AIOKafkaProducer) -> None:
        await end(self)
        strike()

    if point == "after the state":
        Writer.commit = writer_commit  # type: ignore[assignment,method-assign]
    elif point == "before the send":
        AIOKafkaProducer.send_batch = send_batch
    else:
        ends = {"before the commit": before_end, "in the commit": in_end, "after the commit": after_end}
        AIOKafkaProducer.commit_transaction = ends[point]
