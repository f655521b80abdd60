"""Distributions as tables: values with their weights. Pure."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

__all__ = ["Table", "drawn"]

T = TypeVar("T")

Table = Sequence[tuple[T, float]]
"""Values with their weights."""


def drawn(table: Table[T], chance: float) -> T:
    """The value of a table on which a chance from 0 to 1 (excluded) falls."""
    sums = list(accumulate(weight for _, weight in table))
    mark = chance * sums[-1]
    return next(value for (value, _), limit in zip(table, sums, strict=True) if mark < limit)
