"""What the book holds as FHIR R4 resources. Pure; written as JSON objects, which the tests read with `fhir.resources`
and judge with HAPI's validator.

A task is a ServiceRequest (what is asked, of whom, for whom) and a Task of the same id (how far it is). A person is a
Patient whose only identifier is the unit's own pseudonym.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from contracts.identity import Disclosure, Written
from services.adapters.fhir.codes import TASK_CODE, coded, extension_url, system, translated
from services.calendar.running import contact_by
from services.directory import Unit
from services.explanation import terms

__all__ = ["KITHLINE", "Resource", "bundle", "kithline", "organization", "patient", "service_request", "task"]

Resource = dict[str, Any]
"""A FHIR resource as JSON."""

KITHLINE = "kithline"
"""The id of the Organization that asks."""

_LANGUAGES: tuple[terms.Lang, terms.Lang] = ("en", "zh-Hant")

_PLACES = {"respite": ("respite place", "暫託宿位"), "emergency": ("emergency place", "緊急宿位")}

_REQUEST_STATUS = {
    "on-hold": "on-hold",
    "completed": "completed",
    "rejected": "revoked",
    "failed": "revoked",
    "cancelled": "revoked",
    "entered-in-error": "entered-in-error",
}
"""Task.status -> ServiceRequest.status, where it is not `active`."""


def task(view: Mapping[str, Any], unit: Unit, changed_at: str) -> Resource:
    """The Task of a unit's view of its task (`contracts.unit_tasks`); `changed_at`: when the book last changed it."""
    found: Resource = {
        "resourceType": "Task",
        "id": view["task_id"],
        "meta": {"versionId": str(view["revision"]), "lastUpdated": changed_at},
        "language": "en",
        "text": _narrative(view),
        "extension": _extensions(view),
        "identifier": _identifiers(view, unit),
        "groupIdentifier": {"system": system("flag"), "value": view["flag_id"]},
        "status": view["status"],
        "businessStatus": coded("business-status", view["business_status"]),
        "intent": "order",
        "priority": view["priority"],
        "code": {"coding": [{"system": TASK_CODE, "code": "fulfill"}]},
        "description": view["reason_text"]["en"],
        "_description": translated(view["reason_text"]["zh_hant"]),
        "focus": {"reference": f"ServiceRequest/{view['task_id']}"},
        "for": _subject(view),
        "authoredOn": view["requested_at"],
        # never before it was asked: our clock of the unit's changes may lag behind that of the desk
        "lastModified": max(changed_at, view["requested_at"]),
        "requester": {"reference": f"Organization/{KITHLINE}"},
        "owner": {"reference": f"Organization/{unit.id}"},
        "restriction": {"period": {"end": contact_by(view)}},
        "input": [_parameter("level", coded("level", view["level"]))],
    }
    found["input"].append(_parameter("lawful-basis", coded("lawful-basis", view["lawful_basis"])))
    found["input"] += [_free_place(place) for place in view.get("places") or []]
    if view.get("part_of"):
        # a task of another unit, which this one cannot read: named, not linked
        found["partOf"] = [{"type": "Task", "identifier": {"system": system("task"), "value": view["part_of"]}}]
    if view.get("status_reason"):
        found["statusReason"] = coded("status-reason", view["status_reason"])
    output = [_parameter("outcome", coded("outcome", view["outcome"]))] if view.get("outcome") else []
    output += [_parameter("finding", coded("finding", code)) for code in view.get("findings") or []]
    kinds = dict.fromkeys(one["unit_kind"] for one in view.get("referred_on") or [])
    output += [_parameter("refer-on", coded("unit-kind", kind)) for kind in kinds]
    return found | ({"output": output} if output else {})


def service_request(view: Mapping[str, Any], unit: Unit, changed_at: str) -> Resource:
    """What is asked, for the same view."""
    reasons = list(dict.fromkeys([view["typology"], *view["reason"]]))
    return {
        "resourceType": "ServiceRequest",
        "id": view["task_id"],
        "meta": {"versionId": str(view["revision"]), "lastUpdated": changed_at},
        "language": "en",
        "text": _narrative(view),
        "identifier": [{"system": system("task"), "value": view["task_id"]}],
        "status": _REQUEST_STATUS.get(view["status"], "active"),
        "intent": "order",
        "priority": view["priority"],
        "code": coded("purpose", view["purpose"]),
        "subject": _subject(view),
        "occurrencePeriod": {"end": contact_by(view)},
        "authoredOn": view["requested_at"],
        "requester": {"reference": f"Organization/{KITHLINE}"},
        "performerType": coded("unit-kind", view["unit_kind"]),
        "performer": [{"reference": f"Organization/{unit.id}"}],
        "reasonCode": [coded("reason", reason) for reason in reasons],
    }


def organization(unit: Unit) -> Resource:
    """A unit of the directory."""
    return _organization(unit.id, unit.name.en, unit.name.zh_hant) | {"type": [coded("unit-kind", unit.kind)]}


def kithline() -> Resource:
    """Who asks."""
    return _organization(KITHLINE, "Kithline", "守望線")


