"""Every kind of episode: whom it is about, since when, who cares, what is behind it; and that what people have answered
is found, under whichever id the person had then."""

from dataclasses import dataclass
from typing import Any

import pytest

from contracts.facts import Fact
from contracts.ids import household_of_block, household_of_tenancy
from services.correlator.episodes import EPISODES, Candidate, flag_of
from services.correlator.episodes.reports import protected
from services.correlator.view import Household
from tests.scenario import Short, person
from tests.unit.correlator.households import SOURCES, episodes_of, household_of

T1 = household_of_tenancy("T1")
COUPLE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}}
ALONE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948}}
CARE = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10"}
BEN_IN = {"type": "hospital.admitted", "subject": "ben", "visit": "V2", "at": "2026-07-11"}
BEN_OUT = {"type": "hospital.discharged", "subject": "ben", "visit": "V2", "at": "2026-07-14"}
DIED = {"type": "person.deceased", "subject": "anna", "confidence": "confirmed", "at": "2026-07-14"}
CALL = {"type": "hotline.contact", "subject": "anna", "topics": ["information"], "id": "e-call", "at": "2026-07-14"}
SEEN = {"type": "community.observation", "by": "property_staff", "id": "e-seen", "at": "2026-07-15"}
NO_ANSWER = {**SEEN, "concern": "no_answer"}
ABSENT = {
    "type": "register.care_absence_planned",
    "subject": "anna",
    "absence": "A1",
    "starts": "2026-08-10",
    "ends": "2026-08-20",
}
ALARM = {"type": "register.service_applied_for", "subject": "anna", "kind": "emergency_alarm", "at": "2026-07-01"}


@dataclass(frozen=True)
class Told:
    """What the feeds say, and the one episode that comes of it."""

    kind: str
    lines: list[Short]
    subject: str
    begins: str
    behind: set[str]
    carer: str | None = None


EVERY_KIND = [
    Told(
        "hospital_visit",
        [COUPLE, CARE, ADMITTED],
        "ben",
        "2026-07-10",
        {"visit.admitted", "care.receives"},
        carer="anna",
    ),
    Told("homecoming", [COUPLE, CARE, BEN_IN, BEN_OUT], "ben", "2026-07-14", {"visit.discharged", "care.receives"}),
    Told("carer_death", [COUPLE, CARE, DIED], "ben", "2026-07-14", {"deceased", "care.receives"}, "anna"),
    Told("couple_visit", [COUPLE, BEN_IN], "anna", "2026-07-11", {"visit.admitted", "membership.start"}, "ben"),
    Told("admission_run", [COUPLE, ADMITTED], "anna", "2026-07-10", {"visit.admitted"}),
    Told("strain_run", [ALONE, {**CALL, "topics": ["care"]}], "anna", "2026-07-14", {"contact"}),
    Told("dangerous_contact", [ALONE, {**CALL, "immediate_danger": True}], "anna", "2026-07-14", {"contact"}),
    Told("planned_absence", [COUPLE, CARE, ABSENT], "ben", "2026-08-10", {"absence", "care.receives"}, "anna"),
    Told("planned_absence", [ALONE, {**ABSENT, "reason": "helper_absent"}], "anna", "2026-08-10", {"absence"}),
    Told("report", [ALONE, {**SEEN, "subject": "anna", "concern": "frail"}], "anna", "2026-07-15", {"observation"}),
    Told("report", [ALONE, {**SEEN, "tenancy": "T1", "concern": "frail"}], T1, "2026-07-15", {"observation"}),
    Told("report", [ALONE, {**CALL, "topics": ["violence"]}], "anna", "2026-07-14", {"contact"}),
    Told(
        "attempt_run", [ALONE, {**SEEN, "subject": "anna", "concern": "no_answer"}], T1, "2026-07-15", {"observation"}
    ),
    Told("alarm_application", [ALONE, ALARM], "anna", "2026-07-01", {"application"}),
]
NO_SUCH = {
    "hospital_visit": [COUPLE, CARE, BEN_IN],
    "homecoming": [COUPLE, CARE, BEN_IN],
    "carer_death": [COUPLE, CARE],
    "couple_visit": [ALONE, ADMITTED],
    "strain_run": [ALONE, CALL],
    "dangerous_contact": [ALONE, CALL],
    "planned_absence": [ALONE, ABSENT],
    "report": [ALONE, CALL],
    "attempt_run": [ALONE, {**SEEN, "subject": "anna", "concern": "not_seen"}],
    "alarm_application": [ALONE, {**ALARM, "kind": "home_care"}],
    "alarm_ended": [ALONE, {**ALARM, "type": "register.service_enrolled"}],
}

KINDS = pytest.mark.parametrize("told", EVERY_KIND, ids=lambda told: f"{told.kind} of {told.subject[:5]}")


def only(told: Told) -> Candidate:
    (candidate,) = episodes_of(household_of(told.lines), told.kind)
    return candidate


