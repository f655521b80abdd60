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


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("2026-07-01T07:00:00Z", "2026-07-01T07:00:00.000Z"),
        ("2026-07-01T15:00:00.000+08:00", "2026-07-01T07:00:00.000Z"),
        ("2026-07-01T07:00:00.123456Z", "2026-07-01T07:00:00.123Z"),
        ("2026-07-01 07:00:00.000Z", "2026-07-01T07:00:00.000Z"),
        ("2026-07-01T07:00:00,000Z", "2026-07-01T07:00:00.000Z"),
        ("2026-W27-3T07:00:00.000Z", "2026-07-01T07:00:00.000Z"),
    ],
)
def test_however_an_instant_is_told_it_is_kept_in_one_form(told: str, kept: str) -> None:
    assert canonical(told) == canonical(kept) == kept


@pytest.mark.parametrize(
    "told",
    ["2026-02-30T07:00:00.000Z", "2026-07-01T25:00:00.000Z", "0000-07-01T07:00:00.000Z", "٢٠26-07-01T07:00:00.000Z"],
)
def test_what_only_has_the_form_of_an_instant_is_none(told: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 instant"):
        canonical(told)


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    """Python reads 24:00 from 3.13 on; it must not be kept as it came, for it would sort wrongly."""
    try:
        kept = canonical("2026-07-01T24:00:00.000Z")
    except ValueError:
        return
    assert kept == "2026-07-02T00:00:00.000Z"
