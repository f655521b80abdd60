"""Counts, gaps and sequences in time, and what should have come by now: what several themes need. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from contracts.instants import milliseconds, plus

__all__ = ["gaps_in_days", "in_order", "most_within", "not_come"]


def most_within(instants: Sequence[str], days: float) -> int:
    """The largest number of these instants (in order) that lie within any so many days."""
    most = start = 0
    for place, instant in enumerate(instants):
        while instant > plus(instants[start], days=days):
            start += 1
        most = max(most, place + 1 - start)
    return most


def gaps_in_days(instants: Sequence[str]) -> list[float]:
    """Days between each instant and the next, of instants in order."""
    moments = [milliseconds(instant) for instant in instants]
    return [(later - earlier) / 86_400_000 for earlier, later in pairwise(moments)]


def in_order(earlier: str | None, later: str | None) -> bool:
    """Whether both have happened, the one no later than the other."""
    return earlier is not None and later is not None and earlier <= later


def not_come(since: str, days: float, came: bool, as_of: str) -> tuple[bool, str | None]:
    """Whether something that was to come within so many days of `since` is overdue, and when that may change by time
    alone. The due instant follows from `since`, so a tick only reveals that it has passed."""
    due = plus(since, days=days)
    return (False, None) if came else (as_of >= due, due)
