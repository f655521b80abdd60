"""The officers' pages: what nobody has in hand, and the lists that wait for a release."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import insert, select, true
from starlette.responses import RedirectResponse, Response

from contracts.control import OfficerDecision
from contracts.flags import Flag
from services.book.audit import append
from services.book.tables import AUDIT, next_number
from services.book.tables import flags as flag_table
from services.book.taking import clock
from services.correlator.rules import LEVELS
from services.desk.listing import Card, card
from services.desk.tables import decisions, released
from services.desk.web import Page, Visit, show
from services.directory import Unit, is_queue
from services.referral.waves import candidates, choose, decisions_for, next_wave, spread

__all__ = ["PAGES"]

_MOST = 1_000
"""Households of one wave: what a district's units can visit in a month."""


@dataclass(frozen=True)
class Waiting:
    """One list in one district: how many households wait, by level, what has been released, the next wave's
    name, and how many of it fit the units' days."""

    typology: str
    title: str
    district: str
    levels: list[tuple[str, int]]
    count: int
    released: int
    wave: str
    fit: int


def _office(visit: Visit) -> Unit:
    office = visit.desk.unit(visit.me.unit)
    assert office is not None
    return office


def _is_mine(office: Unit, district: str | None) -> bool:
    return office.districts == "all" or district in office.districts


async def _district(visit: Visit) -> Response:
    office = _office(visit)
    now = await visit.desk.book.clock()
    queue: list[Card] = []
    undelivered: list[Card] = []
    for one in await visit.desk.book.strays(None):
        if _is_mine(office, one.task.district):
            to = queue if is_queue(one.unit) else undelivered
            to.append(card(visit, one, f"/district/{one.unit}/{one.ref}", now, False))
    done = visit.request.query_params.get("done", "")
    return show(visit, "district.html", queue=queue, undelivered=undelivered, done=done)


async def _lists(visit: Visit) -> tuple[list[Flag], list[OfficerDecision]]:
    """The flags of the officer's districts that are or were on a list, and every release."""
    lists = {rule.pattern for rule in visit.desk.rules.values() if any(ask.release == "wave" for ask in rule.asks)}
    office = _office(visit)
    here = true() if office.districts == "all" else flag_table.c.district.in_(office.districts)
    wanted = flag_table.c.typology.in_(lists) & here
    async with visit.desk.book.store.read() as look:
        found = [Flag.model_validate_json(raw) for raw in await look.scalars(select(flag_table.c.flag).where(wanted))]
        records = {
            row.flag_id: row.record for row in await look.execute(select(decisions.c.flag_id, decisions.c.record))
        }
        records |= {row.flag_id: row.record for row in await look.execute(select(released))}
    return found, [OfficerDecision.model_validate_json(record) for record in records.values()]


async def _waves(visit: Visit) -> Response:
    found, releases = await _lists(visit)
    waiting = candidates(found, releases)
    now = await visit.desk.book.clock()
    fitting = spread(waiting, found, releases, visit.desk.directory, visit.desk.clocks, now)
    places = sorted({(flag.typology, flag.district or "") for flag in found})
    rows = [_waiting(visit, place, found, waiting, fitting, releases) for place in places]
    said = visit.request.query_params
    number = said.get("released", "")
    return show(
        visit,
        "waves.html",
        rows=rows,
        released=number if number.isdigit() else "",
        problem="wave_nobody" if number == "0" else "",
        most=_MOST,
    )


def _waiting(
    visit: Visit,
    place: tuple[str, str],
    found: list[Flag],
    waiting: list[Flag],
    fitting: Mapping[str, str],
    releases: list[OfficerDecision],
) -> Waiting:
    typology, district = place
    of_place = {flag.flag_id: flag for flag in found if (flag.typology, flag.district or "") == place}
    here = [flag for flag in waiting if flag.flag_id in of_place]
    levels = Counter(flag.level for flag in here)
    return Waiting(
        typology,
        next(flag.title.of(visit.lang) for flag in of_place.values()),
        district,
        [(level, levels[level]) for level in reversed(LEVELS) if levels[level]],
        len(here),
        sum(release.flag_id in of_place for release in releases),
        next_wave(typology, district or None, releases),
        sum(flag.flag_id in fitting for flag in here),
    )


async def _release(visit: Visit) -> Response:
    """Releases the most pressing households of a list in a district. The wave's name is the form's key: the same form
    again finds its wave released, and releases nobody else."""
    typology, district, wave, size = (visit.said(name) for name in ("typology", "district", "wave", "size"))
    found, releases = await _lists(visit)
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= _MOST) or not _is_mine(_office(visit), district):
        return RedirectResponse("/waves?released=0", 303)
    if before := sum(release.wave == wave for release in releases):
        return RedirectResponse(f"/waves?released={before}", 303)
    now = await visit.desk.book.clock()
    wanted = choose(candidates(found, releases, typology), district or None, int(size))
    starts = spread(wanted, found, releases, visit.desk.directory, visit.desk.clocks, now)
    chosen = [flag for flag in wanted if flag.flag_id in starts]
    try:
        count = await _keep(visit, decisions_for(chosen, visit.me.account, wave, now, starts), wave)
    except ValidationError:
        return RedirectResponse("/waves?released=0", 303)
    return RedirectResponse(f"/waves?released={count}", 303)


async def _keep(visit: Visit, made: list[OfficerDecision], wave: str) -> int:
    desk = visit.desk
    async with desk.book.store.write() as transaction:
        known = select(decisions.c.decision_id).where(
            decisions.c.decision_id.in_([one.decision_id for one in made]) | (decisions.c.wave == wave)
        )
        before = set((await transaction.execute(known)).scalars())
        fresh = [] if before else made  # somebody released this wave, or some of these, a moment ago
        number = await next_number(transaction, "decision", len(fresh)) if fresh else 0
        for place, one in enumerate(fresh):
            row = {
                "number": number + place,
                "decision_id": one.decision_id,
                "flag_id": one.flag_id,
                "wave": wave,
                "record": one.model_dump_json(),
                "state": "queued",
            }
            await transaction.execute(insert(decisions).values(row))
        if fresh:
            entry = {"what": "wave released", "unit": visit.me.unit, "actor": visit.me.account, "wave": wave}
            await append(transaction, AUDIT, {**entry, "households": len(fresh)}, await clock(transaction))
    desk.decided.wake()
    return len(fresh)


PAGES = (
    Page("GET", "/district", "officer", _district),
    Page("GET", "/waves", "officer", _waves),
    Page("POST", "/waves", "officer", _release),
)
