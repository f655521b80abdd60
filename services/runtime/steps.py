"""How what was fetched is folded bit by bit: between two steps the event loop is free, and a batch may end."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

from services.runtime.batch import Segment
from services.runtime.fold import TICK_TOPICS, Record, Turn
from services.runtime.folding import Task

__all__ = ["Step", "steps"]

_STEP_SECONDS = 0.015
"""About as long as one step should take: heartbeats, other tasks and web pages share the event loop."""

_FIRST, _MOST = 8, 8_192
"""Records in the first step (few: nobody knows yet how long a fold takes), and in the longest one."""


class Step(NamedTuple):
    """A turn, and the records of `place` that are done with it: none while a tick is not yet done, whose wakings are a
    turn each. Of them, `duplicates` had been known before and `refused` went to dead letters."""

    turn: Turn
    place: TopicPartition
    records: Sequence[Record]
    duplicates: int
    refused: int


def steps(task: Task, segments: Iterable[Segment]) -> Iterator[Step]:
    """Folds segments in their order. How many records a step takes follows from how long the last one took; results
    do not depend on it."""
    size = _FIRST
    for place, records in segments:
        if place.topic in TICK_TOPICS:
            for tick in records:
                yield from _tick(task, place, tick)
            continue
        start = 0
        while start < len(records):
            begun = time.monotonic()
            part = records[start : start + size]
            turn, taken, duplicates, refused = task.take_run(part)
            took = time.monotonic() - begun
            start += taken
            yield Step(turn, place, part[:taken], duplicates, refused)
            if took > 2 * _STEP_SECONDS:
                size = max(1, size // 2)
            elif taken == size and took < _STEP_SECONDS:
                size = min(_MOST, size * 2)


def _tick(task: Task, place: TopicPartition, tick: Record) -> Iterator[Step]:
    refused = 0
    for turn in task.take(tick):
        # No looking ahead for the last turn: the batch may end here, and must not hold the state of one whose outputs
        # would be in the next.
        refused = sum(dead.record is tick for dead in turn.dead)
        yield Step(turn, place, [tick] if refused else [], 0, refused)
    if not refused:
        yield Step(Turn(task.as_of, task.store, tick), place, [tick], 0, 0)
