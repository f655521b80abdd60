"""The intake of the feeds: what is taken, what is a duplicate, what goes to dead letters and why."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from typing import Any

import orjson
import pytest

from contracts.facts import merged, slot
from services.admission.hospital import PROCESSOR as ADMISSION
from services.community.observations import PROCESSOR as COMMUNITY
from services.hotline.contacts import PROCESSOR as HOTLINE
from services.housing.tenancy import PROCESSOR as HOUSING
from services.register.welfare import PROCESSOR as REGISTER
from services.runtime.fold import Processor, Record, Turn
from services.runtime.folding import MemoryStore, Task
from services.runtime.intake import MAX_EVENT_BYTES
from tests.scenario import expand, person, resend

# no identity of anybody stands in this file: the digits are joined here, and the check digit is not right
HKID = "A" + "123456" + "(0)"
BARE = "A" + "123456" + "0"

ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1"}


def one(line: dict[str, Any] = ADMITTED) -> Record:
    (record,) = expand([line])
    return record


def taken(processor: Processor, *records: Record) -> list[Turn]:
    task = Task(processor, MemoryStore())
    return [turn for record in records for turn in task.take(record)]


def reason(record: Record, processor: Processor = ADMISSION) -> tuple[str, str]:
    """Why it is a dead letter. It leaves no other trace."""
    (turn,) = taken(processor, record)
    assert turn.outputs == [] and turn.writes == {}
    ((dead),) = turn.dead
    assert dead.record is record
    assert dead.identity == (dead.reason == "identity")
    return dead.reason, dead.detail


def header(record: Record, **changed: str | None) -> Record:
    known = dict(record.headers) | {f"ce_{name}": None if v is None else v.encode() for name, v in changed.items()}
    return replace(record, headers=tuple((name, value) for name, value in known.items() if value is not None))


def body(record: Record, **changed: Any) -> Record:
    return replace(record, value=orjson.dumps(orjson.loads(record.value) | changed))


def holding(turns: Iterable[Turn]) -> dict[tuple[str, str], Any]:
    """The facts that hold after all that was sent, by place and slot."""
    slots: dict[tuple[str, str], Any] = {}
    for turn in turns:
        for output in turn.outputs:
            fact = orjson.loads(output.value)
            place = (f"{output.topic} {output.key.decode()}", slot(fact))
            slots[place] = merged(slots.get(place, []), fact) or slots[place]
    return {place: said[-1] for place, said in slots.items() if said[-1]["value"] is not None}


def test_a_good_record_is_applied() -> None:
    (turn,) = taken(ADMISSION, one())
    assert turn.dead == [] and not turn.duplicate
    assert {orjson.loads(output.value)["kind"] for output in turn.outputs} == {"visit.admitted", "visit.hospital"}


@pytest.mark.parametrize(
    ("spoilt", "why", "says"),
    [
        (replace(one(), value=b"\xff\xfe"), "unreadable", "not UTF-8 JSON"),
        (replace(one(), value=b'{"visit_id":"V1"'), "unreadable", "not UTF-8 JSON"),
        (replace(one(), value=b""), "unreadable", "not UTF-8 JSON"),
        (replace(one(), headers=(*one().headers[1:], ("ce_id", b"\xff"))), "unreadable", "header is not UTF-8"),
        (replace(one(), value=b"[]"), "invalid", "Input should be a valid dictionary"),
        (replace(one(), value=b"null"), "invalid", "Input should be a valid dictionary"),
        (body(one(), visit_id="has a space"), "invalid", "visit_id"),
        (body(one(), visit_id=None), "invalid", "visit_id"),
        (replace(one(), value=b"{}"), "invalid", "visit_id: Field required; hospital: Field required"),
        (replace(one(), headers=()), "invalid", "envelope id: Field required"),
        (header(one(), time="yesterday"), "invalid", "envelope time"),
        (header(one(), time="2026-07-10T09:00:00"), "invalid", "without a UTC offset"),
        (header(one(), time="0001-01-01T00:00:00+14:00"), "invalid", "before the year 1"),
        (header(one(), sequence="-1"), "invalid", "envelope sequence"),
        (header(one(), source=None), "invalid", "envelope source: Field required"),
        (header(one(), dataschema="urn:kithline:hospital.discharged:1"), "invalid", "is not of type"),
        (body(one(), more="x" * MAX_EVENT_BYTES), "invalid", "more than 131072 bytes"),
        (header(one(), correlationid="x" * MAX_EVENT_BYTES), "invalid", "more than 131072 bytes"),
        (header(one(), type="hospital.unheard_of", dataschema=None), "unknown_type", "hospital.admitted"),
        (header(one(), type="housing.transferred", dataschema=None), "unknown_type", "does not carry"),
        (replace(one(), key=person("ben").encode()), "wrong_key", "key is not ce_subject"),
        (replace(one(), key=b""), "wrong_key", "key is not ce_subject"),
        (header(one(), time="2026-07-20T00:00:00Z"), "future_dated", "300 s ahead"),
        (header(one(), recordedtime="2026-07-20T00:00:00Z"), "future_dated", "300 s ahead"),
        (
            body(header(one(), dataschema="urn:kithline:hospital.admitted:2"), visit_id=7),
            "too_new",
            "version 2, we know 1",
        ),
        (body(header(one(), dataschema="urn:kithline:hospital.admitted:1"), visit_id=7), "invalid", "visit_id"),
    ],
)
def test_why_a_record_is_a_dead_letter(spoilt: Record, why: str, says: str) -> None:
    found, detail = reason(spoilt)
    assert found == why
    assert says in detail


@pytest.mark.parametrize(
    ("processor", "line", "changed", "says"),
    [
        (ADMISSION, {"type": "identity.merged", "subject": "anna", "retired": "anna"}, {}, "merged with oneself"),
        (
            REGISTER,
            {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "anna", "group": "elderly"},
            {},
            "nobody is registered as their own carer",
        ),
        (
            HOTLINE,
            {"type": "hotline.contact", "subject": "anna", "topics": ["care"]},
            {"caller_person_id": person("ben")},
            "is not ce_subject",
        ),
        (HOTLINE, {"type": "hotline.contact", "subject": "anna", "topics": ["care"]}, {"topics": []}, "topics"),
        (
            HOTLINE,
            {"type": "hotline.contact", "subject": "anna", "topics": ["care"]},
            {"caller_person_id": None},
            "caller_person_id is missing",
        ),
    ],
)
def test_nonsense_is_refused(processor: Processor, line: dict[str, Any], changed: dict[str, Any], says: str) -> None:
    found, detail = reason(body(one(line), **changed), processor)
    assert found == "invalid"
    assert says in detail


def test_an_observation_is_keyed_by_whom_it_is_about() -> None:
    observed = one({"type": "community.observation", "subject": "anna", "concern": "frail"})
    assert reason(body(observed, person_id=person("ben")), COMMUNITY)[0] == "wrong_key"
    at_a_flat = one({"type": "community.observation", "tenancy": "T1", "concern": "frail"})
    moved = header(replace(at_a_flat, key=b"block-9"), subject="block-9")
    assert reason(moved, COMMUNITY)[0] == "wrong_key"
    both = body(observed, address=orjson.loads(at_a_flat.value)["address"])
    assert reason(both, COMMUNITY)[0] == "invalid"


@pytest.mark.parametrize(
    "record",
    [
        body(one(), visit_id=HKID),
        body(one(), visit_id=BARE),
        body(one(), note=f"told by {HKID}"),
        body(one(), note="told by " + HKID.lower()),
        body(one(), nested={"deep": [BARE]}),
        replace(one(), value=one().value.replace(b'"V1"', ('"' + BARE.replace("A", "\\u0041") + '"').encode())),
        replace(one(), value=one().value.replace(b"}", b',"n":"\\u0041123456\\u00280\\u0029"}')),
        replace(one(), value=b"not JSON, but " + HKID.encode()),
        replace(one(), value=b"\xff" + BARE.encode() + b"\xff"),
        replace(one(), key=BARE.encode()),
        replace(one(), key=f"person:{HKID}".encode()),
        header(one(), subject=BARE),
        header(one(), correlationid=BARE),
        replace(one(), headers=(*one().headers, ("trace", HKID.encode()))),
    ],
)
def test_identity_anywhere_is_seen_first_and_never_quoted(record: Record) -> None:
    found, detail = reason(record)
    assert found == "identity"
    assert "123456" not in detail


@pytest.mark.parametrize("visit", ["XVA1234560", "A12345", "AB-123456-0", "A12345678901", "a1234560", "p-a1234560f"])
def test_what_only_looks_a_little_like_an_identity_is_taken(visit: str) -> None:
    (turn,) = taken(ADMISSION, body(one(), visit_id=visit))
    assert turn.dead == []


def test_no_complaint_quotes_a_value() -> None:
    secret = "Chan Tai Man"
    for spoilt in (
        body(one(), visit_id=secret),
        body(one(), hospital={secret: 1}),
        header(one(), time=secret),
        header(one(), source=secret),
        header(one(), type=secret),
        replace(one(), key=secret.encode()),
        replace(one(), value=secret.encode()),
    ):
        assert secret not in reason(spoilt)[1]


def test_a_newer_version_is_taken_where_the_known_fields_suffice() -> None:
    newer = body(header(one(), dataschema="urn:kithline:hospital.admitted:7"), ward_class="new")
    (turn,) = taken(ADMISSION, newer)
    assert turn.dead == []
    assert b"ward_class" not in b"".join(output.value for output in turn.outputs)


def test_five_minutes_ahead_are_tolerated_and_not_one_millisecond_more() -> None:
    recorded = "2026-07-10T09:00:00.000Z"
    at = {**ADMITTED, "recorded": recorded, "received": recorded}
    assert taken(ADMISSION, one({**at, "at": "2026-07-10T09:05:00.000Z"}))[0].dead == []
    assert reason(one({**at, "at": "2026-07-10T09:05:00.001Z"}))[0] == "future_dated"


@pytest.mark.parametrize("field", ["admitted_at", "discharged_at"])
def test_a_correction_into_the_future_is_future_dated(field: str) -> None:
    line = {"type": "hospital.corrected", "subject": "anna", "visit": "V1", field: "2027-01-01"}
    assert reason(one(line))[0] == "future_dated"


def test_a_roster_of_a_day_to_come_is_future_dated() -> None:
    roster = one({"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948}})
    assert reason(body(roster, as_of="2027-01-01T00:00:00.000Z"), HOUSING)[0] == "future_dated"


def test_a_heartbeat_is_applied_and_says_nothing() -> None:
    beat = header(replace(one(), key=b"ha-cms", value=b"{}"), type="feed.heartbeat", subject="ha-cms", dataschema=None)
    (turn,) = taken(ADMISSION, beat)
    assert turn.dead == [] and turn.outputs == [] and not turn.duplicate


def test_the_same_record_again_is_a_duplicate_and_says_nothing() -> None:
    first, again = taken(ADMISSION, one(), one())
    assert not first.duplicate
    assert again.duplicate and again.outputs == [] and again.dead == []


def test_of_two_receipts_the_first_prevails_whichever_comes_first() -> None:
    early, late = resend(one(), "2026-07-12T00:00:00Z"), resend(one(), "2026-07-14T00:00:00Z")
    for order in ((early, late), (late, early)):
        turns = taken(ADMISSION, *order)
        assert [turn.duplicate for turn in turns] == [False, True]
        assert {fact["received"] for fact in holding(turns).values()} == {"2026-07-12T00:00:00.000Z"}


def test_what_transport_adds_makes_no_second_body() -> None:
    traced = replace(one(), headers=(*one().headers, ("traceparent", b"00-1"), ("replayed-from", b"dead.letters")))
    _, again = taken(ADMISSION, one(), traced)
    assert again.duplicate and again.dead == []


BODIES = {
    "another visit": (ADMISSION, [one(), body(one(), visit_id="V2"), header(one(), time="2026-07-01T00:00:00Z")]),
    "another kind of event": (
        ADMISSION,
        [
            one(),
            one({**ADMITTED, "type": "hospital.discharged"}),
            one({"type": "identity.merged", "subject": "anna", "retired": "ben"}),
        ],
    ),
    "another flat of the block": (
        COMMUNITY,
        [
            one({"type": "community.observation", "tenancy": "T1", "concern": "frail"}),
            one({"type": "community.observation", "tenancy": "T2", "concern": "frail"}),
            one({"type": "community.incident", "block_id": "block-1", "kind": "fire"}),
        ],
    ),
    "another who is cared for": (
        REGISTER,
        [
            one(
                {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": who, "group": "elderly"}
            )
            for who in ("ben", "carol", "dora")
        ],
    ),
    "other members": (
        HOUSING,
        [
            one({"type": "housing.tenancy_started", "tenancy": "T1", "members": {who: 1950}})
            for who in ("anna", "ben", "carol")
        ],
    ),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("receipts", [(12, 13, 14), (14, 13, 12), (12, 12, 12)])
def test_one_id_with_several_bodies_ends_in_the_same_facts(name: str, receipts: tuple[int, ...]) -> None:
    processor, bodies = BODIES[name]
    records = [resend(r, f"2026-07-{day}T00:00:00Z") for r, day in zip(bodies, receipts, strict=True)]
    ends = []
    for order in permutations([*records, records[0]]):
        turns = taken(processor, *order)
        reasons = [dead.reason for turn in turns for dead in turn.dead]
        assert reasons.count("id_reused") == len(reasons) >= 2
        # each record is exactly one of applied, duplicate, dead; a dead letter in place of an applied one counts too
        assert len(reasons) + sum(turn.duplicate and not turn.dead for turn in turns) <= len(order) - 1
        ends.append(holding(turns))
    assert all(end == ends[0] for end in ends)
    assert len({fact["version"][2] for fact in ends[0].values()}) == 1


SHARED = {
    "a link from either side": (
        ADMISSION,
        [one({"type": "identity.merged", "subject": "anna", "retired": "ben"}), one()],
        one({"type": "identity.merged", "subject": "ben", "retired": "anna"}),
        "identity.link",
    ),
    "a death of two tenancies": (
        HOUSING,
        [
            one({"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "reason": "deceased"}),
            one({"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "reason": "moved_out"}),
        ],
        one({"type": "housing.member_removed", "tenancy": "T2", "who": "anna", "reason": "deceased"}),
        "deceased",
    ),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("receipts", [(12, 13), (13, 12), (12, 12)])
def test_what_takes_an_id_under_one_subject_takes_nothing_from_another(name: str, receipts: tuple[int, ...]) -> None:
    """Both fill one slot. What is left of the one event does not depend on what became of the other."""
    processor, bodies, other, kind = SHARED[name]
    records = [resend(r, f"2026-07-{day}T00:00:00Z") for r, day in zip(bodies, receipts, strict=True)]
    last = resend(other, "2026-07-14T00:00:00Z")
    ends = [holding(taken(processor, *order)) for order in permutations([*records, last])]
    assert all(end == ends[0] for end in ends)
    assert any(fact["kind"] == kind for fact in ends[0].values())


def test_a_body_buried_later_keeps_its_bytes_and_place() -> None:
    """Its headers too, also those that transport added and that are no text."""
    late = replace(resend(one(), "2026-07-14T00:00:00Z"), partition=3, offset=7, timestamp=11)
    late = replace(late, headers=(*late.headers, ("trace-bin", b"\xff\x00")))
    early = resend(body(one(), visit_id="V2"), "2026-07-12T00:00:00Z")
    _, second = taken(ADMISSION, late, early)
    (dead,) = second.dead
    assert dead.reason == "id_reused"
    assert (dead.record.value, dead.record.key, dict(dead.record.headers)) == (late.value, late.key, dict(late.headers))
    assert (dead.record.partition, dead.record.offset, dead.record.timestamp) == (3, 7, 11)


def test_the_same_id_of_two_persons_are_two_events() -> None:
    turns = taken(ADMISSION, one(), one({**ADMITTED, "subject": "ben"}))
    assert [turn.dead for turn in turns] == [[], []]


def test_a_bar_in_an_id_makes_no_two_events_one() -> None:
    """A Token may hold `|`: `a|b` of source `c` is not `a` of source `b|c`."""
    first = header(replace(one(), key=b"a|b"), subject="a|b", source="c", id="1|x")
    for subject, source, identity in (("a", "b|c", "1|x"), ("a|b", "c|1", "x"), ("a|b", "c", "1")):
        other = header(replace(one(), key=subject.encode()), subject=subject, source=source, id=identity)
        turns = taken(ADMISSION, first, other)
        assert [(turn.duplicate, turn.dead) for turn in turns] == [(False, []), (False, [])]
