"""How time passes by service hours. Pure.

Asked with every record of a household that has a task, so a year's openings are laid out once, with the service time
before each; a question is then two bisections. Inside, instants are milliseconds of Hong Kong's clock since 1970.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from contracts.instants import from_milliseconds, milliseconds
from services.calendar.hours import HOLIDAYS, Holidays, Week
from services.calendar.span import MINUTE, read_span

__all__ = ["Calendar"]

_OFFSET = 8 * 60 * MINUTE
_DAY = 24 * 60 * MINUTE
_EPOCH = date(1970, 1, 1).toordinal()

_FIRST, _LAST = 2, 9_998
"""Years. Sources say "until further notice" as the end of 9999, and no fold may fail at that."""

_KEPT = 64
"""Years that are kept laid out, of all tables: what a source dates centuries away must not fill the memory."""


class _Year(NamedTuple):
    """A year of one table: its openings, the service time before each, and the days with any opening."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    after: list[int]
    total: int
    days: list[int]


class Calendar:
    """Service hours by the names of their tables. A year of which the holidays are not known is counted without any:
    what is due then is due too early rather than too late."""

    def __init__(self, tables: Mapping[str, Week], holidays: Holidays) -> None:
        self.tables = dict(tables)
        self.holidays = holidays
        self._weeks = {name: week.openings() for name, week in tables.items()}
        self._holidays = {one.day.toordinal() - _EPOCH for one in holidays.days}
        self._years: dict[tuple[str, int], _Year] = {}
        self._always = {name for name, week in self._weeks.items() if all(hours == ((0, 24 * 60),) for hours in week)}

    def after(self, hours: str, instant: str, span: str) -> str:
        """The instant at which a span (`30m`, `4h`, `2d`) of service time has passed: never outside service hours. A
        service day later is the same time of the next day with service hours, within them."""
        length, days = read_span(span)
        at = _local(instant)
        if _out_of_bounds(at):
            return instant
        return _written(self._days_later(hours, at, days) if days else self._later(hours, at, length))

    def part(self, hours: str, start: str, end: str, share: float) -> str:
        """The instant at which this share of the service time between two instants has passed; `end` where they are
        not in order."""
        first, last = _local(start), _local(end)
        if first >= last or _out_of_bounds(first) or _out_of_bounds(last):
            return end
        worked = int(self._between(hours, first, last) * share)
        return min(end, _written(self._later(hours, first, worked)))

    def hours_between(self, hours: str, start: str, end: str) -> float:
        """Hours of service time between two instants; negative where `end` is before `start`."""
        first, last = (min(max(_local(instant), _BEGIN), _END) for instant in (start, end))
        span = self._between(hours, first, last) if first <= last else -self._between(hours, last, first)
        return span / (60 * MINUTE)

    def opening(self, hours: str, instant: str) -> str:
        """The instant itself during service hours, else the next opening."""
        at = _local(instant)
        return instant if _out_of_bounds(at) else _written(self._later(hours, at, 0))

    def is_open(self, hours: str, instant: str) -> bool:
        """Whether it is within service hours (at the minute of closing no more)."""
        at = _local(instant)
        return not _out_of_bounds(at) and self._later(hours, at, 0) == at

    def open_on(self, hours: str, day: date) -> bool:
        """Whether there are service hours on a day in Hong Kong."""
        return bool(self._openings(hours, day.toordinal() - _EPOCH))

    def knows(self, year: int) -> bool:
        """Whether the general holidays of a year are known."""
        return self.holidays.first_year <= year <= self.holidays.last_year

    def _later(self, hours: str, at: int, span: int) -> int:
        if hours in self._always:
            return at + span
        year = _year_of(at)
        laid = self._year(hours, year)
        place = bisect_right(laid.ends, at)  # the first opening that is not over
        target = span + (
            laid.total if place == len(laid.ends) else laid.before[place] + max(0, at - laid.starts[place])
        )
        # At the close of an opening the next one has not begun: what takes no time at all waits for it.
        find = bisect_left if span else bisect_right
        while target > laid.total or (not span and target == laid.total):
            target -= laid.total
            year += 1
            if year > _LAST:
                return at
            laid = self._year(hours, year)
        place = find(laid.after, target)
        return laid.starts[place] + target - laid.before[place]

    def _days_later(self, hours: str, at: int, days: int) -> int:
        at = self._later(hours, at, 0)
        year, (day, time) = _year_of(at), divmod(at, _DAY)
        laid = self._year(hours, year)
        place = bisect_left(laid.days, day) + days
        while place >= len(laid.days):
            place -= len(laid.days)
            year += 1
            if year > _LAST:
                return at
            laid = self._year(hours, year)
        day = laid.days[place]
        openings = self._openings(hours, day)
        begun = [opening for opening in openings if opening[0] * MINUTE <= time]
        within = min(time, begun[-1][1] * MINUTE) if begun else openings[0][0] * MINUTE
        return day * _DAY + within

    def _between(self, hours: str, first: int, last: int) -> int:
        if hours in self._always:
            return last - first
        years = range(_year_of(first), _year_of(last))
        return (
            sum(self._year(hours, year).total for year in years)
            + self._worked(hours, last)
            - self._worked(hours, first)
        )

    def _worked(self, hours: str, at: int) -> int:
        """Service time since the year began."""
        laid = self._year(hours, _year_of(at))
        place = bisect_right(laid.ends, at)
        return laid.total if place == len(laid.ends) else laid.before[place] + max(0, at - laid.starts[place])

    def _openings(self, hours: str, day: int) -> tuple[tuple[int, int], ...]:
        week = self._weeks[hours]
        return week[HOLIDAYS] if day in self._holidays else week[(day + 3) % 7]  # 1970 began on a Thursday

    def _year(self, hours: str, year: int) -> _Year:
        laid = self._years.get((hours, year))
        if laid is None:
            if len(self._years) >= _KEPT:
                self._years.clear()
            laid = self._years[hours, year] = self._lay_out(hours, year)
        return laid

    def _lay_out(self, hours: str, year: int) -> _Year:
        first, last = (date(each, 1, 1).toordinal() - _EPOCH for each in (year, year + 1))
        laid = _Year([], [], [], [], 0, [])
        total = 0
        for day in range(first, last):
            openings = self._openings(hours, day)
            if openings:
                laid.days.append(day)
            for start, end in openings:
                laid.starts.append(day * _DAY + start * MINUTE)
                laid.ends.append(day * _DAY + end * MINUTE)
                laid.before.append(total)
                total += (end - start) * MINUTE
                laid.after.append(total)
        return laid._replace(total=total)


def _local(instant: str) -> int:
    return milliseconds(instant) + _OFFSET


def _written(at: int) -> str:
    return from_milliseconds(at - _OFFSET)


def _year_of(at: int) -> int:
    return date.fromordinal(at // _DAY + _EPOCH).year


def _out_of_bounds(at: int) -> bool:
    return not _BEGIN <= at < _END


_BEGIN, _END = ((date(year, 1, 1).toordinal() - _EPOCH) * _DAY for year in (_FIRST, _LAST))
