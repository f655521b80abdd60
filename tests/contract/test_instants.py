"""Instants at the ends of the calendar: a source's "until further notice" makes no fold fail."""

from datetime import date

import pytest

from contracts.instants import canonical, day_of, in_hong_kong, milliseconds, plus

LAST, FIRST = "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize("span", [{"seconds": 300}, {"hours": 72}, {"days": 14}])
def test_after_the_last_instant_there_is_the_last(span: dict[str, float]) -> None:
    assert plus(LAST, **span) == plus("9999-12-31T23:59:59Z", **span) == LAST
    assert plus(FIRST, **{unit: -number for unit, number in span.items()}) == FIRST


def test_every_instant_has_a_day_and_a_number() -> None:
    assert day_of(LAST) == day_of("9999-12-31T20:00:00Z") == date(9999, 12, 31)
    assert day_of("2026-07-01T16:00:00Z") == date(2026, 7, 2)
    assert in_hong_kong("2026-07-01T16:00:00Z").hour == 0
    assert milliseconds(FIRST) < 0 < milliseconds(LAST)


def test_the_ends_are_written_as_they_are_read() -> None:
    assert canonical(LAST) == LAST
    assert canonical(FIRST) == FIRST
    with pytest.raises(ValueError, match="before the year 1"):
        canonical("0001-01-01T00:00:00+14:00")
