"""The shape of every service's thinking: a pure fold over records (`folding` has the task that runs it).

Pure: no clock, no Kafka, no Faust. A processor's `fold` may read and write state under any key, but only keys that
follow from the record's key (one partition, one writer), and never changes a value that it was given: it puts a new
one. What every partition was told (`Output.everywhere`) any fold of the task may read. It gives the same when it is
run again on the same record and state.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson
from pydantic import BaseModel

from contracts.deadletters import Reason
from contracts.envelope import Headers

__all__ = [
    "MAX_OUTPUT_BYTES",
    "TICKS",
    "TICK_TOPICS",
    "UNIT_TICKS",
    "Dead",
    "Output",
    "OutputTooLarge",
    "Processor",
    "Record",
    "Refused",
    "Store",
    "Turn",
    "Value",
    "encode",
]

TICKS = "clock.ticks"
UNIT_TICKS = "units.ticks"
"""The simulated units' own ticks; see `contracts.control.Tick`."""

TICK_TOPICS = (TICKS, UNIT_TICKS)

Value = dict[str, Any]
"""A state value: JSON objects, lists, strings, numbers. Treat as frozen."""


@dataclass(frozen=True, slots=True)
class Record:
    """One input record as the fold sees it. `timestamp` is Kafka's, in ms; outputs inherit it."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


class Output(NamedTuple):
    """One record to be written in the same transaction. `timestamp` (ms) is that of the record which caused it.
    `everywhere`: a copy to each partition of the topic, as a tick has; else the key says which."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()
    timestamp: int = 0
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """A record that goes to `dead.letters`. `identity`: seal it before it is written."""

    record: Record
    reason: Reason
    detail: str

    @property
    def identity(self) -> bool:
        return self.reason == "identity"


class Refused(Exception):
    """Raised by a fold: the record in hand goes to dead letters and leaves no other trace."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


def encode(payload: Value | BaseModel) -> bytes:
    """The bytes of a payload. Models are written by alias, without fields that have no value."""
    if isinstance(payload, BaseModel):
        return payload.model_dump_json(by_alias=True).encode()
    return orjson.dumps(payload)


class Store(Protocol):
    """A task's state: JSON objects by key."""

    def get(self, key: str) -> Value | None: ...
    def put(self, key: str, value: Value | None) -> None:
        """Sets a key; None removes it."""

    def update(self, writes: Mapping[str, Value | None]) -> None:
        """Puts many."""

    def items(self) -> Iterator[tuple[str, Value]]: ...
    def dues(self, due: Callable[[Value], str | None]) -> Iterator[tuple[str, str]]:
        """(key, due instant) of every key that wants to be woken."""


MAX_OUTPUT_BYTES = 1_000_000
"""Kafka takes record batches of up to 1 MiB unless told otherwise; what is left is for key, headers and framing. The
engine could only find out in the transaction, and would then fail at the same record for ever."""


class OutputTooLarge(Exception):
    """A fold sends a record that Kafka would not take."""


class _Writes(dict[str, Value | None]):
    """What a turn has written; whatever else is asked for comes from the store (None: a key that is not there)."""

    __slots__ = ("_stored",)

    def __init__(self, store: Store) -> None:
        self._stored = store.get

    def __missing__(self, key: str) -> Value | None:
        return self._stored(key)


class Turn:
    """What one record (one waking of a key, a run of records) reads, writes and sends; nothing takes effect before it
    ends well. `record` and `duplicate` are of the record in hand."""

    __slots__ = (
        "as_of",
        "dead",
        "duplicate",
        "get",
        "heartbeat",
        "outputs",
        "put",
        "record",
        "store",
        "uncovered",
        "verdicts",
        "writes",
    )

    def __init__(self, as_of: str, store: Store, record: Record | None = None, dead: Iterable[Dead] = ()) -> None:
        self.as_of = as_of
        self.store = store
        self.record = record
        self.outputs: list[Output] = []
        self.dead: list[Dead] = list(dead)
        self.duplicate = False
        self.verdicts: dict[tuple[str, str], int] | None = None
        self.uncovered: list[str] | None = None
        """The districts of tasks that no unit covers; rare."""
        self.heartbeat: str | None = None
        """When the feed's latest heartbeat in this turn was received."""
        self.writes: dict[str, Value | None] = _Writes(store)
        # The dictionary's own methods: a call of each for every record that is folded.
        self.get: Callable[[str], Value | None] = self.writes.__getitem__
        """The value under a key, with this turn's own writes; None where there is none."""
        self.put: Callable[[str, Value | None], None] = self.writes.__setitem__
        """Sets a key; None removes it."""

    def emit(
        self, topic: str, key: str, payload: Value | BaseModel, headers: Headers = (), everywhere: bool = False
    ) -> None:
        """Sends a record, or a copy of it to each partition. Raises OutputTooLarge."""
        value = encode(payload)
        if len(value) > MAX_OUTPUT_BYTES:
            raise OutputTooLarge
        timestamp = 0 if self.record is None else self.record.timestamp
        self.outputs.append(Output(topic, key.encode(), value, headers, timestamp, everywhere))

    def count(self, rule: str, verdict: str) -> None:
        """Counts a clause's verdict, for the metrics; rare enough to cost the other turns nothing."""
        if self.verdicts is None:
            self.verdicts = {}
        self.verdicts[rule, verdict] = self.verdicts.get((rule, verdict), 0) + 1

    def uncover(self, district: str) -> None:
        """Counts a task that no unit covers and that a district's queue has, for the metrics."""
        self.uncovered = [*(self.uncovered or ()), district]

    def bury(self, record: Record, reason: Reason, detail: str) -> None:
        """Sends another record than the one in hand (or that one, with effects kept) to dead letters."""
        self.dead.append(Dead(record, reason, detail))


FoldFunction = Callable[[Record, Turn], None]
WakeFunction = Callable[[str, Turn], None]


@dataclass(frozen=True, slots=True)
class Processor:
    """A service's hot path: topics in, fold, topics out. State changes go to `changelog.<name>`.

    `due(value)` names the instant at which a state value wants to be woken (None: never); once a tick has passed it,
    `wake(key, turn)` is called, keys in the order of (due, key). A waking must move or clear its due instant.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    fold: FoldFunction
    due: Callable[[Value], str | None] | None = None
    wake: WakeFunction | None = None

    @property
    def ticks(self) -> bool:
        """Whether this processor reads ticks (and so has an `as_of` that moves)."""
        return any(topic in self.inputs for topic in TICK_TOPICS)

    @property
    def changelog(self) -> str:
        return f"changelog.{self.name}"
