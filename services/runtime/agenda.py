"""What wants to be woken, and when. Pure.

State is written with nearly every record, and most of it names the same due instant each time (when ages next change:
New Year). So a key has one entry; a heap that gained one with every write would grow for a year before it shrank.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

__all__ = ["Agenda"]

_SLACK = 1_000
"""Outlived entries that are kept in any case: cleaning up a small heap after each change would cost more."""


class Agenda:
    """The due instants of a task's keys, each key with at most one."""

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        """`entries`: (key, due instant)."""
        self._due = dict(entries)
        self._clean_up()

    def __len__(self) -> int:
        """How many entries are held, outlived ones included."""
        return len(self._heap)

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
            self._due[key] = due
            heappush(self._heap, (due, key))
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._clean_up()

    def take(self, as_of: str) -> tuple[str, str] | None:
        """Removes and returns the first (due instant, key) that is due by `as_of`; None where nothing is."""
        while self._heap and self._heap[0][0] <= as_of:
            due, key = heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                return due, key
        return None

    def _clean_up(self) -> None:
        self._heap = [(due, key) for key, due in self._due.items()]
        heapify(self._heap)
