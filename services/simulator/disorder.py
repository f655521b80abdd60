"""What goes wrong on the way: records sent twice, late, and records that must end as dead letters."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from contracts.deadletters import Reason
from services.runtime.fold import Record
from services.simulator.dice import Dice
from services.simulator.wire import DAY, Arrival
from services.simulator.world import World

__all__ = ["spoil"]

_BAD: tuple[Reason, ...] = (
    "unreadable", "invalid", "too_new", "future_dated", "id_reused", "identity", "unknown_type", "wrong_key",
)  # fmt: skip

_WRONG_FIELD: dict[str, tuple[str, Any]] = {
    "hospital.admissions": ("visit_id", "not a token"),
    "housing.tenancies": ("members", []),
    "welfare.register": ("basis", "hearsay"),
    "hotline.contacts": ("topics", []),
    "community.observations": ("concern", "gossip"),
}
_OTHER_FIELD: dict[str, tuple[str, Any]] = {
    "hospital.admissions": ("hospital", "TMH"),
    "welfare.register": ("cared_for_group", "other"),
    "hotline.contacts": ("outcome", "call_back"),
    "community.observations": ("concern", "frail"),
}
"""A valid change of the body, for one id that comes with two bodies."""


def spoil(world: World, arrivals: list[Arrival], later: Callable[[str, int], str]) -> list[Arrival]:
    """The arrivals with lateness, duplicates and bad records; `later` adds seconds to an instant."""
    last = later(arrivals[-1].received, 0)
    dice = world.dice("disorder")
    out = [_delayed(world, dice, arrival, later, last) for arrival in arrivals]
    out += _twice(world, dice, out, later, last)
    out += _bad(world, dice, out, later)
    return _shuffled(world, out)


def _shuffled(world: World, arrivals: list[Arrival]) -> list[Arrival]:
    """Some mornings a batch is in no order: a discharge may stand before its admission. Sorting by receipt, which is
    stable, keeps the order made here."""
    dice = world.dice("shuffled batches")
    batches: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.adt:
            batches.setdefault(arrival.received, []).append(arrival)
    others = [arrival for arrival in arrivals if not arrival.adt]
    for received in sorted(batches):
        batch = batches[received]
        others += dice.order(batch) if dice.chance(world.parameters.shuffled_batch_share) else batch
    return others


def _delayed(world: World, dice: Dice, arrival: Arrival, later: Callable[[str, int], str], last: str) -> Arrival:
    """The hospital's late records missed their batch already; a heartbeat is never late, only missing."""
    if arrival.adt or _type(arrival.record) == "feed.heartbeat" or not dice.chance(world.parameters.late_share):
        return arrival
    received = later(arrival.received, dice.between(3600, 3 * DAY))
    return arrival.again(received) if received < last else arrival


def _twice(
    world: World, dice: Dice, arrivals: list[Arrival], later: Callable[[str, int], str], last: str
) -> list[Arrival]:
    """Sent twice at once, or again later; a hospital repeats it in the next morning's batch."""
    copies = []
    for arrival in arrivals:
        if dice.chance(world.parameters.duplicate_share):
            wait = DAY if arrival.adt else dice.between(60, DAY)
            received = arrival.received if dice.chance(0.5) else later(arrival.received, wait)
            copies.append(arrival.again(received if received <= last else arrival.received))
    return copies


def _bad(world: World, dice: Dice, arrivals: list[Arrival], later: Callable[[str, int], str]) -> list[Arrival]:
    """Each kind in turn, each made from a good record of the same feed."""
    templates: dict[str, list[Arrival]] = {topic: [] for topic in _WRONG_FIELD}
    for arrival in arrivals:
        if _suits(arrival.record):
            templates[arrival.record.topic].append(arrival)
    topics = [topic for topic, some in templates.items() if some]
    out: list[Arrival] = []
    reused: set[bytes] = set()
    for number in range(round(world.parameters.bad_share * len(arrivals))):
        reason = _BAD[number % len(_BAD)]
        choice = [topic for topic in topics if reason != "id_reused" or topic in _OTHER_FIELD]
        template = dice.pick(templates[dice.pick(choice)])
        wait = dice.between(60, 7200)
        headers = dict(template.record.headers)
        if reason == "id_reused":
            if headers["ce_id"] in reused:
                continue
            reused.add(headers["ce_id"])
            record = _changed(template.record, headers, *_OTHER_FIELD[template.record.topic])
        else:
            record = _spoilt(template.record, reason, number, dice.pick(arrivals).record.key)
        arrival = Arrival(template.received, record).again(later(template.received, wait))
        out.append(replace(arrival, bad=reason))
    return out


def _suits(record: Record) -> bool:
    """Plain events, whose fields the tables above name."""
    return _type(record) in (
        "hospital.admitted", "housing.tenancy_started", "register.care_relationship_asserted",
        "hotline.contact",
    ) or (_type(record) == "community.observation" and b'"frail"' not in record.value)  # fmt: skip


def _type(record: Record) -> str:
    return next(value for name, value in record.headers if name == "ce_type").decode()


def _changed(record: Record, headers: dict[str, bytes], field: str, value: Any) -> Record:
    body = orjson.loads(record.value)
    if body[field] == value:
        value = {"call_back": "advised", "other": "elderly"}[value]
    return replace(record, headers=tuple(headers.items()), value=orjson.dumps(body | {field: value}))


def _spoilt(record: Record, reason: Reason, number: int, other_key: bytes) -> Record:
    """A new event of its own id, wrong in exactly one way."""
    headers = dict(record.headers)
    identity = f"bad-{number + 1:06d}".encode()
    key = record.key
    if key == headers["ce_id"]:  # an event that is its own subject
        key = headers["ce_subject"] = identity
    headers["ce_id"] = identity
    value = record.value
    field, wrong = _WRONG_FIELD[record.topic]
    match reason:
        case "unreadable":
            value = value[:-1] if number % 16 < 8 else b"\xff\xfe" + value
        case "invalid":
            value = orjson.dumps(orjson.loads(value) | {field: wrong})
        case "too_new":
            headers["ce_dataschema"] = headers["ce_dataschema"].rsplit(b":", 1)[0] + b":99"
            body = orjson.loads(value)
            value = orjson.dumps({**{name: part for name, part in body.items() if name != field}, "v99": {field: 1}})
        case "future_dated":
            headers["ce_time"] = b"2099" + headers["ce_time"][4:]
        case "identity":
            value = orjson.dumps(orjson.loads(value) | {"remark": "called about K123456(7)"})
        case "unknown_type":
            headers["ce_type"] = headers["ce_type"].split(b".")[0] + b".unheard_of"
            del headers["ce_dataschema"]
        case _:
            key = b"not-" + other_key
    return Record(record.topic, key, value, tuple(headers.items()))
