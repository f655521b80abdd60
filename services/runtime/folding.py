"""A processor's task without Kafka: its state, its `as_of`, what is due, and the turns that records and ticks make.

Pure. The engine runs a `Task` inside one Kafka transaction per batch; `replay` runs the very same `Task` in memory.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from contracts.instants import EPOCH, canonical
from services.runtime.agenda import Agenda
from services.runtime.errors import Problem
from services.runtime.fold import TICK_TOPICS, Dead, Processor, Record, Refused, Store, Turn, Value

__all__ = ["MemoryStore", "Run", "Task"]


class MemoryStore:
    """A store that keeps the values themselves. For replay and tests."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def get(self, key: str) -> Value | None:
        return self.values.get(key)

    def put(self, key: str, value: Value | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def update(self, writes: Mapping[str, Value | None]) -> None:
        values = self.values
        for key, value in writes.items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value

    def items(self) -> Iterator[tuple[str, Value]]:
        return iter(list(self.values.items()))

    def dues(self, due: Callable[[Value], str | None]) -> Iterator[tuple[str, str]]:
        return ((key, instant) for key, value in self.items() if (instant := due(value)) is not None)


class Run(NamedTuple):
    """Records that were folded in one turn, the first `taken` of those that were given. Of them, `duplicates` had been
    known before and `refused` went to dead letters; the others were applied."""

    turn: Turn
    taken: int
    duplicates: int
    refused: int


_NO_TICK = 'not a tick; write {"as_of": "2026-07-01T07:00:00Z"}'


class Task:
    """One partition number over all of a processor's inputs: its state, its `as_of`, its due keys."""

    def __init__(self, processor: Processor, store: Store, as_of: str = EPOCH) -> None:
        """`store` holds the restored state and `as_of` the highest tick seen before (EPOCH: none)."""
        self.processor = processor
        self.store = store
        self.as_of = as_of
        self._wakes = processor.wake is not None
        self._agenda = Agenda(store.dues(processor.due) if processor.due and processor.wake else ())

    def next_due(self) -> str | None:
        """When the first of its keys wants to be woken; None: never."""
        return self._agenda.first()

    def take(self, record: Record) -> Iterator[Turn]:
        """Applies one record (a tick: as many turns as keys are due) and yields each turn once it has taken effect."""
        if record.topic in TICK_TOPICS:
            yield from self._tick(record)
            return
        yield self.take_one(record)

    def take_one(self, record: Record) -> Turn:
        """Applies one record that is no tick, and returns its turn, which has taken effect."""
        turn = Turn(self.as_of, self.store, record)
        try:
            self.processor.fold(record, turn)
        except Exception as fault:
            turn = self._failed(turn, fault)
        if turn.writes:
            self._settle(turn)
        return turn

    def take_run(self, records: Sequence[Record]) -> Run:
        """Applies the first of some records (no ticks), as many as go well together: all, or those before one that
        fails, or that one alone. The same as `take` one by one, but with a single turn: state is read, packed and
        looked through for what is due once for each key."""
        turn = Turn(self.as_of, self.store)
        fold, duplicates, refused = self.processor.fold, 0, 0
        try:
            for record in records:
                turn.record = record
                fold(record, turn)
                if turn.duplicate or turn.dead:
                    if any(dead.record is record for dead in turn.dead):
                        refused += 1
                    elif turn.duplicate:
                        duplicates += 1
                    turn.duplicate = False
        except Exception:
            taken = next(at for at, record in enumerate(records) if record is turn.record)
            if taken:  # without the failing record's traces: a fold gives the same when it is run again
                return self.take_run(records[:taken])
            turn = self.take_one(records[0])  # says what is wrong, or fails again
            return Run(turn, 1, 0, len(turn.dead))
        self._settle(turn)
        return Run(turn, len(records), duplicates, refused)

    def _tick(self, record: Record) -> Iterator[Turn]:
        try:
            as_of = canonical(orjson.loads(record.value)["as_of"])
        except (ValueError, KeyError, TypeError):
            # Not even a tick may stop a partition for good; and what is no instant must never become `as_of`.
            yield Turn(self.as_of, self.store, record, dead=[Dead(record, "invalid", _NO_TICK)])
            return
        self.as_of = max(self.as_of, as_of)  # it never goes back
        while (next_due := self._agenda.take(self.as_of)) is not None:
            due, key = next_due
            turn = Turn(self.as_of, self.store, record)
            try:
                assert self.processor.wake is not None
                self.processor.wake(key, turn)
            except Exception as fault:
                name = self.processor.name
                fault.add_note(f"{name}: waking {key}, due {due}. It stops its partition until the fold is mended")
                raise
            self._settle(turn)
            if key not in turn.writes or self._agenda.due(key) == due:
                # it would be woken for ever, or once more after each restart
                raise RuntimeError(f"{self.processor.name}: a waking of {key} left its due instant, {due}, as it was")
            yield turn
        # the tick itself: `as_of` moved even where nothing was due
        yield Turn(self.as_of, self.store, record)

    def _due(self, value: Value | None) -> str | None:
        """When a state value wants to be woken; None: never, or there is nothing to wake it with."""
        if value is None or self.processor.due is None or self.processor.wake is None:
            return None
        return self.processor.due(value)

    def _failed(self, turn: Turn, fault: Exception) -> Turn:
        """A turn without the failed one's traces, its record dead. Raises what is of the state or the process, and no
        fault of the record."""
        assert turn.record is not None
        if isinstance(fault, Refused):
            dead = Dead(turn.record, fault.reason, fault.detail)
        elif isinstance(fault, Problem | MemoryError):
            raise fault
        else:
            detail = f"{type(fault).__name__} in {self.processor.name}; mend the fold, then replay this record"
            dead = Dead(turn.record, "fold_failed", detail)
        return Turn(turn.as_of, turn.store, turn.record, dead=[dead])

    def _settle(self, turn: Turn) -> None:
        self.store.update(turn.writes)
        if self._wakes:
            for key, value in turn.writes.items():
                self._agenda.put(key, self._due(value))
