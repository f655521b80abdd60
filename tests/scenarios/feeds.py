"""What the feeds say, in whatever order: hospital, housing, register, hotline, observers. No answers yet."""

from dataclasses import replace

from services.runtime.fold import Record
from tests.scenario import expand, resend
from tests.scenarios.model import Ends, Scenario, feed

__all__ = ["FEEDS"]

COUPLE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}}
CARE = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
COHORT = {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"}
HOME_CARE = {"type": "register.service_enrolled", "subject": "anna", "kind": "home_care"}
"""Keeps the list of households with little support out of stories that are not about it."""
PAIR = (COUPLE, CARE, COHORT, HOME_CARE)

ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10T10:00"}
DISCHARGED = {"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-14T15:00"}
CANCELLED = {"type": "hospital.admission_cancelled", "subject": "anna", "visit": "V1", "at": "2026-07-10T12:00"}
TO_KWUN_TONG = {
    "type": "housing.transferred",
    "tenancy": "T1",
    "to": {"unit": "unit-9", "block": "block-9", "estate": "estate-9", "district": "KTS"},
    "at": "2026-07-12",
}

FLAG = {"who": "ben", "rule": "carer-admitted", "status": "active", "home": "household T1"}
CHECK = {"who": "ben", "purpose": "check_arrangements", "unit_kind": "hotline", "status": "requested"}
WIDOWED = (
    FLAG | {"level": "very_high"},
    FLAG | {"rule": "carer-died", "level": "very_high"},
    {"who": "household T1", "rule": "little-support", "status": "active"},
)
"""The carer has died in hospital, and the one at home lives alone now."""


def spoilt(value: bytes, line: dict[str, object]) -> list[Record]:
    """A record with another value than its type has."""
    return [replace(record, value=value) for record in feed(line)]


def gone(cause: str) -> dict[str, object]:
    """The flag, retracted for a cause."""
    return {"who": "ben", "rule": "carer-admitted", "status": "retracted", "cause": cause}


def few_follows(ends: Ends) -> None:
    """Spouses tell each other whose household they follow once; nothing comes back for what was told."""
    assert 0 < ends.follows <= 8, ends.follows


def nothing_at_all(ends: Ends) -> None:
    """Not even a flag that came and went, or a task that was taken back."""
    assert [flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted"] == []
    assert ends.tasks == {}


FEEDS = (
    Scenario(
        "a carer is admitted: somebody asks about the one at home",
        feed(*PAIR, ADMITTED),
        flags=[FLAG | {"level": "very_high", "district": "SSP", "estate": "estate-1", "episode": "V1"}],
        tasks=[CHECK | {"unit": "hotline-182183", "priority": "urgent", "level": "very_high"}],
    ),
    Scenario(
        "who is cared for has moved out, nobody says where to: who stayed behind is not at their side",
        feed(
            {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1970, "ben": 1946, "carol": 1975}},
            *(CARE, COHORT, HOME_CARE),
            {
                "type": "housing.member_removed",
                "tenancy": "T1",
                "who": "ben",
                "reason": "moved_out",
                "at": "2026-07-02",
            },
            ADMITTED,
        ),
        flags=[FLAG | {"level": "very_high"}],
        tasks=[CHECK],
    ),
    Scenario(
        "a discharge whose admission never came raises nothing",
        feed(*PAIR, DISCHARGED),
        cases=[1],
        check=nothing_at_all,
        any_order=True,
    ),
    Scenario(
        "an admission that is over, whichever was told first",
        feed(*PAIR, DISCHARGED, ADMITTED),
        cases=[1],
    ),
    Scenario("a cancelled admission, whichever was told first", feed(*PAIR, ADMITTED, CANCELLED), cases=[2, 3]),
    Scenario(
        "a discharge that is taken back: the same episode is open again",
        feed(
            *PAIR,
            ADMITTED,
            DISCHARGED,
            {"type": "hospital.discharge_cancelled", "subject": "anna", "visit": "V1", "at": "2026-07-14T16:00"},
        ),
        flags=[FLAG | {"episode": "V1", "episode_at": "2026-07-10T02:00Z"}],
        tasks=[CHECK],
        cases=[4],
    ),
    Scenario(
        "a time far ahead is quarantined; the rest flows on",
        feed(
            *PAIR,
            {**ADMITTED, "at": "2031-07-10T10:00", "recorded": "2026-07-11", "visit": "V2"},
            {"type": "hospital.corrected", "subject": "anna", "visit": "V3", "admitted_at": "2031-07-10"},
            ADMITTED,
        ),
        flags=[FLAG],
        tasks=[CHECK],
        dead=["future_dated", "future_dated"],
        cases=[7],
    ),
    Scenario(
        "a clock that runs some minutes ahead is believed",
        feed(*PAIR, {**ADMITTED, "at": "2026-07-10T10:04", "recorded": "2026-07-10T10:00"}),
        flags=[FLAG],
        tasks=[CHECK | {"due_ack": "2026-07-11T02:04Z", "due_contact": "2026-07-13T02:04Z"}],
        cases=[7],
    ),
    Scenario(
        "what the morning batch brings late gives the unit its two hours all the same",
        feed(*PAIR, {**ADMITTED, "recorded": "2026-07-15T06:30", "received": "2026-07-15T07:00"}),
        flags=[FLAG | {"received_at": "2026-07-14T23:00:00.000Z"}],
        tasks=[CHECK | {"due_ack": "2026-07-15T01:00Z", "due_contact": "2026-07-15T01:00Z"}],
        cases=[8],
    ),
    Scenario(
        "the one who is cared for is admitted, the carer is at home",
        feed(*PAIR, {**ADMITTED, "subject": "ben"}),
        cases=[13],
        check=nothing_at_all,
    ),
    Scenario(
        "a carer lives elsewhere: a flag where the help is missing, none at the carer's own",
        feed(
            {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}, "flat": {"district": "KTS"}},
            {"type": "housing.tenancy_started", "tenancy": "T2", "members": {"anna": 1975, "carol": 1974}},
            {"type": "register.service_enrolled", "subject": "ben", "kind": "home_care"},
            {"type": "register.service_enrolled", "subject": "anna", "kind": "carer_resource"},
            CARE,
            COHORT,
            ADMITTED,
        ),
        flags=[FLAG | {"level": "very_high", "district": "KTS"}],
        tasks=[CHECK | {"district": "KTS"}],
        cases=[15],
    ),
    Scenario(
        "a carer for two households: a flag and a task for each cared-for person",
        feed(
            {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946, "carol": 1990}},
            {"type": "housing.tenancy_started", "tenancy": "T2", "members": {"dora": 1940}},
            {"type": "register.service_enrolled", "subject": "dora", "kind": "home_care"},
            CARE,
            {**CARE, "cared_for": "dora"},
            COHORT,
            ADMITTED,
        ),
        flags=[FLAG | {"level": "high"}, {**FLAG, "who": "dora", "home": "household T2", "level": "very_high"}],
        tasks=[CHECK, {**CHECK, "who": "dora"}],
        cases=[15],
    ),
    Scenario(
        "every cared-for person of one household is asked about",
        feed(
            {**COUPLE, "members": {"anna": 1980, "ben": 1946, "carol": 2012}},
            CARE,
            {**CARE, "cared_for": "carol", "group": "disabled"},
            COHORT,
            HOME_CARE,
            ADMITTED,
        ),
        flags=[FLAG, {**FLAG, "who": "carol"}],
        tasks=[CHECK, {**CHECK, "who": "carol"}],
    ),
    Scenario(
        "spouses care for each other and one is admitted: one flag, for the one at home, and no echo",
        feed(
            *PAIR,
            {**CARE, "subject": "ben", "cared_for": "anna"},
            {**COHORT, "subject": "ben"},
            ADMITTED,
        ),
        flags=[FLAG],
        tasks=[CHECK],
        cases=[34],
        check=few_follows,
        any_order=True,
    ),
    Scenario(
        "the household moves while the carer is in hospital: the same flag, and the task goes where they live",
        feed(*PAIR, ADMITTED, TO_KWUN_TONG),
        flags=[FLAG | {"district": "KTS", "estate": "estate-9", "episode": "V1"}],
        tasks=[CHECK | {"district": "KTS"}],
    ),
    Scenario(
        "a task that nobody has seen yet goes to a unit of the place where the household lives now",
        feed(
            *PAIR,
            {
                "type": "register.care_absence_planned",
                "subject": "anna",
                "absence": "A1",
                "starts": "2026-08-10",
                "ends": "2026-08-20",
            },
            TO_KWUN_TONG,
        ),
        flags=[{"who": "ben", "rule": "planned-absence", "status": "active", "district": "KTS"}],
        tasks=[{"who": "ben", "purpose": "arrange_respite", "unit": "emergency-support-ntw", "district": "KTS"}],
    ),
    Scenario(
        "a correction moves the admission to an earlier time: it wins, and the due times move with it",
        feed(
            *PAIR,
            ADMITTED,
            {
                "type": "hospital.corrected",
                "subject": "anna",
                "visit": "V1",
                "admitted_at": "2026-07-09T08:00",
                "at": "2026-07-10T18:00",
            },
        ),
        flags=[FLAG | {"episode_at": "2026-07-09T00:00Z"}],
        tasks=[CHECK | {"due_ack": "2026-07-11T01:00Z", "due_contact": "2026-07-12T00:00Z"}],
        cases=[35],
    ),
    Scenario(
        "a carer who dies in hospital has not come home",
        feed(*PAIR, ADMITTED, {**DISCHARGED, "deceased": True}),
        flags=WIDOWED,
        tasks=[CHECK],
        cases=[37],
    ),
    Scenario(
        "a death that the hospital tells after the discharge: what looked like a return was none",
        feed(
            *PAIR,
            ADMITTED,
            DISCHARGED,
            {"type": "hospital.corrected", "subject": "anna", "visit": "V1", "deceased": True},
        ),
        flags=WIDOWED,
        tasks=[CHECK],
        cases=[37],
    ),
    Scenario(
        "a later correction of the discharge's time that is silent about the death does not undo it",
        feed(
            *PAIR,
            ADMITTED,
            {**DISCHARGED, "deceased": True},
            {
                "type": "hospital.corrected",
                "subject": "anna",
                "visit": "V1",
                "discharged_at": "2026-07-10T20:00",
                "at": "2026-07-11T12:00",
            },
        ),
        flags=WIDOWED,
        tasks=[CHECK],
        cases=[37],
    ),
    Scenario(
        "leave from the ward is no return",
        feed(*PAIR, ADMITTED, {**DISCHARGED, "type": "hospital.leave_started"}),
        flags=[FLAG],
        tasks=[CHECK],
    ),
    Scenario(
        "a neighbour who cares sees to it: what was asked and not yet answered is taken back",
        feed(
            *PAIR,
            ADMITTED,
            {
                "type": "community.observation",
                "by": "care_team",
                "subject": "ben",
                "concern": "care_covered",
                "at": "2026-07-11T10:00",
            },
        ),
    ),
    Scenario(
        "cover that was seen before the admission says nothing about it",
        feed(
            *PAIR,
            {
                "type": "community.observation",
                "by": "care_team",
                "subject": "ben",
                "concern": "care_covered",
                "at": "2026-07-09T10:00",
            },
            ADMITTED,
        ),
        flags=[FLAG],
        tasks=[CHECK],
    ),
    Scenario(
        "two ids of one carer: an admission under the other id is the carer's",
        feed(*PAIR, {"type": "identity.merged", "subject": "ann", "retired": "anna"}, {**ADMITTED, "subject": "ann"}),
        flags=[FLAG],
        tasks=[CHECK],
        cases=[18],
    ),
    Scenario(
        "two ids of the one at home: one flag, under the smaller id",
        feed(
            *PAIR,
            {**CARE, "cared_for": "benny"},
            {"type": "identity.merged", "subject": "benny", "retired": "ben"},
            ADMITTED,
        ),
        flags=[{**FLAG, "who": "ben+benny"}],
        tasks=[{**CHECK, "who": "ben+benny"}],
        cases=[18],
    ),
    Scenario(
        "three ids in a circle are one person",
        feed(
            *PAIR[1:],
            {"type": "identity.merged", "subject": "ann", "retired": "anna"},
            {"type": "identity.merged", "subject": "nan", "retired": "ann"},
            {"type": "identity.merged", "subject": "anna", "retired": "nan"},
            {**ADMITTED, "subject": "nan"},
        ),
        flags=[{**FLAG, "home": "ben"}],
        tasks=[CHECK],
        cases=[19],
    ),
    Scenario(
        "merged twice over: an admission under the latest id is still the carer's",
        feed(
            *PAIR,
            {"type": "identity.merged", "subject": "ann", "retired": "anna"},
            {"type": "identity.merged", "subject": "nan", "retired": "ann"},
            {**ADMITTED, "subject": "nan"},
        ),
        flags=[FLAG],
        tasks=[CHECK],
        cases=[19],
    ),
    Scenario(
        "a merge with oneself is refused",
        feed(*PAIR, {"type": "identity.merged", "subject": "anna", "retired": "anna"}),
        dead=["invalid"],
        cases=[18],
    ),
    Scenario(
        "unmerged: the admission was somebody else's, and what was asked is taken back",
        feed(
            *PAIR,
            {"type": "identity.merged", "subject": "ann", "retired": "anna", "at": "2026-07-01"},
            {**ADMITTED, "subject": "ann"},
            {"type": "identity.unmerged", "subject": "ann", "retired": "anna", "at": "2026-07-12"},
        ),
        cases=[19],
    ),
    Scenario(
        "a death in the register known late: the dead carer's visit is still no return",
        feed(
            *PAIR,
            ADMITTED,
            {"type": "person.deceased", "subject": "anna", "confidence": "reported", "at": "2026-07-14"},
        ),
        flags=[FLAG, FLAG | {"rule": "carer-death-reported", "level": "high"}],
        tasks=[CHECK, CHECK | {"purpose": "confirm_death", "unit_kind": "district_office"}],
        cases=[24],
    ),
    Scenario(
        "a caller nobody could identify: helped all the same, and linked with nobody",
        feed(
            *PAIR,
            {
                "type": "hotline.contact",
                "caller_match": "probable",
                "topics": ["emotional"],
                "immediate_danger": True,
                "district": "SSP",
                "id": "e-call",
            },
        ),
        flags=[
            {
                "who": "caller e-call",
                "rule": "immediate-danger",
                "status": "active",
                "level": "very_high",
                "home": "caller e-call",
                "district": "SSP",
            }
        ],
        tasks=[
            {"who": "caller e-call", "purpose": "go_at_once", "priority": "stat", "lawful_basis": "vital_interests"}
        ],
        cases=[25],
    ),
    Scenario(
        "an event of a newer version whose known fields suffice is taken",
        feed(*PAIR, {**ADMITTED, "version": 2}),
        flags=[FLAG],
        tasks=[CHECK],
        cases=[33],
    ),
    Scenario(
        "an event of a newer version that cannot be understood is kept for after the upgrade",
        [
            *feed(*PAIR, ADMITTED),
            *spoilt(b'{"visit":{"id":"V2"}}', {**ADMITTED, "visit": "V2", "version": 2, "id": "e-new"}),
        ],
        flags=[FLAG],
        tasks=[CHECK],
        dead=["too_new"],
        cases=[33],
    ),
    Scenario(
        "a poison message: the person's other events go on",
        [
            *feed(
                *PAIR,
                {**ADMITTED, "visit": "V0", "at": "2026-07-01"},
                {**DISCHARGED, "visit": "V0", "at": "2026-07-02"},
            ),
            *spoilt(b"{", {**ADMITTED, "visit": "V2", "id": "e-poison"}),
            *feed({**ADMITTED, "id": "e-after"}),
        ],
        flags=[FLAG | {"episode": "V1"}],
        tasks=[CHECK],
        dead=["unreadable"],
        cases=[31],
    ),
    Scenario(
        "the register says nothing of services: contact is not suppressed",
        feed(COUPLE),
        flags=[{"who": "household T1", "rule": "little-support", "status": "active", "level": "high"}],
        cases=[39],
    ),
    Scenario(
        "everything came twice, the second time a day later",
        [*expand([*PAIR, ADMITTED]), *(resend(r, "2026-07-12T00:00Z") for r in expand([*PAIR, ADMITTED]))],
        flags=[FLAG | {"received_at": "2026-07-10T23:00:00.000Z"}],
        tasks=[CHECK | {"due_ack": "2026-07-11T02:00Z"}],
    ),
)
