"""CSV: a row of every type, and refusals by row and column."""

import orjson
import pytest

from contracts.envelope import Envelope
from contracts.events import FEEDS
from services.doors.books import Outcome, Produced, Refused
from services.doors.tables import COLUMNS, read_rows

from .hl7_text import door, hkid

ADDRESS = {"address_unit_id": "U1", "block_id": "B1", "estate_id": "E1", "district": "SSP"}
FROM = {"from_" + name: value for name, value in ADDRESS.items()}
ABSENCE = {"absence_id": "a1", "starts_at": "2026-07-10", "ends_at": "2026-07-12T12:00", "reason": "travel"}
CARE = {"hkid": hkid(), "cared_for_hkid": hkid("B"), "basis": "visit"}
WHO = {"hkid": hkid()}
VISIT = {"hkid": hkid(), "visit_id": "V-1", "hospital": "CMC"}
TENANCY = {"tenancy_id": "T-1"}
MEMBERS = {"members": f"{hkid()} tenant 1948; {hkid('B')} spouse 1950"}

ROWS: dict[str, dict[str, dict[str, str]]] = {
    "hospital.admissions": {
        **{
            name: VISIT
            for name in FEEDS["hospital.admissions"].types
            if name.startswith("hospital.") and name != "hospital.corrected"
        },
        "hospital.corrected": {"hkid": hkid(), "visit_id": "V-1", "admitted_at": "2026-06-30T10:00"},
        "identity.merged": {"hkid": hkid(), "retired_hkid": hkid("B")},
        "identity.unmerged": {"hkid": hkid(), "retired_hkid": hkid("B")},
    },
    "housing.tenancies": {
        "housing.tenancy_started": TENANCY | ADDRESS | MEMBERS,
        "housing.snapshot_asserted": TENANCY | ADDRESS | MEMBERS | {"as_of": "2026-07-01"},
        "housing.tenancy_ended": TENANCY | ADDRESS,
        "housing.member_added": TENANCY | WHO | {"role": "child", "birth_year": "2026"},
        "housing.member_removed": TENANCY | WHO | {"reason": "deceased"},
        "housing.transferred": TENANCY | ADDRESS | FROM,
    },
    "welfare.register": {
        "register.care_relationship_asserted": CARE | {"cared_for_group": "elderly"},
        "register.care_relationship_ended": CARE,
        "register.cohort_asserted": WHO | {"cohort": "high_risk_public_housing"},
        "register.cohort_ended": WHO | {"cohort": "high_risk_public_housing"},
        "register.care_absence_planned": WHO | ABSENCE,
        "register.care_absence_cancelled": WHO | ABSENCE,
        "register.service_enrolled": WHO | {"service": "home_care"},
        "register.service_ended": WHO | {"service": "home_care"},
        "register.service_applied_for": WHO | {"service": "home_care"},
        "register.service_application_withdrawn": WHO | {"service": "home_care"},
        "register.consent_granted": WHO | {"scope": "outreach"},
        "register.consent_withdrawn": WHO | {"scope": "outreach"},
        "register.residence_asserted": WHO | {"district": "SSP"},
        "person.deceased": WHO | {"confidence": "confirmed"},
    },
}
COMMON = {"event_id": "e-1", "occurred_at": "2026-07-01", "recorded_at": "2026-07-01 10:00"}


def one(topic: str, row: dict[str, str]) -> Outcome:
    row = COMMON | row
    text = ",".join(row) + "\r\n" + ",".join(row.values()) + "\r\n"
    outcomes = list(read_rows(text.encode(), door(topic=topic)))
    assert [number for number, _ in outcomes] == [2]
    return outcomes[0][1]


@pytest.mark.parametrize(("topic", "kind"), [(topic, kind) for topic, kinds in ROWS.items() for kind in kinds])
def test_every_type(topic: str, kind: str) -> None:
    row = ROWS[topic][kind]
    assert set(row) <= set(COLUMNS[topic])
    outcome = one(topic, {"event_type": kind} | row)
    assert isinstance(outcome, Produced), outcome
    record = outcome.records[0]
    envelope = Envelope.from_headers(record.headers)
    assert (envelope.type, envelope.id, envelope.time) == (kind, "e-1", "2026-06-30T16:00:00.000Z")
    assert record.key == envelope.subject.encode()
    FEEDS[topic].types[kind].model_validate_json(record.value)
    assert one(topic, {"event_type": kind.rsplit(".", 1)[1]} | row) == outcome


