"""A task's state in memory: packed values by key.

Facts as objects take three times as much as their JSON, and that five times as much as packed (see `packing`); with
hundreds of thousands of households that decides whether a task fits. So values stay packed, and are unpacked once per
batch in which they are needed.
"""

from collections.abc import Callable, Iterator, Mapping

import orjson

from services.runtime.errors import Problem
from services.runtime.fold import Value
from services.runtime.packing import pack, unpack

__all__ = ["BEGINNINGS", "PackedStore", "read_value"]

Due = Callable[[Value], str | None]

_BRACE = ord("{")

_UNREAD: Value = {}
"""Stands for a value that was not read yet; None is one that was removed."""

_END = b"\n"
"""After the due instant. No packed value begins with one, or with what an instant begins with."""

BEGINNINGS = frozenset(bytes([byte]) for byte in b"{(\n0123456789")
"""What a packed value begins with: JSON, zstd, or a due instant (or none) and a line's end."""


class PackedStore:
    """Implements `fold.Store`. What `put` changed is kept decoded until `changes` packs it, once per batch.

    With `due`, each value is kept, and written, with its due instant in front of it (`2027-01-01T00:00:00.000Z`, or
    nothing, and a line's end), so that a restored task knows what is due without unpacking a million values.
    """

    def __init__(self, due: Due | None = None) -> None:
        self._due = due
        self._packed: dict[str, bytes] = {}
        # Of the running batch: values read or written, what was written, and the JSON that was read.
        self._decoded: dict[str, Value | None] = {}
        self._touched: dict[str, None] = {}
        self._read: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._packed)

    def get(self, key: str) -> Value | None:
        """The value under a key; None where there is none."""
        value: Value | None = self._decoded.get(key, _UNREAD)
        if value is not _UNREAD:
            return value
        packed = self._packed.get(key)
        if packed is None:
            return None
        try:
            plain = packed if packed[0] == _BRACE else _value(packed)
            value = orjson.loads(plain)
        except (ValueError, Problem) as fault:
            # not the record's fault that is in hand: it must not become a dead letter for it
            raise Problem(f"the state of key {key} is damaged ({fault}); its changelog must be mended") from fault
        self._read[key] = plain
        self._decoded[key] = value
        return value

    def put(self, key: str, value: Value | None) -> None:
        """Sets a key; None removes it."""
        self._decoded[key] = value
        self._touched[key] = None

    def update(self, writes: Mapping[str, Value | None]) -> None:
        """Puts many."""
        self._decoded.update(writes)
        self._touched.update(dict.fromkeys(writes))

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every key with its value, those of the running batch included."""
        for key in [*self._packed, *(key for key in self._touched if key not in self._packed)]:
            value = self._decoded[key] if key in self._decoded else orjson.loads(_value(self._packed[key]))
            if value is not None:
                yield key, value

    def dues(self, due: Due) -> Iterator[tuple[str, str]]:
        """(key, due instant) of every key that wants to be woken. Between batches only. `due` is asked about values
        that stand without an instant, as a version without this wrote them."""
        for key, packed in self._packed.items():
            end = _end_of_due(packed)
            instant = packed[: end - 1].decode() if end else due(orjson.loads(unpack(packed)))
            if instant:
                yield key, instant

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Ends a batch: packs what changed and returns it (None: removed), in the order in which it was first written.
        A value that came out as it was is not a change."""
        changed: list[tuple[str, bytes | None]] = []
        for key in self._touched:
            value = self._decoded[key]
            if value is None:
                if self._packed.pop(key, None) is not None:
                    changed.append((key, None))
                continue
            plain = orjson.dumps(value)
            if self._read.get(key) == plain:
                continue
            packed = self._whole(value, plain)
            if self._packed.get(key) != packed:
                self._packed[key] = packed
                changed.append((key, packed))
        self._touched.clear()
        self._decoded.clear()
        self._read.clear()
        return changed

    def load(self, key: str, packed: bytes | None) -> None:
        """One record of the changelog, during restore."""
        if packed is None:
            self._packed.pop(key, None)
        else:
            self._packed[key] = packed

    def _whole(self, value: Value, plain: bytes) -> bytes:
        if self._due is not None:
            return (self._due(value) or "").encode() + _END + pack(plain)
        # orjson's and zstd's results hold on to the buffer they grew in (4.2 KB for 1.3 KB); a copy does not
        return bytes(bytearray(pack(plain)))


def _end_of_due(packed: bytes) -> int:
    """Where the value begins after its due instant; 0: there is none in front of it."""
    return 0 if packed[:1] in (b"{", b"(") else packed.index(_END) + 1


def read_value(packed: bytes) -> Value:
    """A value as it stands in a changelog, for people and tests. Raises Problem where it is none."""
    value: Value = orjson.loads(_value(packed))
    return value


def _value(packed: bytes) -> bytes:
    """The JSON of a value, with or without a due instant in front."""
    return unpack(packed[_end_of_due(packed) :])
