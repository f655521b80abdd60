"""What wants to be woken, and when. Pure.

State is written with nearly every record, and most of it names the same due instant each time (when ages next change:
New Year). So a key has one entry, and keys that are due at one instant share it: a million households take 70 bytes
each, where a heap of pairs takes 160, and one that gained a pair with every write would grow for a year.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

__all__ = ["Agenda"]

_SLACK = 1_000
"""Outlived entries that are kept in any case: cleaning up a small agenda after each change would cost more."""


class Agenda:
    """The due instants of a task's keys, each key with at most one."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        """`entries`: (key, due instant)."""
        self._due: dict[str, str] = {}
        self._instants: list[str] = []  # a heap
        self._keys: dict[str, tuple[str, list[str]]] = {}  # by instant: itself, and a heap of keys
        self._entries = 0
        self._fill(entries)

    def __len__(self) -> int:
        """How many entries are held, outlived ones included."""
        return self._entries

    def due(self, key: str) -> str | None:
        """When a key wants to be woken; None: never."""
        return self._due.get(key)

    def put(self, key: str, due: str | None) -> None:
        """Sets when a key wants to be woken; None: never."""
        if self._due.get(key) == due:
            return
        if due is None:
            del self._due[key]
        else:
            if due not in self._keys:
                self._keys[due] = due, []
                heappush(self._instants, due)
            due, keys = self._keys[due]  # the same text once, not once for each key
            self._due[key] = due
            heappush(keys, key)
            self._entries += 1
        if self._entries > 2 * len(self._due) + _SLACK:
            self._fill(self._due.items())

    def first(self) -> str | None:
        """The first instant at which a key wants to be woken; None where none does."""
        while self._instants:
            due, keys = self._keys[self._instants[0]]
            while keys:
                if self._due.get(keys[0]) == due:
                    return due
                heappop(keys)
                self._entries -= 1
            del self._keys[heappop(self._instants)]
        return None

    def take(self, as_of: str) -> tuple[str, str] | None:
        """Removes and returns the first (due instant, key) that is due by `as_of`; None where nothing is."""
        due = self.first()
        if due is None or due > as_of:
            return None
        key = heappop(self._keys[due][1])
        self._entries -= 1
        del self._due[key]
        return due, key

    def _fill(self, entries: Iterable[tuple[str, str]]) -> None:
        known: dict[str, str] = {}
        self._due = {key: known.setdefault(due, due) for key, due in entries}
        self._keys = {due: (due, []) for due in known}
        for key, due in self._due.items():
            self._keys[due][1].append(key)
        for _, keys in self._keys.values():
            heapify(keys)
        self._instants = sorted(self._keys)
        self._entries = len(self._due)
