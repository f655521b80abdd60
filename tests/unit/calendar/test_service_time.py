"""How time passes by service hours: nights, weekends, Lunar New Year, a holiday on a Sunday; and what always holds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.instants import EPOCH, day_of, in_hong_kong, plus
from services.calendar import ROUND_THE_CLOCK, Calendar, Holidays, Week
from tests.unit.calendar.made import calendar, hk

TABLES = sorted(calendar().tables)
INSTANTS = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: plus("2024-12-31T16:00:00.000Z", seconds=60.0 * minutes)
)
SPANS = st.one_of(st.integers(1, 400).map(lambda n: f"{n}h"), st.integers(1, 9_999).map(lambda n: f"{n}m"))
DAYS = st.integers(1, 30).map(lambda n: f"{n}d")


@pytest.mark.parametrize(
    ("hours", "start", "span", "due"),
    [
        # Friday afternoon, and the night
        ("office", "2026-07-10 15:00", "2h", "2026-07-10 17:00"),
        ("office", "2026-07-10 16:00", "2h", "2026-07-13 10:00"),
        ("office", "2026-07-13 22:30", "4h", "2026-07-14 13:00"),
        ("office", "2026-07-13 03:00", "1h", "2026-07-13 10:00"),
        # the weekend; the elderly centre is open on Saturday, the Care Team on Sunday too
        ("office", "2026-07-11 11:00", "1d", "2026-07-14 09:00"),
        ("elderly_centre", "2026-07-11 11:00", "1d", "2026-07-13 11:00"),
        ("care_team", "2026-07-11 11:00", "1d", "2026-07-12 11:00"),
        ("care_team", "2026-07-10 18:30", "1d", "2026-07-11 17:00"),
        ("round_the_clock", "2026-07-11 23:00", "4h", "2026-07-12 03:00"),
        ("round_the_clock", "2026-02-16 23:00", "1d", "2026-02-17 23:00"),
        # lunch
        ("office_with_lunch", "2026-07-13 12:00", "2h", "2026-07-13 15:00"),
        ("office_with_lunch", "2026-07-13 12:00", "1h", "2026-07-13 13:00"),
        # Lunar New Year 2026: Tuesday 17 to Thursday 19 February; from Monday evening to Friday nobody is there
        ("office", "2026-02-16 16:00", "4h", "2026-02-20 12:00"),
        ("office", "2026-02-16 16:00", "1d", "2026-02-20 16:00"),
        ("elderly_centre", "2026-02-16 18:00", "3d", "2026-02-24 09:00"),
        # Lunar New Year 2027 begins on a Saturday: the fourth day is kept on Tuesday the 9th
        ("office", "2027-02-05 16:30", "1h", "2027-02-10 09:30"),
        # Chung Yeung 2026 falls on a Sunday and is kept on Monday 19 October
        ("office", "2026-10-16 16:00", "2h", "2026-10-20 10:00"),
        # Ching Ming 2026 on the Sunday of Easter: Friday the 3rd to Tuesday the 7th of April
        ("office", "2026-04-02 16:00", "2h", "2026-04-08 10:00"),
        # the Saturday after Good Friday is a general holiday, which elderly centres keep
        ("elderly_centre", "2026-04-02 16:00", "1d", "2026-04-08 16:00"),
        # over New Year: the day before is a working day
        ("office", "2026-12-31 16:00", "2h", "2027-01-04 10:00"),
        ("office", "2026-12-31 16:00", "3d", "2027-01-06 16:00"),
        # at the minute of closing the day is over
        ("office", "2026-07-10 17:00", "1h", "2026-07-13 10:00"),
        ("office", "2026-07-10 17:00", "1d", "2026-07-14 09:00"),
    ],
)
def test_what_is_due_when(hours: str, start: str, span: str, due: str) -> None:
    assert calendar().after(hours, hk(start), span) == hk(due)


@pytest.mark.parametrize(
    ("hours", "instant", "opening"),
    [
        ("office", "2026-07-13 12:00", "2026-07-13 12:00"),
        ("office", "2026-07-10 17:00", "2026-07-13 09:00"),
        ("office", "2026-02-16 17:00", "2026-02-20 09:00"),
        ("care_team", "2026-10-18 12:00", "2026-10-18 12:00"),  # Chung Yeung itself, kept on the day after
        ("care_team", "2026-10-19 12:00", "2026-10-20 10:00"),
        ("round_the_clock", "2026-10-19 03:00", "2026-10-19 03:00"),
    ],
)
def test_the_next_opening(hours: str, instant: str, opening: str) -> None:
    assert calendar().opening(hours, hk(instant)) == hk(opening)
    assert calendar().is_open(hours, hk(instant)) == (instant == opening)


def test_hours_between() -> None:
    assert calendar().hours_between("office", hk("2026-02-16 16:00"), hk("2026-02-20 12:00")) == 4
    assert calendar().hours_between("office", hk("2026-02-20 12:00"), hk("2026-02-16 16:00")) == -4
    assert calendar().hours_between("office", hk("2026-07-11 00:00"), hk("2026-07-12 23:00")) == 0
    assert calendar().hours_between("office", hk("2026-01-01 00:00"), hk("2027-01-01 00:00")) == 8 * (261 - 14)


def test_a_share_of_a_clock_is_of_its_service_time() -> None:
    assert calendar().part("office", hk("2026-07-10 15:00"), hk("2026-07-13 11:00"), 0.75) == hk("2026-07-13 10:00")
    assert calendar().part("office", hk("2026-07-13 11:00"), hk("2026-07-13 11:00"), 0.75) == hk("2026-07-13 11:00")
    late = calendar().part("office", hk("2026-07-14 11:00"), hk("2026-07-13 11:00"), 0.75)
    assert late == hk("2026-07-13 11:00")


def test_a_year_without_known_holidays_is_counted_without_any() -> None:
    """Earlier rather than later: on Lunar New Year 2031 somebody looks at a task that could have waited."""
    assert calendar().knows(2028)
    assert not calendar().knows(2031)
    assert calendar().after("office", hk("2031-01-22 16:00"), "2h") == hk("2031-01-23 10:00")


@pytest.mark.parametrize("hours", TABLES)
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00.000Z", EPOCH, "9999-12-31T23:59:59.999Z"])
def test_no_instant_that_a_source_can_write_fails(hours: str, instant: str) -> None:
    for span in ("0m", "30m", "400h", "14d"):
        assert calendar().after(hours, instant, span) >= instant
    calendar().opening(hours, instant)
    calendar().part(hours, instant, plus(instant, hours=9), 0.75)
    assert abs(calendar().hours_between(hours, instant, plus(instant, hours=9))) <= 9


@given(st.sampled_from(TABLES), INSTANTS, SPANS | DAYS)
def test_nothing_is_due_outside_service_hours(hours: str, instant: str, span: str) -> None:
    due = calendar().after(hours, instant, span)
    assert due > instant
    # at the minute of closing it is due, and no longer open
    assert calendar().is_open(hours, due) or calendar().is_open(hours, plus(due, seconds=-0.001))
    assert calendar().open_on(hours, day_of(plus(due, seconds=-0.001)))


@given(st.sampled_from(TABLES), INSTANTS, SPANS)
def test_adding_and_measuring_agree(hours: str, instant: str, span: str) -> None:
    wanted = int(span[:-1]) / (1 if span.endswith("h") else 60)
    due = calendar().after(hours, instant, span)
    assert calendar().hours_between(hours, instant, due) == pytest.approx(wanted)
    assert calendar().hours_between(hours, due, instant) == pytest.approx(-wanted)


@given(st.sampled_from(TABLES), INSTANTS, INSTANTS, SPANS | DAYS)
def test_who_begins_later_is_never_due_earlier(hours: str, one: str, other: str, span: str) -> None:
    first, last = sorted((one, other))
    assert calendar().after(hours, first, span) <= calendar().after(hours, last, span)


@given(st.sampled_from(TABLES), INSTANTS, st.integers(0, 100), st.integers(0, 100), st.sampled_from("mhd"))
def test_a_longer_span_is_never_due_earlier(hours: str, instant: str, one: int, other: int, unit: str) -> None:
    short, long = sorted((one, other))
    assert calendar().after(hours, instant, f"{short}{unit}") <= calendar().after(hours, instant, f"{long}{unit}")


@given(st.sampled_from(TABLES), INSTANTS, st.integers(1, 50), st.integers(1, 50))
def test_spans_add_up(hours: str, instant: str, one: int, other: int) -> None:
    at_once = calendar().after(hours, instant, f"{one + other}h")
    in_two = calendar().after(hours, calendar().after(hours, instant, f"{one}h"), f"{other}h")
    assert at_once == in_two


@given(st.sampled_from(TABLES), INSTANTS, INSTANTS, st.floats(0.05, 0.95))
def test_a_reminder_comes_between_the_beginning_and_the_end(hours: str, one: str, other: str, share: float) -> None:
    first, last = sorted((one, other))
    assert min(first, last) <= calendar().part(hours, first, last, share) <= last


@given(INSTANTS, SPANS)
def test_round_the_clock_is_plain_time(instant: str, span: str) -> None:
    hours = int(span[:-1]) / (1 if span.endswith("h") else 60)
    assert calendar().after(ROUND_THE_CLOCK, instant, span) == plus(instant, hours=hours)


@given(INSTANTS)
def test_it_agrees_with_counting_minute_by_minute(instant: str) -> None:
    """Against a second way to do it, slow and plain: walk on, minute by minute, and count those that are open."""
    week = dict.fromkeys(range(5), (9 * 60, 17 * 60))
    holidays = {one.day for one in calendar().holidays.days}
    moment, left = in_hong_kong(instant), 90
    while left:
        start, end = week.get(moment.weekday(), (0, 0)) if moment.date() not in holidays else (0, 0)
        if start <= moment.hour * 60 + moment.minute < end:
            left -= 1
            moment += timedelta(minutes=1)
        else:
            moment += timedelta(minutes=1)
    assert in_hong_kong(calendar().after("office", instant, "90m")) == moment


def test_every_year_asked_for_is_laid_out_alike_however_many_were() -> None:
    made = Calendar({"office": Week.model_validate({"mon-fri": ["09:00-17:00"]})}, calendar().holidays)
    first = made.after("office", hk("2026-02-16 16:00"), "2h")
    for year in range(1900, 2100):
        made.after("office", f"{year}-05-05T00:00:00.000Z", "2h")
    assert made.after("office", hk("2026-02-16 16:00"), "2h") == first
    assert len(made._years) <= 64


def test_a_service_day_later_on_a_day_that_begins_later_is_at_its_beginning() -> None:
    clinic = Week.model_validate({"mon": ["08:00-12:00"], "tue": ["13:00-17:00"]})
    own = Calendar({"clinic": clinic}, calendar().holidays)
    assert own.after("clinic", hk("2026-07-13 09:00"), "1d") == hk("2026-07-14 13:00")
    assert own.after("clinic", hk("2026-07-14 16:00"), "1d") == hk("2026-07-20 12:00")


def test_a_holiday_has_the_hours_of_holidays() -> None:
    week = Week.model_validate({"mon-sun": ["09:00-17:00"], "holidays": ["10:00-12:00"]})
    new_year = {"day": date(2026, 2, 17), "en": "New Year", "zh-Hant": "年初一"}
    holidays = Holidays.model_validate({"first_year": 2026, "last_year": 2026, "days": [new_year]})
    assert Calendar({"centre": week}, holidays).after("centre", hk("2026-02-16 16:00"), "2h") == hk("2026-02-17 11:00")
