"""A task's state in memory: JSON bytes by key.

Twelve facts as objects take 3.8 KB a household, packed 1.3 KB; with hundreds of thousands of households that
decides whether a task fits. So values are kept packed, and decoded once per batch in which they are needed.
"""

from collections.abc import Iterator

import orjson

from services.runtime.fold import Value

__all__ = ["PackedStore"]


class PackedStore:
    """Implements `fold.Store`. What `put` changed is kept decoded until `changes` packs it, once per batch."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        self._decoded: dict[str, Value | None] = {}
        self._touched: set[str] = set()

    def __len__(self) -> int:
        return len(self._packed)

    def get(self, key: str) -> Value | None:
        """The value under a key; None where there is none."""
        if key in self._decoded:
            return self._decoded[key]
        packed = self._packed.get(key)
        if packed is None:
            return None
        value: Value = orjson.loads(packed)
        self._decoded[key] = value
        return value

    def put(self, key: str, value: Value | None) -> None:
        """Sets a key; None removes it."""
        self._decoded[key] = value
        self._touched.add(key)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every key with its value, those of the running batch included."""
        for key in [*self._packed, *(key for key in self._touched if key not in self._packed)]:
            value = self._decoded[key] if key in self._decoded else orjson.loads(self._packed[key])
            if value is not None:
                yield key, value

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Ends a batch: packs what changed and returns it (None: removed), in the order of keys so that the same
        batch writes the same changelog. A value that came out as it was is not a change."""
        changed: list[tuple[str, bytes | None]] = []
        for key in sorted(self._touched):
            value = self._decoded[key]
            if value is None:
                if self._packed.pop(key, None) is not None:
                    changed.append((key, None))
                continue
            packed = _tight(orjson.dumps(value))
            if self._packed.get(key) != packed:
                self._packed[key] = packed
                changed.append((key, packed))
        self._touched.clear()
        self._decoded.clear()
        return changed

    def load(self, key: str, packed: bytes | None) -> None:
        """One record of the changelog, during restore."""
        if packed is None:
            self._packed.pop(key, None)
        else:
            self._packed[key] = packed


def _tight(packed: bytes) -> bytes:
    """orjson's results hold on to the buffer they grew in (4.2 KB for 1.3 KB of state); a copy does not."""
    return bytes(bytearray(packed))
