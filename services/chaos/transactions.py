"""The first oracle: the services' own folds over what each task had read, held against each of its transactions. Pure.

A task's changelog says what each of its transactions had read (the marker's positions) and what state came of it. The
folds, run over the same records, must give the same state, to the byte of every record, and what they send is all that
may stand on the topics, and must.

Between two topics Kafka keeps no order, and batches that changed nothing leave no marker, so the order in which a task
with several inputs took them is not written anywhere. What a household's state becomes hangs on the household's own
records and the ticks alone; so for each household some order of these, each topic in its own order, must explain what
the transaction made of it, state and outputs alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

import orjson

from contracts.instants import EPOCH
from services.chaos.history import Commit
from services.runtime.fold import TICK_TOPICS, Dead, Output, Processor, Record, Turn, Value
from services.runtime.folding import Task

__all__ = ["Explained", "Sent", "explain", "sent"]

_MOST_NODES = 5_000
"""So far is an order looked for, for one household in one transaction, before it counts as not explained."""

Inputs = Mapping[str, Sequence[Record]]

Sent = tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]]
"""An output, wherever it stands: topic, key, value, headers."""


def sent(record: Record | Output) -> Sent:
    """What was sent."""
    return (record.topic, record.key, record.value, tuple(record.headers))


@dataclass
class Explained:
    """What the folds make of one task's inputs. `faults`: what they cannot explain, in words."""

    outputs: list[Output] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    steps: int = 0
    faults: list[str] = field(default_factory=list)


def explain(processor: Processor, inputs: Inputs, commits: Sequence[Commit], found: Counter[Sent]) -> Explained:
    """Replays one task. `inputs`: its partition of each input topic; `found`: what stands on the topics it writes."""
    replay = _Replay(processor, inputs, found)
    for expected, commit in enumerate(commits, 1):
        if commit.number != expected:
            # compacted or lost: what lies between cannot be judged
            replay.result.faults.append(f"transaction {expected} is not in the changelog, {commit.number} follows")
            return replay.result
        replay.step(commit)
    replay.rest()
    return replay.result


class _Store:
    """State, with what is being tried kept apart until it is known to be right."""

    def __init__(self, packed: dict[str, bytes]) -> None:
        self._packed = packed
        self._new: dict[str, Value | None] = {}

    def get(self, key: str) -> Value | None:
        if key in self._new:
            return self._new[key]
        packed = self._packed.get(key)
        return None if packed is None else orjson.loads(packed)

    def put(self, key: str, value: Value | None) -> None:
        self._new[key] = value

    def update(self, writes: Mapping[str, Value | None]) -> None:
        self._new.update(writes)

    def items(self) -> Iterator[tuple[str, Value]]:
        for key in {**self._packed, **self._new}:
            if (value := self.get(key)) is not None:
                yield key, value

    def dues(self, due: Callable[[Value], str | None]) -> Iterator[tuple[str, str]]:
        return ((key, instant) for key, value in self.items() if (instant := due(value)) is not None)

    def changes(self) -> dict[str, bytes]:
        """What differs from before; empty bytes: removed."""
        packed = {key: b"" if value is None else orjson.dumps(value) for key, value in self._new.items()}
        return {key: value for key, value in packed.items() if value != self._packed.get(key, b"")}


