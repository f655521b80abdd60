"""The first oracle: the services' own folds over what each task had read, held against each of its transactions. Pure.

Between two topics Kafka keeps no order, so the replay of a task with several inputs needs the order in which *it* took
them. The changelog has it: each transaction wrote down its positions, and within one the order follows from the
records' timestamps. Batches that changed nothing left no marker; where the plain order does not explain a transaction,
some of its records were taken in such a batch before. Every transaction must be explained by one such order, to the
byte of every state record; what those folds send is then all that may stand on the topics, and must.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import product
from typing import Any

import orjson

from contracts.instants import EPOCH
from services.chaos.history import Commit
from services.runtime.fold import TICK_TOPICS, Dead, Output, Processor, Record, Task, Turn, Value

__all__ = ["Explained", "explain"]

_MOST_ORDERS = 400
"""Orders tried for one transaction before it counts as not explained."""

Inputs = Mapping[str, Sequence[Record]]


@dataclass
class Explained:
    """What the folds make of one task's inputs."""

    outputs: list[Output] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    duplicates: int = 0
    orders_tried: int = 0
    faults: list[str] = field(default_factory=list)
    """Transactions that no order explains, and effects that were never committed."""


def explain(processor: Processor, inputs: Inputs, commits: Sequence[Commit]) -> Explained:
    """Replays one task. `inputs`: its partition of each input topic."""
    replay = _Replay(processor, inputs)
    for expected, commit in enumerate(commits, 1):
        if commit.number != expected:
            # compacted or lost: what lies between cannot be judged
            replay.result.faults.append(f"transaction {expected} is not in the changelog, {commit.number} follows")
            break
        replay.step(commit)
    else:
        replay.rest()
    replay.result.state = replay.store.packed
    return replay.result


class _Store:
    """State with what a transaction has changed kept apart until it is known to be right."""

    def __init__(self) -> None:
        self.packed: dict[str, bytes] = {}
        self._new: dict[str, Value | None] = {}

    def get(self, key: str) -> Value | None:
        if key in self._new:
            return self._new[key]
        packed = self.packed.get(key)
        return None if packed is None else orjson.loads(packed)

    def put(self, key: str, value: Value | None) -> None:
        self._new[key] = value

    def update(self, writes: Mapping[str, Value | None]) -> None:
        self._new.update(writes)

    def dues(self, due: Callable[[Value], str | None]) -> Iterator[tuple[str, str]]:
        return ((key, instant) for key, value in self.items() if (instant := due(value)) is not None)

    def items(self) -> Iterator[tuple[str, Value]]:
        for key in {**self.packed, **self._new}:
            if (value := self.get(key)) is not None:
                yield key, value

    @property
    def touched(self) -> int:
        return len(self._new)

    def changes(self) -> dict[str, bytes]:
        """What differs from before; empty bytes: removed."""
        packed = {key: b"" if value is None else orjson.dumps(value) for key, value in self._new.items()}
        return {key: value for key, value in packed.items() if value != self.packed.get(key, b"")}

    def keep(self) -> None:
        for key, value in self.changes().items():
            if value:
                self.packed[key] = value
            else:
                del self.packed[key]
        self._new.clear()

    def forget(self) -> None:
        self._new.clear()