@KINDS
def test_whom_it_is_about_since_when_and_what_is_behind_it(told: Told) -> None:
    candidate = only(told)
    assert candidate.subject == (told.subject if told.subject == T1 else person(told.subject))
    assert candidate.episode_at.startswith(told.begins)
    assert {fact["kind"] for fact in candidate.behind} == told.behind
    assert (candidate.carer and candidate.carer.id) == (told.carer and person(told.carer))
    assert (candidate.person is None) == (told.subject == T1)
    if candidate.person is not None:
        assert candidate.person.id == candidate.subject


@pytest.mark.parametrize("kind", NO_SUCH)
def test_what_is_none(kind: str) -> None:
    assert episodes_of(household_of(NO_SUCH[kind]), kind) == []


def answered(household: Household, flag: str, **value: Any) -> Household:
    """The same household once people have answered a flag."""
    outcome = Fact(
        subject=household.id,
        kind="task.outcome",
        key=flag,
        source="hotline-1",
        version=("2026-07-20T00:00:00.000Z", 3, "u-1", 0, ""),
        at="2026-07-20T00:00:00.000Z",
        received="2026-07-20T00:00:00.000Z",
        value={"cover_confirmed": True, "closed": None, "also": [], **value},
    )
    flat = {kind: household.of_flat(kind) for kind in household.kinds}
    told = {**household.by_id, "flat": flat, "referral": {"task.outcome": [outcome]}}
    return Household(household.id, told, household.kinds | {"task.outcome"}, SOURCES)


@KINDS
@pytest.mark.parametrize("closed", [None, "no_need"])
def test_what_people_have_answered_is_found(told: Told, closed: str | None) -> None:
    household = household_of(told.lines)
    assert only(told).answer is None
    flag = flag_of(T1, told.kind, only(told).subject, only(told).episode)
    (candidate,) = episodes_of(answered(household, flag, closed=closed), told.kind)
    assert candidate.answer is not None
    assert candidate.answer["key"] == flag
    (unanswered,) = episodes_of(answered(household, "another flag", closed=closed), told.kind)
    assert unanswered.answer is None


@pytest.mark.parametrize("told", [one for one in EVERY_KIND if one.subject != T1], ids=lambda told: told.kind)
def test_what_was_answered_under_another_id_of_the_person_is_found(told: Told) -> None:
    merged = {"type": "identity.merged", "subject": told.subject, "retired": "zoe"}
    household = household_of([*told.lines, merged])
    (candidate,) = episodes_of(household, told.kind)
    assert candidate.person is not None
    assert set(candidate.person.ids) == {person(told.subject), person("zoe")}
    for one in candidate.person.ids:
        (again,) = episodes_of(answered(household, flag_of(T1, told.kind, one, candidate.episode)), told.kind)
        assert again.answer is not None


def test_what_was_answered_about_an_incident_in_a_block_is_found() -> None:
    fire = {"type": "community.incident", "block_id": "block-1", "kind": "fire"}
    block = household_of_block("block-1")
    household = household_of([ALONE, fire], of=block)
    (candidate,) = episodes_of(household, "block_incident")
    assert (candidate.subject, candidate.answer) == ("block-1", None)
    flag = flag_of(block, "block_incident", "block-1", candidate.episode)
    (again,) = episodes_of(answered(household, flag, closed="no_need"), "block_incident")
    assert again.answer is not None


@pytest.mark.parametrize("kind", ["hospital_visit", "homecoming"])
def test_a_stay_of_several_visits_answers_to_the_name_of_each(kind: str) -> None:
    who = "anna" if kind == "hospital_visit" else "ben"
    moved = [
        {"type": "hospital.admitted", "subject": who, "visit": "V1", "at": "2026-07-10T09:00"},
        {"type": "hospital.discharged", "subject": who, "visit": "V1", "at": "2026-07-11T09:00"},
        {
            "type": "hospital.admitted",
            "subject": who,
            "visit": "V2",
            "at": "2026-07-11T10:00",
            "hospital": "hospital-2",
        },
        {"type": "hospital.discharged", "subject": who, "visit": "V2", "at": "2026-07-14T09:00"},
    ]
    (candidate,) = episodes_of(household_of([COUPLE, CARE, *moved]), kind)
    assert (candidate.episode, candidate.also) == ("V1", ("V2",))


def test_no_kind_is_forgotten() -> None:
    elsewhere = {"composition", "alarm_ended", "block_incident"}
    assert {told.kind for told in EVERY_KIND} | elsewhere == set(EPISODES)


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ({**CALL, "topics": ["violence"]}, True),
        ({**CALL, "topics": ["child_at_risk", "care"]}, True),
        ({**CALL, "topics": ["mental_health_crisis"]}, False),
        ({**CALL, "topics": ["care"]}, False),
        ({**SEEN, "subject": "anna", "concern": "violence_reported", "by": "welfare_unit"}, True),
        ({**SEEN, "tenancy": "T1", "concern": "child_at_risk_reported", "by": "welfare_unit"}, True),
        ({**SEEN, "tenancy": "T1", "concern": "not_seen"}, False),
        (ADMITTED, False),
    ],
)
def test_after_which_reports_nobody_learns_where_they_live(line: Short, hidden: bool) -> None:
    assert protected(household_of([ALONE, line])) is hidden
