"""What a unit does with a task: answers, notes, and asking the vault who it is about."""

import re

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from contracts.identity import OpenIdentity
from services.desk.forms import FormFault, said_by
from services.desk.identity_in_text import identity_in
from services.desk.notes import ABOUT, LONGEST, add_note
from services.desk.showing import held_by, may_open, show_task, stray
from services.desk.web import Page, Visit, show
from services.runtime.errors import Problem
from services.runtime.fold import Refused
from services.runtime.vault_client import VaultRefused

__all__ = ["PAGES"]


async def _answer(visit: Visit) -> Response:
    ref = visit.request.path_params["ref"]
    return await _take(visit, visit.me.unit, ref, f"/tasks/{ref}", None)


async def _decide(visit: Visit) -> Response:
    path = visit.request.path_params
    one = await stray(visit, path["unit"], path["ref"])
    return await _take(visit, one.unit, one.ref, "/district", visit.me.unit)


async def _take(visit: Visit, unit: str, ref: str, then: str, office: str | None) -> Response:
    key = visit.said("key")
    action = visit.said("action")
    try:
        if not key.startswith(f"{ref}.") or re.fullmatch(r"[0-9]{1,5}", key.removeprefix(f"{ref}.")) is None:
            raise HTTPException(403, "not_our_form")
        said = said_by(visit.said, visit.all_said, visit.said("revision"))
        if office is not None and "to_unit" in said and visit.desk.unit(str(said["to_unit"])) is None:
            raise FormFault("to_unit")
        await visit.desk.book.answer(unit, ref, said, key, visit.me.account, office)
    except FormFault as fault:
        one = await held_by(visit, unit, ref)
        return await show_task(visit, one, 422, problem="missing", field=fault.field, draft=action)
    except Refused as refused:
        one = await held_by(visit, unit, ref)
        return await show_task(visit, one, 409, problem=refused.reason, detail=refused.detail, draft=action)
    return RedirectResponse(f"{then}?done={action}", 303)


async def _note(visit: Visit) -> Response:
    one = await held_by(visit, visit.me.unit, visit.request.path_params["ref"])
    about, text, number = visit.said("about"), visit.said("text"), visit.said("number")
    problem = ""
    if about not in ABOUT or not text or not (number.isascii() and number.isdigit()):
        problem = "note_missing"
    elif len(text) > LONGEST:
        problem = "note_long"
    elif found := identity_in(text):
        problem = f"note_{found[0]}"
    if problem:
        return await show_task(visit, one, 422, problem=problem, draft=text)
    await add_note(visit.desk, one.unit, one.ref, visit.me.account, about, text, int(number))
    return RedirectResponse(f"/tasks/{one.ref}?done=note", 303)


async def _identity(visit: Visit) -> Response:
    one = await held_by(visit, visit.me.unit, visit.request.path_params["ref"])
    if not may_open(one):
        return await show_task(visit, one, 409, problem="identity_not_now")
    if visit.desk.vault is None:
        return await show_task(visit, one, 503, problem="identity_no_vault")
    purpose = visit.said("purpose")
    try:
        asked = OpenIdentity.model_validate(
            {
                "task": one.ref,
                "person": one.view["for"],
                "purpose": purpose,
                "lawful_basis": one.task.lawful_basis,
                "actor": visit.me.account,
                "unit": visit.me.unit,
            }
        )
    except ValidationError:
        return await show_task(visit, one, 422, problem="missing", field="purpose")
    # written before it is asked: an opening that nobody could write down does not happen
    entry = {"what": "identity asked", "unit": one.unit, "actor": visit.me.account, "task": one.ref, "purpose": purpose}
    await visit.desk.book.note(entry)
    try:
        told = await visit.desk.vault.resolve(asked)
    except VaultRefused as refused:
        code = refused.refusal.refused
        return await show_task(visit, one, 409, problem=f"vault_{code}", detail=refused.refusal.says)
    except Problem:
        return await show_task(visit, one, 503, problem="identity_no_vault")
    return show(visit, "identity.html", told=told, ref=one.ref, purpose=purpose)


PAGES = (
    Page("POST", "/tasks/{ref}/answer", "worker", _answer),
    Page("POST", "/tasks/{ref}/notes", "worker", _note),
    Page("POST", "/tasks/{ref}/identity", "worker", _identity),
    Page("POST", "/district/{unit}/{ref}/answer", "officer", _decide),
)
