"""What a unit has changed in its Task, as an answer to the referral desk. Pure.

The unit sends the whole Task back (`PUT`). What it changed of status, business status and the rest says what it has
done; the life of a task (`contracts.lifecycle`) says whether it may. What it left out stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.ids import Token
from contracts.tasks import REASONS, REFERRED_FOR, STATUSES
from services.adapters.fhir.codes import codes_of, extension_url, system
from services.adapters.fhir.mapping import Resource
from services.adapters.fhir.outcome import Fault

__all__ = ["answer_of"]

_ACTION_OF_STATUS = {
    "received": "receive",
    "accepted": "accept",
    "rejected": "reject",
    "on-hold": "hold",
    "completed": "complete",
    "failed": "fail",
}
"""…and `in-progress` and `cancelled`, where the business status says which it is."""

_ACTION_OF_BUSINESS_STATUS = {
    "contact_attempted": "attempt",
    "contact_made": "contact",
    "visit_scheduled": "schedule",
    "no_show": "no_show",
    "service_started": "begin_service",
    "escalated": "escalate",
}

_OURS = ("intent", "priority")
_OURS_BY_REFERENCE = ("for", "focus", "owner", "requester")
"""What was asked, of whom and for whom: a unit that changes it would find it unchanged."""

_TOKEN = re.compile(Token.__metadata__[0].pattern)  # type: ignore[attr-defined]


def answer_of(view: Mapping[str, Any], now: Resource, then: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the book takes as an answer (`action` and what belongs to it), for a Task that reads `now` and that the unit
    wants to read `then`; None where it changes nothing. `view`: of the same task. Raises Fault."""
    _check_same(now, then)
    action = _action(now, then)
    found = _output(then)
    asked = [kind for kind in found["refer-on"] if kind not in _output(now)["refer-on"]]
    if asked and action is not None:
        raise Fault(422, "business-rule", "refer on by a change of its own, before or after this one", "Task.output")
    said: dict[str, Any] = {"action": action}
    if asked:
        said = {"action": "refer_on", "refer_to": _referred(asked)}
    _check_nothing_lost(view, action, found)
    filler = _filler(then)
    if filler not in (None, view.get("filler_id")):
        said["filler_id"] = filler
    match said["action"]:
        case None:
            if "filler_id" in said:
                raise Fault(422, "business-rule", "an id of the unit's own comes with an answer", "Task.identifier")
            return None
        case "complete" | "fail":
            said |= _end(found)
        case "schedule":
            said["visit_at"] = _visit_at(then)
        case "hold":
            until = (_extension(then, "on-hold-until") or {}).get("valueDateTime")
            said |= {} if until is None else {"until": until}
    if said["action"] in REASONS:
        said["reason"] = _reason(said["action"], then)
    return said


def _check_same(now: Resource, then: Mapping[str, Any]) -> None:
    if then.get("id") != now["id"]:
        raise Fault(400, "invalid", f"the resource's id is not the one of the address; it is {now['id']}", "Task.id")
    for name in _OURS:
        if name in then and then[name] != now[name]:
            raise Fault(422, "business-rule", f"{name} is not the unit's to change; it is {now[name]}", f"Task.{name}")
    for name in _OURS_BY_REFERENCE:
        said = (then.get(name) or {}).get("reference")
        if said is not None and said != now[name]["reference"] and not said.endswith(f"/{now[name]['reference']}"):
            mend = f"{name} is not the unit's to change; it is {now[name]['reference']}"
            raise Fault(422, "business-rule", mend, f"Task.{name}")


def _action(now: Resource, then: Mapping[str, Any]) -> str | None:
    status, before = then["status"], now["status"]
    business = _one_of(then, "businessStatus", "business-status")
    was = codes_of(now["businessStatus"], "business-status")[0]
    if status not in STATUSES:
        known = ", ".join((*_ACTION_OF_STATUS, "in-progress", "cancelled"))
        raise Fault(422, "value", f"status is one of {known}", "Task.status")
    news = business is not None and (business != was or _once_more(business, now, then))
    if status == before or status == "in-progress":
        if news and business in _ACTION_OF_BUSINESS_STATUS:
            return _ACTION_OF_BUSINESS_STATUS[business]
        if news and status == before:
            known = ", ".join(_ACTION_OF_BUSINESS_STATUS)
            says = f"{business} is not what a unit says of a task that stays {status}; it says {known}"
            raise Fault(422, "business-rule", says, "Task.businessStatus")
        if status == before:
            return None
        return "resume" if before == "on-hold" else "start"
    if status == "cancelled":
        return "hand_over" if business == "handed_over" and was != "handed_over" else "confirm_cancel"
    if status in _ACTION_OF_STATUS:
        return _ACTION_OF_STATUS[status]
    raise Fault(422, "business-rule", f"a unit does not set a task to {status}", "Task.status")