class _Replay:
    def __init__(self, processor: Processor, inputs: Inputs, found: Counter[Sent]) -> None:
        self.result = Explained()
        self._processor = processor
        self._inputs = inputs
        self._left = Counter(found)
        self._next = dict.fromkeys(processor.inputs, 0)
        self._as_of = EPOCH
        self._due: dict[str, str] = {}

    def step(self, commit: Commit) -> None:
        """Explains one transaction, or notes that it cannot be, and goes on from the state that it wrote."""
        taken = {topic: self._until(topic, commit.positions.get(topic, 0)) for topic in self._processor.inputs}
        ticks = _ticks(taken)
        reached = max([self._as_of, *map(_as_of, ticks)])
        # A tick that wakes many is committed in parts, each under the position before it.
        begun = [tick for tick in self._following() if _as_of(tick) <= commit.as_of]
        if commit.as_of not in (reached, *map(_as_of, begun)):
            self.result.faults.append(f"transaction {commit.number} is of {commit.as_of}, its ticks of {reached}")
        wanted = dict(commit.changes)
        self._explain(taken, begun, wanted, f"transaction {commit.number}")
        self._as_of = commit.as_of

    def rest(self) -> None:
        """What was read after the last transaction must have had no effect."""
        taken = {topic: list(self._inputs.get(topic, ())[at:]) for topic, at in self._next.items()}
        self._explain(taken, [], None, "what was read last, and left no transaction,")

    def _until(self, topic: str, position: int) -> list[Record]:
        records, start = self._inputs.get(topic, ()), self._next[topic]
        end = start
        while end < len(records) and records[end].offset < position:
            end += 1
        self._next[topic] = end
        return list(records[start:end])

    def _following(self) -> list[Record]:
        topics = [topic for topic in self._processor.inputs if topic in TICK_TOPICS]
        return [record for topic in topics for record in self._inputs.get(topic, ())[self._next[topic] :][:1]]

    def _explain(self, taken: Inputs, begun: Sequence[Record], written: dict[str, bytes] | None, where: str) -> None:
        """`written`: what the transaction made of the state; None where there was none, so that nothing may be sent."""
        wanted, silent = written or {}, written is None
        if len(self._processor.inputs) == 1:
            self._accept(self._try(self.result.state, _by_time(taken)), wanted, silent, where)
            return
        ticks = _ticks(taken)
        latest = max(map(_as_of, [*ticks, *begun]), default="")
        woken = {key for key, due in self._due.items() if due <= latest}
        by_key: dict[str, dict[str, list[Record]]] = {key: {} for key in {*woken, *wanted}}
        for topic, records in taken.items():
            if topic not in TICK_TOPICS:
                for record in records:
                    by_key.setdefault(record.key.decode(errors="replace"), {}).setdefault(topic, []).append(record)
        for key in sorted(by_key):
            of_key = {key: wanted[key]} if key in wanted else {}
            attempt = self._search(key, by_key[key], ticks, begun, of_key, silent)
            self._accept(attempt, of_key, silent, f"{where} of {key}")

    def _search(
        self,
        key: str,
        records: Inputs,
        ticks: Sequence[Record],
        begun: Sequence[Record],
        wanted: dict[str, bytes],
        silent: bool,
    ) -> "_Attempt":
        """The first order that explains state and outputs; else one that explains the state; else the plain one."""
        before = self.result.state.get(key, b"")
        after = wanted.get(key, before)
        lanes = [lane for lane in (*records.values(), ticks) if lane]
        for standing in (True, False):
            for turns in self._orders(
                key, lanes, begun, _Node((0,) * len(lanes), before, self._as_of), after, standing
            ):
                attempt = _Attempt(turns, wanted)
                if not (silent and attempt.effects):
                    return attempt
        return self._try({key: before} if before else {}, _by_time({lane[0].topic: lane for lane in lanes}))

    def _orders(
        self,
        key: str,
        lanes: Sequence[Sequence[Record]],
        begun: Sequence[Record],
        start: "_Node",
        after: bytes,
        standing: bool,
    ) -> Iterator[list[Turn]]:
        """The turns of orders that keep each lane's own and end in the state `after`; the one by timestamps comes
        first. `begun` is a tick that may have been begun at the end. With `standing`, only orders all of whose
        outputs stand on the topics: an output tells its instant, so a wrong order is seen at its first output."""
        seen = {start}
        stack: list[tuple[_Node, list[Turn]]] = [(start, [])]
        while stack and len(seen) < _MOST_NODES:
            node, turns = stack.pop()
            heads = [
                (lane[at].timestamp, lane[at].topic, n)
                for n, lane in enumerate(lanes)
                if (at := node.at[n]) < len(lane)
            ]
            if not heads and node.packed == after:
                yield turns
            steps = [(lanes[n][node.at[n]], n) for _, _, n in sorted(heads, reverse=True)]
            if not heads and node.more:
                steps = [(tick, -1) for tick in begun]
            for record, n in steps:
                self.result.steps += 1
                store = _Store({key: node.packed} if node.packed else {})
                task = Task(self._processor, store, node.as_of)
                new = [*turns, *task.take(record)]
                places = tuple(place + (lane == n) for lane, place in enumerate(node.at))
                following = _Node(places, store.changes().get(key, node.packed), task.as_of, node.more and n >= 0)
                if following not in seen and (not standing or self._stands(_outputs(new))):
                    seen.add(following)
                    stack.append((following, new))

    def _stands(self, outputs: Sequence[Output]) -> bool:
        """Whether all this stands on the topics, and nothing that was explained before had sent it."""
        return all(self._left[name] >= count for name, count in Counter(map(sent, outputs)).items())

    def _try(self, before: dict[str, bytes], order: Iterable[Record]) -> "_Attempt":
        self.result.steps += 1
        store = _Store(before)
        task = Task(self._processor, store, self._as_of)
        turns = [turn for record in order for turn in task.take(record)]
        return _Attempt(turns, store.changes())

    def _accept(self, attempt: "_Attempt", wanted: dict[str, bytes], silent: bool, where: str) -> None:
        if attempt.changes != wanted or (silent and attempt.effects):
            keys = sorted(key for key in {**attempt.changes, **wanted} if attempt.changes.get(key) != wanted.get(key))
            self.result.faults.append(f"{where} does not follow from its inputs: {', '.join(keys[:3]) or 'outputs'}")
        self.result.outputs += attempt.outputs
        self.result.dead += [dead for turn in attempt.turns for dead in turn.dead]
        self._left.subtract(map(sent, attempt.outputs))
        for key, packed in wanted.items():
            if packed:
                self.result.state[key] = packed
            else:
                self.result.state.pop(key, None)
            self._note_due(key, packed)

    def _note_due(self, key: str, packed: bytes) -> None:
        due = self._processor.due(orjson.loads(packed)) if packed and self._processor.due else None
        if due is None:
            self._due.pop(key, None)
        else:
            self._due[key] = due


class _Node(NamedTuple):
    """How far each lane has been taken, and what that has made of the household's state."""

    at: tuple[int, ...]
    packed: bytes
    as_of: str
    more: bool = True
    """Whether a tick that is only begun may still come."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    turns: list[Turn]
    changes: dict[str, bytes]

    @property
    def outputs(self) -> list[Output]:
        return _outputs(self.turns)

    @property
    def effects(self) -> bool:
        return any(turn.outputs or turn.dead for turn in self.turns)


def _outputs(turns: Iterable[Turn]) -> list[Output]:
    return [output for turn in turns for output in turn.outputs]


def _ticks(taken: Inputs) -> list[Record]:
    return [record for topic, records in taken.items() if topic in TICK_TOPICS for record in records]


def _as_of(tick: Record) -> str:
    as_of: str = orjson.loads(tick.value)["as_of"]
    return as_of


def _by_time(taken: Inputs) -> list[Record]:
    """One batch's order: by timestamp and topic, each topic in its own order."""

    def head(records: Sequence[Record]) -> Iterator[tuple[int, str, Record]]:
        return ((record.timestamp, record.topic, record) for record in records)

    heads = [head(records) for _, records in sorted(taken.items())]
    return [record for _, _, record in merge(*heads, key=lambda entry: entry[:2])]
