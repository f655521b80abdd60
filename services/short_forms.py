"""Short forms for examples and scenarios: who, what and when in a line each, expanded into the records of the feeds.

A line is a dictionary with `type` and whatever that type needs, persons by first name:

    {type: housing.tenancy_started, tenancy: T1, members: {anna: 1948, ben: 1946}}
    {type: register.care_relationship_asserted, subject: anna, cared_for: ben, group: elderly}
    {type: hospital.admitted, subject: anna, visit: V1, at: 2026-07-10T02:00}

`at` is when it happened (a day means nine in the morning there); what the registers say happened on 1 June, what else
is told from 10 July on, an hour after the line before. A source records the next morning and in the order of its
lines; `recorded`, `received`, `id` and `source` may be given. Times without an offset are Hong Kong's.
Rule files tell their `examples:` so, and the tests their scenarios.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from contracts.envelope import Envelope
from contracts.events import FEEDS
from contracts.instants import canonical, parse, plus, write
from services.runtime.fold import Record

__all__ = ["AS_OF", "NAMES", "SOURCES", "Short", "address", "expand", "person", "resend"]

Short = Mapping[str, Any]

AS_OF = "2026-07-31T00:00:00.000Z"
"""When scenarios are looked at, unless they say another time."""

SOURCES = {
    "hospital.admissions": "ha-cms",
    "housing.tenancies": "hd-tenancies",
    "hotline.contacts": "carer-hotline",
    "welfare.register": "swd-register",
    "community.observations": "community-desk",
    "units.declarations": "units",
    "respite.vacancies": "respite-homes",
}
TOPIC_OF = {name: topic for topic, feed in FEEDS.items() for name in feed.types if name != "feed.heartbeat"}
TOPIC_OF["feed.heartbeat"] = "hospital.admissions"
LONG_STANDING = ("housing.tenancies", "welfare.register")
SINCE = "2026-06-01T01:00:00.000Z"
LATELY = "2026-07-10T01:00:00.000Z"
ENVELOPE = frozenset(
    {"type", "subject", "at", "recorded", "received", "id", "source", "sequence", "version", "keyepoch"}
)


NAMES: dict[str, str] = {}
"""The first name behind each pseudonym that was made here."""


def person(name: str) -> str:
    """The pseudonym of a first name."""
    pseudonym = "p-" + sha256(name.encode()).hexdigest()[:32]
    NAMES[pseudonym] = name
    return pseudonym


def address(tenancy: str, flat: Short | None = None) -> dict[str, str]:
    """The flat of a tenancy, in Sham Shui Po unless `flat` says otherwise."""
    flat = flat or {}
    return {
        "address_unit_id": flat.get("unit", f"unit-{tenancy}"),
        "block_id": flat.get("block", "block-1"),
        "estate_id": flat.get("estate", "estate-1"),
        "district": flat.get("district", "SSP"),
    }


def expand(lines: Iterable[Short]) -> list[Record]:
    """The records of the lines, in their order. Raises KeyError and ValidationError for lines that say nonsense."""
    records = []
    recorded: dict[str, str] = {}
    homes: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, 1):
        topic = TOPIC_OF[line["type"]]
        source = line.get("source", SOURCES[topic])
        at = instant(line["at"]) if "at" in line else plus(_usual(topic), hours=number)
        written = instant(line["recorded"]) if "recorded" in line else max(_next_morning(at), recorded.get(source, ""))
        recorded[source] = max(written, recorded.get(source, ""))
        event = line.get("id", f"e-{number:03d}")
        data = _data(line, at, homes)
        attributes = {
            "id": event,
            "source": source,
            "type": line["type"],
            "time": at,
            "subject": _subject(line, data, event),
            "sequence": line.get("sequence", number),
            "keyepoch": line.get("keyepoch", 1),
            "recordedtime": written,
            "receivedtime": instant(line["received"]) if "received" in line else plus(written, hours=0.5),
            "dataschema": f"urn:kithline:{line['type']}:{line.get('version', FEEDS[topic].version)}",
        }
        envelope = Envelope.model_validate(attributes)
        body = FEEDS[topic].types[line["type"]].model_validate(data).model_dump(mode="json", exclude_none=True)
        records.append(Record(topic, envelope.subject.encode(), orjson.dumps(body), envelope.to_headers()))
    return records


def resend(record: Record, received: str) -> Record:
    """The same event once more, with another receipt stamp."""
    stamp = canonical(received).encode()
    headers = tuple((name, stamp if name == "ce_receivedtime" else value) for name, value in record.headers)
    return Record(record.topic, record.key, record.value, headers)


def instant(text: str) -> str:
    """The canonical instant of a day, a local time or an instant with an offset."""
    if len(text) == 10:
        text += "T09:00"
    return canonical(text if text[-1] == "Z" or "+" in text else text + "+08:00")


def _usual(topic: str) -> str:
    return SINCE if topic in LONG_STANDING else LATELY


def _next_morning(at: str) -> str:
    """Half past six in Hong Kong on the day after."""
    day = (parse(at) + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0)
    return write(day + timedelta(days=1, hours=6.5 - 8))


def _subject(line: Short, data: dict[str, Any], event: str) -> str:
    if "subject" in line:
        return person(line["subject"])
    if line["type"].startswith("housing."):
        return str(data["tenancy_id"])
    if line["type"].startswith(("units.", "respite.")):
        return str(data["unit"])
    if line["type"].startswith("community."):
        return str(data["block_id"] if "block_id" in data else data["address"]["block_id"])
    return event


def _data(line: Short, at: str, homes: dict[str, dict[str, str]]) -> dict[str, Any]:
    said = {name: value for name, value in line.items() if name not in ENVELOPE}
    family = line["type"].split(".", 1)[0]
    if family in ("units", "respite"):
        until = {"valid_until": instant(said["valid_until"])} if "valid_until" in said else {}
        return {"as_of": at, **said, **until}
    if family == "housing":
        return _housing(line, said, at, homes)
    for short, full in (("visit", "visit_id"), ("absence", "absence_id")):
        if short in said:
            said[full] = said.pop(short)
    for short, full in (("starts", "starts_at"), ("ends", "ends_at")):
        if short in said:
            said[full] = instant(said.pop(short))
    for name in ("admitted_at", "discharged_at"):
        if name in said:
            said[name] = instant(said[name])
    if family == "hospital" and line["type"] != "hospital.corrected":
        said.setdefault("hospital", "hospital-1")
    if "retired" in said:
        said["retired_person_id"] = person(said.pop("retired"))
    if "former" in said:
        said["former_person_id"] = person(said.pop("former"))
    if "cared_for" in said:
        said["cared_for_person_id"] = person(said.pop("cared_for"))
        said.setdefault("basis", "allowance")
    if "group" in said:
        said["cared_for_group"] = said.pop("group")
    if family == "hotline":
        said.setdefault("caller_match", "confirmed")
        if said["caller_match"] == "confirmed":
            said["caller_person_id"] = person(line["subject"])
        if "planned_absence" in said:
            absence = said["planned_absence"]
            said["planned_absence"] = {
                "starts_at": instant(absence["starts"]),
                "ends_at": instant(absence["ends"]),
                "reason": absence.get("reason", "travel"),
            }
    if "absence_id" in said:
        said.setdefault("reason", "treatment")
    if line["type"] == "community.observation":
        if "subject" in line:
            said["person_id"] = person(line["subject"])
        else:
            said["address"] = address(said.pop("tenancy"), said.pop("flat", None))
        said.setdefault("by", "property_staff")
    if line["type"] == "community.incident":
        said.setdefault("district", "SSP")
    return said


def _housing(line: Short, said: dict[str, Any], at: str, homes: dict[str, dict[str, str]]) -> dict[str, Any]:
    tenancy = said.pop("tenancy")
    data: dict[str, Any] = {"tenancy_id": tenancy, "household_tenancy_id": said.pop("continues", None)}
    here = address(tenancy, said.pop("flat", None)) if "flat" in said else homes.get(tenancy, address(tenancy))
    name = line["type"].removeprefix("housing.")
    if name == "transferred":
        homes[tenancy] = address(tenancy, said.pop("to"))
        return {**data, "from_unit": here, "to_unit": homes[tenancy]}
    if name in ("tenancy_started", "tenancy_ended", "snapshot_asserted"):
        homes.setdefault(tenancy, here)
        data["address"] = here
    roles = said.pop("roles", {})
    members = [
        {"person_id": person(who), "role": roles.get(who, "other"), "birth_year": year}
        for who, year in said.pop("members", {}).items()
    ]
    if name in ("tenancy_started", "snapshot_asserted"):
        data["members"] = members
    if name == "member_added":
        data["member"] = members[0]
    if name == "member_removed":
        data["person_id"] = person(said.pop("who"))
    if name == "snapshot_asserted":
        data["as_of"] = at
    return {**data, **said}
