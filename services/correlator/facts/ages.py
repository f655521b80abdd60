"""Ages, from years of birth: the day is not known to anybody here. Pure."""

from collections.abc import Sequence
from functools import lru_cache

from contracts.instants import day_of
from services.correlator.view import Person

__all__ = ["ABLE_UNTIL_AGE", "ADULT_AGE", "ELDERLY_AGE", "ages", "next_new_year"]

ELDERLY_AGE = 65
"""From this age on a person counts as elderly (the census's and the pilots' measure; figures.md)."""
ABLE_UNTIL_AGE = 75
"""A co-resident adult below this age, not in hospital and not cared for, counts as able to step in."""
ADULT_AGE = 18


def ages(persons: Sequence[Person], at: str) -> list[int | None]:
    """Ages in years at an instant, in the order of the persons; None where nobody has said the year of birth."""
    year = _year(at)
    return [None if (born := person.birth_year) is None else year - born for person in persons]


@lru_cache(maxsize=64)  # of one `as_of` for a while
def next_new_year(as_of: str) -> str:
    """When ages next change: New Year in Hong Kong, since only the year of birth is known. Before the first tick that
    is in 1970, so that the first tick wakes everybody whose age matters."""
    return f"{_year(as_of):04d}-12-31T16:00:00.000Z"


@lru_cache(maxsize=64)  # of one `as_of` for a while
def _year(at: str) -> int:
    return day_of(at).year