class _Replay:
    def __init__(self, processor: Processor, inputs: Inputs) -> None:
        self.processor = processor
        self.store = _Store()
        self.result = Explained()
        self._inputs = inputs
        self._next = dict.fromkeys(processor.inputs, 0)
        self._task = Task(processor, self.store, EPOCH)

    def step(self, commit: Commit) -> None:
        """Explains one transaction, or notes that it cannot be, and goes on from the state that it wrote."""
        taken = {topic: self._until(topic, commit.positions.get(topic, 0)) for topic in self.processor.inputs}
        as_of, wanted = self._task.as_of, dict(commit.changes)
        for turns in self._attempts(taken, commit, wanted):
            self._accept(turns)
            break
        else:
            changed = ", ".join(sorted(wanted)[:3]) or "no state"
            self.result.faults.append(
                f"transaction {commit.number} (writing {changed}) follows from no order of its inputs"
            )
            self.store.forget()
            for key, packed in commit.changes:
                self.store.put(key, orjson.loads(packed) if packed else None)
            self.store.keep()
            self._task = Task(self.processor, self.store, max(as_of, commit.as_of))
        for topic, records in taken.items():
            self._next[topic] += len(records)

    def rest(self) -> None:
        """What was read after the last transaction must have had no effect."""
        taken = {topic: list(records[self._next[topic] :]) for topic, records in self._inputs.items()}
        turns = self._fold(_by_time(taken))
        if any(turn.outputs or turn.dead for turn in turns) or self.store.changes():
            keys = ", ".join(sorted(self.store.changes())[:3])
            self.result.faults.append(f"what was read last has effects that were not committed ({keys})")
        self._accept(turns)

    def _until(self, topic: str, position: int) -> list[Record]:
        records, start = self._inputs.get(topic, ()), self._next[topic]
        end = start
        while end < len(records) and records[end].offset < position:
            end += 1
        return list(records[start:end])

    def _attempts(
        self, taken: dict[str, list[Record]], commit: Commit, wanted: dict[str, bytes]
    ) -> Iterator[list[Turn]]:
        as_of = self._task.as_of
        for order in _orders(taken):
            self.result.orders_tried += 1
            turns = self._fold(order)
            if self._task.as_of == commit.as_of and self.store.changes() == wanted:
                yield turns
            if (more := self._part_of_a_tick(commit, wanted)) is not None:
                yield turns + more
            self.store.forget()
            self._task = Task(self.processor, self.store, as_of)

    def _fold(self, records: Sequence[Record]) -> list[Turn]:
        return [turn for record in records for turn in self._task.take(record)]

    def _part_of_a_tick(self, commit: Commit, wanted: dict[str, bytes]) -> list[Turn] | None:
        """A tick that wakes many is committed in parts, each under the position before it."""
        for topic in TICK_TOPICS:
            position = commit.positions.get(topic)
            following = next(
                (r for r in self._inputs.get(topic, ()) if position is not None and r.offset >= position), None
            )
            if following is None:
                continue
            turns: list[Turn] = []
            for turn in self._task.take(following):
                turns.append(turn)
                if self.store.touched >= len(wanted) and self.store.changes() == wanted:
                    return turns if self._task.as_of == commit.as_of else None
        return None

    def _accept(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            self.result.outputs += turn.outputs
            self.result.dead += turn.dead
            self.result.duplicates += turn.duplicate and not turn.dead
        self.store.keep()


def _by_time(taken: Inputs) -> list[Record]:
    """One batch's order: by timestamp and topic, each topic in its own order."""

    def head(records: Sequence[Record]) -> Iterator[tuple[int, str, Record]]:
        return ((record.timestamp, record.topic, record) for record in records)

    heads = [head(records) for _, records in sorted(taken.items())]
    return [record for _, _, record in merge(*heads, key=lambda entry: entry[:2])]


def _orders(taken: Mapping[str, Sequence[Record]]) -> Iterator[list[Record]]:
    """The orders in which a task may have taken these: as one batch; else as two, of which the first had no effect."""
    yield _by_time(taken)
    topics = [topic for topic, records in taken.items() if records]
    if len(topics) < 2:
        return
    tried = 1
    ticks = [topic for topic in topics if topic in TICK_TOPICS]
    for topic in ticks:  # nearly always it was a tick
        for count in range(len(taken[topic]), 0, -1):
            yield _in_two(taken, {topic: count})
            tried += 1
    for counts in product(*(range(len(taken[topic]) + 1) for topic in topics)):
        if tried >= _MOST_ORDERS:
            return
        yield _in_two(taken, dict(zip(topics, counts, strict=True)))
        tried += 1


def _in_two(taken: Inputs, first: Mapping[str, int]) -> list[Record]:
    before = {topic: records[: first.get(topic, 0)] for topic, records in taken.items()}
    after = {topic: records[first.get(topic, 0) :] for topic, records in taken.items()}
    return [*_by_time(before), *_by_time(after)]


def unpacked(state: Mapping[str, bytes]) -> dict[str, Any]:
    """A state as values."""
    return {key: orjson.loads(packed) for key, packed in state.items()}
