"""Chance that is the same on every machine and Python version.

Only `random.Random.random()` is used: of all generators in the standard library its sequence alone is
promised to stay the same. No logarithms or exponentials either (they may differ in the last digit between C
libraries):
distributions are tables.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

from services.simulator.tables import Table, drawn

__all__ = ["Dice", "Table"]

T = TypeVar("T")


class Dice:
    """One stream of chance, named, so that a change in one part of the story leaves the others as they
    were."""

    def __init__(self, seed: int, name: str) -> None:
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self._next = random.Random(int.from_bytes(digest)).random

    def chance(self, share: float) -> bool:
        """True in this share of the throws."""
        return self._next() < share

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1."""
        return int(self._next() * bound)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[self.below(len(choices))]

    def weighted(self, table: Table[T]) -> T:
        """One of the table's values, as likely as its weight says."""
        return drawn(table, self._next())

    def count(self, expected: float) -> int:
        """A whole number with this mean: its floor, or one more."""
        return int(expected) + self.chance(expected - int(expected))

    def order(self, items: Sequence[T]) -> list[T]:
        """The items in a random order."""
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = self.below(last + 1)
            out[last], out[other] = out[other], out[last]
        return out
