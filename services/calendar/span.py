"""Spans of service time and times of day, as policy writes them: `30m`, `4h`, `3d`; `08:45`. Pure."""

import re
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field

__all__ = ["MINUTE", "Span", "TimeOfDay", "minutes_of_day", "read_span"]

MINUTE = 60_000
"""Milliseconds."""

_SPAN = re.compile(r"(\d{1,5})([mhd])").fullmatch
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)").fullmatch


def _span(said: object) -> object:
    if not (isinstance(said, str) and _SPAN(said)):
        raise ValueError(f"{said!r} is no span of time; write minutes, hours or service days: 30m, 4h, 2d")
    return said


def _time(said: object) -> object:
    if not (isinstance(said, str) and _TIME(said) and minutes_of_day(said) <= 24 * 60):
        raise ValueError(f"{said!r} is no time of day; write it as 08:45 (in quotes)")
    return said


Span = Annotated[str, BeforeValidator(_span), Field(examples=["30m", "4h", "2d"])]
"""Minutes or hours of service time, or service days: the same time of the next day on which the unit is open."""

TimeOfDay = Annotated[str, BeforeValidator(_time), Field(examples=["08:45"])]
"""A time of day in Hong Kong."""


@lru_cache(maxsize=256)
def read_span(span: str) -> tuple[int, int]:
    """(milliseconds, service days) of a span; one of the two is 0."""
    matched = _SPAN(span)
    assert matched is not None, span
    count = int(matched[1])
    return (0, count) if matched[2] == "d" else (count * MINUTE * (60 if matched[2] == "h" else 1), 0)


def minutes_of_day(time: str) -> int:
    """Minutes since midnight."""
    return int(time[:2]) * 60 + int(time[3:])