def _once_more(business: str, now: Resource, then: Mapping[str, Any]) -> bool:
    """Another attempt looks like the one before it, but for their number; another visit, but for its time."""
    if business in ("contact_attempted", "no_show"):
        known: int = (_extension(now, "attempts-to-reach") or {})["valueUnsignedInt"]
        said = (_extension(then, "attempts-to-reach") or {}).get("valueUnsignedInt", known)
        if said not in (known, known + 1):
            raise Fault(422, "value", f"attempts-to-reach counts up by one; it stands at {known}", "Task.extension")
        return bool(said == known + 1)
    if business == "visit_scheduled":
        return _extension(then, "visit-at") != _extension(now, "visit-at")
    return False


def _reason(action: str, then: Mapping[str, Any]) -> str:
    reason = _one_of(then, "statusReason", "status-reason")
    codes = REASONS[action]
    if reason is None:
        says = f"{action} needs a reason: in statusReason, a code of {system('status-reason')}: {', '.join(codes)}"
        raise Fault(422, "required", says, "Task.statusReason")
    if reason not in codes:
        says = f"{reason} is no reason to {action}; it takes one of {', '.join(codes)}"
        raise Fault(422, "code-invalid", says, "Task.statusReason")
    return reason


def _end(found: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    match found["outcome"]:
        case [outcome]:
            return {"outcome": outcome} | ({"findings": found["finding"]} if found["finding"] else {})
        case []:
            says = f"a task ends with an outcome: one output of type outcome ({system('task-parameter')})"
            raise Fault(422, "required", says, "Task.output")
    raise Fault(422, "business-rule", "there are several outcomes; say the one that counts", "Task.output")


def _check_nothing_lost(view: Mapping[str, Any], action: str | None, found: Mapping[str, Sequence[str]]) -> None:
    """What comes without an end would be left out, and the unit would think that we have it."""
    if action in ("complete", "fail"):
        return
    if set(found["outcome"]) - {view.get("outcome")} or set(found["finding"]) - set(view.get("findings") or []):
        raise Fault(422, "business-rule", "outcome and findings come with status completed or failed", "Task.output")


def _referred(asked: Sequence[str]) -> str:
    if len(asked) > 1:
        raise Fault(422, "business-rule", "refer on to one kind of unit at a time", "Task.output")
    if asked[0] not in REFERRED_FOR:
        raise Fault(422, "code-invalid", f"refer-on takes one of {', '.join(REFERRED_FOR)}", "Task.output")
    return asked[0]


def _output(task: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"outcome": [], "finding": [], "refer-on": []}
    lists = {"outcome": "outcome", "finding": "finding", "refer-on": "unit-kind"}
    for number, entry in enumerate(task.get("output") or []):
        where = f"Task.output[{number}]"
        kinds = codes_of(entry.get("type"), "task-parameter")
        if len(kinds) != 1 or kinds[0] not in lists:
            says = f"output is of one type of {system('task-parameter')}: {', '.join(lists)}; nothing else is kept"
            raise Fault(422, "not-supported", says, f"{where}.type")
        codes = codes_of(entry.get("valueCodeableConcept"), lists[kinds[0]])
        if len(codes) != 1:
            says = f"a {kinds[0]} is a valueCodeableConcept with one code of {system(lists[kinds[0]])}"
            raise Fault(422, "code-invalid", says, where)
        found[kinds[0]] += codes
    return found


def _filler(then: Mapping[str, Any]) -> str | None:
    ids = [one for one in then.get("identifier") or [] if one.get("system") != system("task")]
    if not ids:
        return None
    if len(ids) > 1:
        raise Fault(422, "business-rule", "one id of the unit's own is kept beside ours; say one", "Task.identifier")
    value: str = ids[0].get("value") or ""
    if not _TOKEN.fullmatch(value):
        raise Fault(422, "value", "the unit's own id has letters, digits and :._|- only, 96 at most", "Task.identifier")
    return value


def _one_of(then: Mapping[str, Any], element: str, name: str) -> str | None:
    concept = then.get(element)
    codes = codes_of(concept, name)
    if concept and not codes:
        says = f"{element} has no code of {system(name)}; a text alone, or another system's code, cannot be read"
        raise Fault(422, "code-invalid", says, f"Task.{element}")
    if len(codes) > 1:
        raise Fault(422, "code-invalid", f"{element} has several codes of {system(name)}; say one", f"Task.{element}")
    return codes[0] if codes else None


def _extension(resource: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    extensions: Sequence[Mapping[str, Any]] = resource.get("extension") or []
    return next((one for one in extensions if one.get("url") == extension_url(name)), None)


def _visit_at(then: Mapping[str, Any]) -> str:
    said = (_extension(then, "visit-at") or {}).get("valueDateTime")
    if not isinstance(said, str):
        says = f"visit_scheduled needs the extension {extension_url('visit-at')} with a valueDateTime"
        raise Fault(422, "required", says, "Task.extension")
    return said
