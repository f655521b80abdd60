"""A unit's tasks, the most urgent first."""

from dataclasses import dataclass
from typing import TypeVar

from starlette.responses import Response

from contracts.instants import milliseconds
from contracts.lifecycle import is_withheld
from services.book.book import Held
from services.desk.templates import unit_name
from services.desk.urgency import Band, Running, band_of, by_urgency, clocks_of
from services.desk.web import Page, Visit, show

__all__ = ["PAGES", "Card", "card", "short"]

T = TypeVar("T")

_AT_ONCE = 30
"""Tasks on one page: more is a register, not a list to work through."""


@dataclass(frozen=True)
class Card:
    """One task in a list. `withheld`: the duty officer has not decided yet whether the unit may know more."""

    path: str
    short: str
    purpose: str
    priority: str
    level: str
    title: str
    district: str | None
    status: str
    business_status: str
    clocks: list[Running]
    band: Band
    withheld: bool
    waiting: bool
    unit: str
    unit_kind: str
    asked_of: str


def short(name: str) -> str:
    """A task's id as one would read it out: the first characters of it."""
    return f"{name[2:6]}-{name[6:10]}".upper()


def card(visit: Visit, one: Held, path: str, now: str, waiting: bool) -> Card:
    """What a list shows of a task."""
    task, withheld = one.task, is_withheld(one.task)
    return Card(
        path=path,
        short=short(one.ref),
        purpose=task.purpose,
        priority=task.priority,
        level=task.level,
        title="" if withheld else task.reason_text.of(visit.lang),
        district=task.district,
        status=task.status,
        business_status=task.business_status,
        clocks=clocks_of(task, now),
        band=band_of(task, now),
        withheld=withheld,
        waiting=waiting,
        unit=unit_name(visit.desk, one.unit, visit.lang),
        unit_kind=task.unit_kind,
        asked_of=task.asked_of,
    )


async def _tasks(visit: Visit) -> Response:
    book, unit = visit.desk.book, visit.me.unit
    ended = visit.request.query_params.get("ended") == "1"
    now = await book.clock()
    waiting = await book.waiting(unit)
    all_held = await book.all_held(unit, ended=ended)
    if ended:
        over = [one for one in reversed(all_held) if not one.open]
        chosen, more, page = _cut(over, visit.request.query_params.get("page", "1"))
        bands = {"ended": chosen} if chosen else {}
    else:
        ranked = by_urgency(((one.task, one) for one in all_held), now)
        in_order = [(band, one) for band, ones in ranked.items() for one in ones]
        rows, more, page = _cut(in_order, visit.request.query_params.get("page", "1"))
        bands = {}
        for band, one in rows:
            bands.setdefault(band, []).append(one)
    cards = {
        band: [card(visit, one, f"/tasks/{one.ref}", now, one.ref in waiting) for one in ones]
        for band, ones in bands.items()
    }
    return show(
        visit,
        "tasks.html",
        bands=cards,
        ended=ended,
        count=sum(one.open for one in all_held),
        number=page,
        more=more,
        now=now,
        now_ms=milliseconds(now),
    )


def _cut(rows: list[T], number: str) -> tuple[list[T], bool, int]:
    page = min(max(int(number), 1), 10_000) if number.isascii() and number.isdigit() else 1
    begin = (page - 1) * _AT_ONCE
    return rows[begin : begin + _AT_ONCE], len(rows) > begin + _AT_ONCE, page


PAGES = (Page("GET", "/tasks", "worker", _tasks),)