def patient(person: str, disclosed: Disclosure | None) -> Resource:
    """A person: the unit's pseudonym, and what the vault has told of them for one accepted task."""
    found: Resource = {
        "resourceType": "Patient",
        "id": person,
        "language": "en",
        "identifier": [{"system": system("person"), "value": person}],
    }
    if disclosed is None:
        return found
    if disclosed.name is not None:
        found["name"] = [{"text": text, **_language(lang)} for lang, text in _written(disclosed.name)]
    if disclosed.telephones:
        phones = enumerate(disclosed.telephones, start=1)
        found["telecom"] = [{"system": "phone", "value": number, "rank": rank} for rank, number in phones]
    if disclosed.address is not None:
        found["address"] = [{"text": text, **_language(lang)} for lang, text in _written(disclosed.address)]
    return found | {"communication": [{"language": {"text": disclosed.language}, "preferred": True}]}


def bundle(base: str, found: Iterable[Resource], included: Iterable[Resource], links: Mapping[str, str]) -> Resource:
    """A searchset: what was found, what goes with it, and the links (`self`, `next`). `base`: of the full URLs."""
    modes = [("match", one) for one in found] + [("include", one) for one in included]
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one, "search": {"mode": mode}}
        for mode, one in modes
    ]
    linked = [{"relation": relation, "url": url} for relation, url in links.items()]
    return {"resourceType": "Bundle", "type": "searchset", "link": linked} | ({"entry": entries} if entries else {})


def _organization(name: str, en: str, zh_hant: str) -> Resource:
    return {
        "resourceType": "Organization",
        "id": name,
        "identifier": [{"system": system("unit"), "value": name}],
        "active": True,
        "name": en,
        "_name": translated(zh_hant),
    }


def _extensions(view: Mapping[str, Any]) -> list[Resource]:
    said: list[tuple[str, Resource]] = [("acknowledge-by", {"valueDateTime": view["due_ack"]})]
    said += [("breach", {"valueCode": clock}) for clock in view.get("breaches") or []]
    said.append(("attempts-to-reach", {"valueUnsignedInt": view.get("attempts_to_reach") or 0}))
    if view.get("visit_at"):
        said.append(("visit-at", {"valueDateTime": view["visit_at"]}))
    if view.get("parked_until"):
        said.append(("on-hold-until", {"valueDateTime": view["parked_until"]}))
    return [{"url": extension_url(name), **value} for name, value in said]


def _identifiers(view: Mapping[str, Any], unit: Unit) -> list[Resource]:
    ours = {"use": "official", "system": system("task"), "value": view["task_id"]}
    if not view.get("filler_id"):
        return [ours]
    assigner = {"reference": f"Organization/{unit.id}"}
    return [ours, {"use": "secondary", "system": system("unit-task"), "value": view["filler_id"], "assigner": assigner}]


def _subject(view: Mapping[str, Any]) -> Resource:
    person = view["for"]
    return {"reference": f"Patient/{person}", "identifier": {"system": system("person"), "value": person}}


def _parameter(name: str, value: Resource) -> Resource:
    return {"type": coded("task-parameter", name), "valueCodeableConcept": value}


def _free_place(place: Mapping[str, Any]) -> Resource:
    """Where a place is free, in words: it is for people, who ask there before they send somebody."""
    en, zh_hant = (_place_words(place, lang) for lang in _LANGUAGES)
    kind = coded("task-parameter", "free-place")
    return {"type": kind, "valueString": en, "_valueString": translated(zh_hant)}


def _place_words(place: Mapping[str, Any], lang: terms.Lang) -> str:
    name = place.get("name") or {"en": place["unit"], "zh_hant": place["unit"]}
    words = [
        name["zh_hant"] if lang == "zh-Hant" else name["en"],
        terms.word(terms.DISTRICTS, place["district"], lang),
        terms.word(_PLACES, place["kind"], lang),
        terms.labelled(("free", "空置"), str(place["places"]), lang),
        terms.labelled(("counted", "點算時間"), terms.hong_kong_time(place["as_of"], lang), lang),
    ]
    if place["stale"]:
        words.append(terms.of(("old: ask before you rely on it", "資料已舊，請先查詢"), lang))
    return terms.joined(words, lang)


def _narrative(view: Mapping[str, Any]) -> Resource:
    """For people who have nothing but this: why, what is asked, by when; without identity, as all of it."""
    lines = []
    for lang in _LANGUAGES:
        why = view["reason_text"]["zh_hant" if lang == "zh-Hant" else "en"]
        asked = terms.word(terms.PURPOSES, view["purpose"], lang)
        status = terms.word(terms.TASK_STATUSES, view["status"], lang)
        due = terms.labelled(("contact by", "聯絡限期"), terms.hong_kong_time(contact_by(view), lang), lang)
        text = terms.joined([why, asked, status, due], lang)
        lines.append(f'<p lang="{lang}" xml:lang="{lang}">{escape(text)}</p>')
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(lines)}</div>'}


def _written(text: Written) -> list[tuple[str, str]]:
    both = (("zh-Hant", text.zh_hant), ("en", text.en))
    return [(lang, said) for lang, said in both if said is not None]


def _language(lang: str) -> Resource:
    return {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/language", "valueCode": lang}]}
