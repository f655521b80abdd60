"""Instants on the wire: UTC, ISO 8601, milliseconds, always written the same way.

Written in one form (`2026-07-01T07:00:00.000Z`), instants compare as text in the order of time, so the
inner hops need no parsing to tell earlier from later.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field

__all__ = [
    "EPOCH",
    "Instant",
    "canonical",
    "day_of",
    "from_milliseconds",
    "in_hong_kong",
    "milliseconds",
    "parse",
    "plus",
    "write",
]

EPOCH = "1970-01-01T00:00:00.000Z"
"""The `as_of` of a task that has seen no tick yet."""


_LENGTH = len("2026-07-01T07:00:00.000")

_SHAPE = bytes.maketrans(b"123456789", b"000000000")
_CANONICAL = b"0000-00-00T00:00:00.000Z"


def parse(instant: str) -> datetime:
    """The aware UTC datetime of an ISO 8601 text. Raises ValueError (without quoting the text, which could hold
    anything) for text that is no instant or has no offset."""
    return _in_utc(_read(instant))


def _read(instant: str) -> datetime:
    try:
        return datetime.fromisoformat(instant)
    except ValueError:
        raise ValueError("not an ISO 8601 instant; write it as 2026-07-01T07:00:00Z") from None


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant without a UTC offset; write it as 2026-07-01T07:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant before the year 1 or after 9999 in UTC") from None


def write(moment: datetime) -> str:
    """The canonical text of an aware datetime; digits below a millisecond are cut off."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:_LENGTH] + "Z"


def canonical(instant: str) -> str:
    """The canonical text of any ISO 8601 instant with an offset. Raises ValueError otherwise."""
    moment = _read(instant)
    # Nearly all are written so already, and to see it costs a tenth of writing them anew. 24:00 is of the next day.
    if instant.isascii() and instant.encode().translate(_SHAPE) == _CANONICAL and instant[11:13] != "24":
        return instant
    return write(_in_utc(moment))


def plus(instant: str, *, days: float = 0, hours: float = 0, seconds: float = 0) -> str:
    """The instant that lies the given days, hours and seconds later (negative: earlier), or the last (first) that
    can be written: sources say "until further notice" as the end of the year 9999, and no fold may fail at that."""
    span = timedelta(days=days, hours=hours, seconds=seconds)
    return write(_shifted(parse(instant), span))


@lru_cache(maxsize=4096)  # of one `as_of`, of what came in at once, of facts that are evidence for many clauses
def milliseconds(instant: str) -> int:
    """Milliseconds since 1970-01-01T00:00Z."""
    return round(parse(instant).timestamp() * 1000)


def from_milliseconds(value: int) -> str:
    """The canonical instant of milliseconds since 1970-01-01T00:00Z."""
    return write(datetime.fromtimestamp(value / 1000, UTC))


_HONG_KONG_OFFSET = timedelta(hours=8)


@lru_cache(maxsize=16_384)  # asked of the same instants again and again: an `as_of`, the starts of tenancies
def day_of(instant: str) -> date:
    """The calendar day in Hong Kong."""
    return in_hong_kong(instant).date()


def in_hong_kong(instant: str) -> datetime:
    """What clock and calendar show there (UTC+8, no summer time since 1979)."""
    return _shifted(parse(instant), _HONG_KONG_OFFSET)


def _shifted(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if span > timedelta() else datetime.min.replace(tzinfo=UTC)


Instant = Annotated[
    str,
    AfterValidator(canonical),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-07-01T07:00:00.000Z"]),
]
"""A field that holds an instant: read in any ISO 8601 form with an offset, kept in the canonical one."""
