"""One task: what is asked by when, why, what is known and how old that is, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.identity import PURPOSES
from contracts.instants import EPOCH, in_hong_kong, milliseconds, plus
from contracts.lifecycle import is_withheld
from contracts.tasks import VISIT_WITHIN_DAYS, Task
from services.book.book import PENDING, Answer, Held
from services.book.places import needs_a_place
from services.calendar.running import contact_due
from services.desk.forms import LAWFUL_BASES, offers
from services.desk.listing import card
from services.desk.notes import ABOUT, LONGEST, notes_of
from services.desk.tables import revisions
from services.desk.web import Page, Visit, show
from services.desk.why import why
from services.directory import is_queue

__all__ = ["PAGES", "held_by", "may_open", "show_task", "stray"]


@dataclass(frozen=True)
class Event:
    """One line of the history: a revision that came, or an answer that was given (then with its `state`)."""

    at: str
    what: str
    code: str
    more: str
    reason: str
    state: str = ""
    refusal: str = ""
    detail: str = ""
    actor: str = ""


async def held_by(visit: Visit, unit: str, ref: str) -> Held:
    """The task of a unit. Another unit's and one that does not exist are answered alike."""
    one = await visit.desk.book.held(unit, ref)
    if one is None:
        raise HTTPException(404, "not_found")
    return one


async def stray(visit: Visit, unit: str, ref: str) -> Held:
    """A task that nobody has in hand, in a district of the officer's."""
    one = await held_by(visit, unit, ref)
    office = visit.desk.unit(visit.me.unit)
    assert office is not None
    mine = office.districts == "all" or one.task.district in office.districts
    if not mine or not one.open or not (is_queue(one.unit) or one.task.business_status == "delivery_failed"):
        raise HTTPException(404, "not_found")
    return one


async def _task(visit: Visit) -> Response:
    one = await held_by(visit, visit.me.unit, visit.request.path_params["ref"])
    return await show_task(visit, one)


async def _stray(visit: Visit) -> Response:
    path = visit.request.path_params
    return await show_task(visit, await stray(visit, path["unit"], path["ref"]))


async def show_task(visit: Visit, one: Held, status: int = 200, **more: Any) -> Response:
    """The page of a task. `more`: what a form has to say about itself (`problem`, `field`, `draft`…)."""
    book, task, mine = visit.desk.book, one.task, one.unit == visit.me.unit
    now = await book.clock()
    given = await book.answers(one.unit, one.ref)
    waiting = any(answer.state in PENDING for answer in given)
    withheld = mine and is_withheld(task)
    flag = None if withheld else await book.flag(task.flag_id)
    shown = await book.shown(one)
    path = f"/tasks/{one.ref}" if mine else f"/district/{one.unit}/{one.ref}"
    values: dict[str, Any] = {
        "card": card(visit, one, path, now, waiting),
        "task": task,
        "view": shown,
        "mine": mine,
        "open": one.open,
        "withheld": withheld,
        "waiting": waiting,
        "now": now,
        "now_ms": milliseconds(now),
        "contact_by": contact_due(task.due_contact, task.business_status, task.due_visit),
        "today": _at(now) if now > EPOCH else "",
        "latest_visit": _at(plus(now, days=VISIT_WITHIN_DAYS)) if now > EPOCH else "",
        "why": None if flag is None else why(flag, visit.desk.rules, visit.lang),
        "offers": [] if waiting or not one.open else offers(task, "owner" if mine else "officer"),
        "key": f"{one.ref}.{len(given)}",
        "history": _history(await _revisions(visit, one), given),
        "places": shown["places"] if needs_a_place(task) and one.open else None,
        "notes": await notes_of(visit.desk, one.unit, one.ref) if mine else [],
        "about": ABOUT,
        "longest": LONGEST,
        "may_open": mine and may_open(one),
        "purposes": PURPOSES,
        "units": [] if mine else _units(visit, task),
        "lawful_bases": LAWFUL_BASES,
        "last": given[-1].state if given else "",
        "problem": "",
        "field": "",
        "detail": "",
        "draft": "",
        "done": visit.request.query_params.get("done", ""),
    }
    return show(visit, "task.html", status, **{**values, **more})


def _at(instant: str) -> str:
    """As a form's field for day and time has it, by Hong Kong's clocks."""
    return in_hong_kong(instant).strftime("%Y-%m-%dT%H:%M")


def may_open(one: Held) -> bool:
    """Whether the unit has accepted the task, so that the vault may tell who it is about."""
    status = one.task.resumes_as if one.task.status == "on-hold" and one.task.resumes_as else one.task.status
    return one.open and status in ("accepted", "in-progress", "on-hold") and not is_withheld(one.task)


async def _revisions(visit: Visit, one: Held) -> Sequence[Any]:
    wanted = (revisions.c.unit == one.unit) & (revisions.c.task_id == one.task.task_id)
    async with visit.desk.book.store.read() as look:
        return (await look.execute(select(revisions).where(wanted).order_by(revisions.c.revision))).all()


def _history(came: Sequence[Any], given: Sequence[Answer]) -> list[Event]:
    events = [
        Event(row.at, "revision", row.status, row.business_status, row.reason or row.outcome or "") for row in came
    ]
    for answer in given:
        said = answer.said
        reason = str(said.get("reason") or said.get("outcome") or said.get("refer_to") or "")
        events.append(
            Event(
                answer.at,
                "answer",
                str(said["action"]),
                "",
                reason,
                answer.state,
                answer.reason or "",
                answer.detail or "",
                answer.actor,
            )
        )
    return sorted(events, key=lambda event: event.at, reverse=True)


def _units(visit: Visit, task: Task) -> list[tuple[str, str]]:
    """Whom an officer can give a task to: units of the kind asked that serve the place, then other offices."""
    directory, lang = visit.desk.directory, visit.lang
    kinds = dict.fromkeys((task.asked_of, "district_office"))
    units = [unit for kind in kinds for unit in directory.eligible(kind, task.district, None)]
    return [(unit.id, unit.name.of(lang)) for unit in units if unit.id != task.unit]


PAGES = (
    Page("GET", "/tasks/{ref}", "worker", _task),
    Page("GET", "/district/{unit}/{ref}", "officer", _stray),
)