def test_all_types_can_be_sent_but_the_heartbeat_and_a_rotation_of_keys() -> None:
    """A table names people by their HKIDs, and a door has one key: who has both tells of a rotation."""
    for topic, kinds in ROWS.items():
        assert set(kinds) == set(FEEDS[topic].types) - {"feed.heartbeat", "identity.rekeyed"}


@pytest.mark.parametrize(
    ("topic", "row", "says"),
    [
        ("hospital.admissions", VISIT | {"event_type": "flew"}, "column event_type is no event of hospital.admissions"),
        ("hospital.admissions", VISIT | {"event_type": ""}, "column event_type is empty"),
        ("hospital.admissions", VISIT | {"event_type": "admitted", "visit_id": ""}, "column visit_id is empty"),
        ("hospital.admissions", WHO | {"event_type": "admitted"}, "column visit_id is missing"),
        ("hospital.admissions", VISIT | {"event_type": "admitted", "event_id": "a b"}, "column event_id: is not an id"),
        (
            "hospital.admissions",
            VISIT | {"event_type": "discharged", "deceased": "maybe"},
            "column deceased is neither",
        ),
        (
            "hospital.admissions",
            WHO | {"event_type": "merged", "retired_hkid": hkid()},
            "column retired_hkid names the same",
        ),
        (
            "hospital.admissions",
            VISIT | {"event_type": "admitted", "occurred_at": "1/7"},
            "column occurred_at is not an ISO",
        ),
        (
            "hospital.admissions",
            VISIT | {"event_type": "admitted", "sequence": "-1"},
            "column sequence is not a whole number",
        ),
        (
            "hospital.admissions",
            VISIT | {"event_type": "admitted", "hkid": hkid(right=False)},
            "column hkid holds an HKID",
        ),
        (
            "housing.tenancies",
            TENANCY | ADDRESS | {"event_type": "tenancy_started", "members": "x"},
            "column members: member 1",
        ),
        (
            "housing.tenancies",
            TENANCY | ADDRESS | {"event_type": "tenancy_started", "members": f"{hkid()} boss 1950"},
            "column role: Input should be 'tenant'",
        ),
        (
            "welfare.register",
            CARE | {"event_type": "care_relationship_ended", "basis": "hearsay"},
            "column basis: Input",
        ),
        (
            "welfare.register",
            CARE | {"event_type": "care_relationship_ended", "cared_for_hkid": hkid()},
            "column cared_for",
        ),
        (
            "welfare.register",
            WHO | ABSENCE | {"event_type": "care_absence_planned", "ends_at": "2026-07-10"},
            "column ends_at",
        ),
        (
            "welfare.register",
            WHO | {"event_type": "cohort_asserted", "cohort": "A1234567"},
            "column cohort: Input should be",
        ),
    ],
)
def test_refusals_name_the_column(topic: str, row: dict[str, str], says: str) -> None:
    outcome = one(topic, row)
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith(says), outcome.reason


def test_a_bad_row_costs_that_row() -> None:
    header = ",".join([*COMMON, "event_type", *VISIT])
    good = ",".join([*COMMON.values(), "admitted", *VISIT.values()])
    text = "\n".join([header, good, good + ",more", "", good.replace("V-1", "\udcff"), good])
    outcomes = list(read_rows(b"\xef\xbb\xbf" + text.encode("utf-8", "surrogateescape"), door()))
    assert [(number, type(outcome)) for number, outcome in outcomes] == [
        (2, Produced),
        (3, Refused),
        (5, Refused),
        (6, Produced),
    ]


def test_columns_that_we_do_not_know_are_not_read() -> None:
    outcome = one("hospital.admissions", VISIT | {"event_type": "admitted", "name": "CHAN TAI MAN"})
    assert isinstance(outcome, Produced)
    assert b"CHAN" not in outcome.records[0].value
    assert orjson.loads(outcome.records[0].value) == {"visit_id": "V-1", "hospital": "CMC"}


def test_a_file_with_the_wrong_header_or_an_open_quote() -> None:
    assert [type(outcome) for _, outcome in read_rows(b"a,b\n1,2\n3,4\n", door())] == [Refused]
    header = ",".join([*COMMON, "event_type", *VISIT])
    outcomes = list(read_rows(f'{header}\n"open,\n1,2\n'.encode(), door()))
    assert len(outcomes) == 1
    assert isinstance(outcomes[0][1], Refused)
    assert list(read_rows(b"", door())) == []
