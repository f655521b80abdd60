"""A worker of the engine that comes to a halt: `python -m tests.faults.stalling_worker TAG HOW FILE`.

HOW is one of HALTS. It makes FILE when it halts; who finds FILE when it starts goes on as the engine does.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from services.runtime.app import create_app, run_apps
from services.runtime.fold import Processor, Record, Turn
from tests.integration.engine_worker import counting

__all__ = ["HALTS"]

_AFTER = 30
"""Records, or twice the number of commits, after which it halts: some work is done by then."""


def _never_returns() -> None:
    while True:
        time.sleep(0.1)


def _holds_the_lock() -> None:
    re.match(r"(a+)+$", "a" * 80 + "b")  # takes longer than the world has, and lets no other thread run


def _fold(halt: Callable[[], None], file: Path, processor: Processor) -> Processor:
    seen = 0

    def fold(record: Record, turn: Turn) -> None:
        nonlocal seen
        seen += 1
        if seen > _AFTER:
            file.touch()
            halt()
        processor.fold(record, turn)

    return replace(processor, fold=fold)


def _call(
    name: str, applies: Callable[[tuple[Any, ...]], bool], weigh: Callable[[Any], int], file: Path, processor: Processor
) -> Processor:
    """Calls of this method of aiokafka's consumer do not return any more, once its results have weighed enough."""
    original, seen = getattr(AIOKafkaConsumer, name), weigh({})

    async def halting(self: AIOKafkaConsumer, *given: Any, **options: Any) -> Any:
        nonlocal seen
        if not applies(given):
            return await original(self, *given, **options)
        if seen >= _AFTER:
            file.touch()  # noqa: ASYNC240 - once
            await asyncio.Event().wait()
        result = await original(self, *given, **options)
        seen += weigh(result)
        return result

    setattr(AIOKafkaConsumer, name, halting)
    return processor


def _records_in(fetched: Any) -> int:
    return sum(map(len, fetched.values()))


def _slow(processor: Processor) -> Processor:
    def fold(record: Record, turn: Turn) -> None:
        time.sleep(0.1)
        processor.fold(record, turn)

    return replace(processor, fold=fold)


HALTS: dict[str, Callable[[Path, Processor], Processor]] = {
    "fold": lambda file, processor: _fold(_never_returns, file, processor),
    "lock": lambda file, processor: _fold(_holds_the_lock, file, processor),
    # the poll for all tasks names no partition, that of a restore names one
    "fetch": lambda file, processor: _call("getmany", lambda given: not given, _records_in, file, processor),
    "restore": lambda file, processor: _call("getmany", bool, lambda _: _AFTER, file, processor),
    "commit": lambda file, processor: _call("commit", bool, lambda _: 2, file, processor),
    "slow": lambda file, processor: _slow(processor),  # no halt
}

if __name__ == "__main__":
    tag, how, path = sys.argv[1:]
    marked = Path(path)
    made = counting(tag) if marked.exists() else HALTS[how](marked, counting(tag))
    run_apps(lambda: create_app("correlator", [made]))
