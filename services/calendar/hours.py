"""What the department writes about service hours, as data: weeks and holidays. Pure models."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, model_validator

from services.calendar.span import minutes_of_day

__all__ = ["HOLIDAYS", "ROUND_THE_CLOCK", "Holiday", "Holidays", "Opening", "Week"]

ROUND_THE_CLOCK = "round_the_clock"
"""The table that is never closed; `stat` tasks and a carer's admission run by it, whoever has them."""

HOLIDAYS = 7
"""The place of general holidays in a week, after Sunday."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays")

Opening = tuple[int, int]
"""(from, to) in minutes of the day."""


def _days(said: object) -> object:
    _places(str(said))
    return said


def _places(said: str) -> range:
    first, _, last = said.partition("-")
    if first not in _DAYS or (last or first) not in _DAYS[: 7 if last else 8]:
        raise ValueError(f"{said!r} is no day; write a day (sat), days in a row (mon-fri), or holidays")
    places = range(_DAYS.index(first), _DAYS.index(last or first) + 1)
    if not places or (last and first == "holidays"):
        raise ValueError(f"{said!r} ends before it begins; the week begins on Monday: mon-fri, sat, sun, holidays")
    return places


def _opening(said: object) -> object:
    parts = str(said).split("-")
    try:
        start, end = (minutes_of_day(part) for part in parts if len(part) == 5 and part[2] == ":")
    except ValueError:
        start, end = 0, 0
    if len(parts) != 2 or not 0 <= start < end <= 24 * 60:
        raise ValueError(f"{said!r} are no hours of one day; write from and to: 09:00-17:00")
    return said


Days = Annotated[str, AfterValidator(_days)]
Hours = Annotated[str, BeforeValidator(_opening)]


class Week(RootModel[dict[Days, list[Hours]]]):
    """When a unit is open: the hours of each day of a week, and of general holidays. What is not named is closed; a
    holiday has the hours of `holidays`, whichever day it falls on."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _must_make_sense(self) -> "Week":
        named: set[int] = set()
        for days in self.root:
            if twice := named.intersection(_places(days)):
                raise ValueError(f"{_DAYS[min(twice)]} is named twice; keep one")
            named.update(_places(days))
        openings = self.openings()
        if not any(openings[:HOLIDAYS]):
            raise ValueError("is never open; name days and hours, for example mon-fri: [09:00-17:00]")
        for hours in openings:
            if any(later[0] < earlier[1] for earlier, later in pairwise(hours)):
                raise ValueError("hours of one day overlap; write each once")
        return self

    def openings(self) -> list[tuple[Opening, ...]]:
        """The openings of Monday to Sunday and of general holidays, the first first."""
        week: list[tuple[Opening, ...]] = [()] * len(_DAYS)
        for days, hours in self.root.items():
            for place in _places(days):
                week[place] = tuple(sorted((minutes_of_day(one[:5]), minutes_of_day(one[6:])) for one in hours))
        return week


class Holiday(BaseModel):
    """One general holiday. `estimated`: it was reckoned, and not yet published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    en: str = Field(min_length=1)
    zh_hant: str = Field(alias="zh-Hant", min_length=1)
    estimated: bool = False


class Holidays(BaseModel):
    """The general holidays of all years from `first_year` to `last_year`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_year: int = Field(ge=2000, le=2099)
    last_year: int = Field(ge=2000, le=2099)
    days: list[Holiday]

    @model_validator(mode="after")
    def _must_make_sense(self) -> "Holidays":
        years = range(self.first_year, self.last_year + 1)
        if not years:
            raise ValueError("last_year is before first_year")
        for one, day in _with_next(self.days):
            if one.day.year not in years:
                raise ValueError(f"{one.day} lies outside first_year to last_year; make the file anew for more years")
            if day is not None and day <= one.day:
                raise ValueError(f"{day} stands after {one.day}; keep the days in order, each once")
        if bare := [year for year in years if not any(one.day.year == year for one in self.days)]:
            raise ValueError(f"no holidays in {bare[0]}; make the file anew, or end the years before it")
        return self


def _with_next(days: list[Holiday]) -> Iterable[tuple[Holiday, date | None]]:
    return zip(days, [*(one.day for one in days[1:]), None], strict=True)
