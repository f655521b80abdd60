"""What each fact rests on: its value, the events that it names (each here has a name for its id), what is said where it
no longer holds, and when time alone may change it. A row for each way in which a fact function answers."""

from typing import Any, NamedTuple

import pytest

from contracts.ids import household_of_address, household_of_block, household_of_tenancy
from services.correlator.facts import FACTS
from tests.scenario import Short
from tests.unit.correlator.households import look

NEW_YEAR = "2026-12-31T16:00:00.000Z"


def told(name: str, type_: str, at: str, **said: Any) -> Short:
    return {"id": name, "type": type_, "at": f"2026-{at}", **said}


def cares(name: str, carer: str, cared_for: str, group: str = "elderly") -> Short:
    said = {"subject": carer, "cared_for": cared_for, "group": group}
    return told(name, "register.care_relationship_asserted", "06-01", **said)


def admitted(name: str, who: str, at: str) -> Short:
    return told(name, "hospital.admitted", at, subject=who, visit=f"V-{name}")


def discharged(name: str, who: str, at: str, of: str, **said: Any) -> Short:
    return told(name, "hospital.discharged", at, subject=who, visit=f"V-{of}", **said)


def cancelled(name: str, who: str, at: str, of: str) -> Short:
    return told(name, "hospital.admission_cancelled", at, subject=who, visit=f"V-{of}")


def noticed(name: str, at: str, concern: str, who: str | None = "anna", **said: Any) -> Short:
    about = {"tenancy": "T1"} if who is None else {"subject": who}
    return told(name, "community.observation", at, concern=concern, **about, **said)


def called(name: str, at: str, gravity: str = "routine", **said: Any) -> Short:
    return told(name, "hotline.contact", at, **{"subject": "anna", "topics": ["care"], "gravity": gravity, **said})


def served(name: str, kind: str, at: str = "06-01", who: str = "anna") -> Short:
    return told(name, "register.service_enrolled", at, subject=who, kind=kind)


def ended(name: str, kind: str, at: str, who: str = "anna") -> Short:
    return told(name, "register.service_ended", at, subject=who, kind=kind)


def in_cohort(name: str, who: str, cohort: str) -> Short:
    return told(name, "register.cohort_asserted", "06-01", subject=who, cohort=cohort)


def home(**members: int) -> Short:
    return told("home", "housing.tenancy_started", "06-01", tenancy="T1", members=members)


def left(name: str, who: str, at: str, reason: str = "moved_out") -> Short:
    return told(name, "housing.member_removed", at, tenancy="T1", who=who, reason=reason)


COUPLE, ALONE, THREE = home(anna=1948, ben=1946), home(anna=1950), home(anna=1948, ben=1946, dora=1990)
CARE, CARE_TOO = cares("care", "anna", "ben"), cares("care-too", "carol", "ben")
ANNA_IN, ANNA_OUT = admitted("anna-in", "anna", "07-10"), discharged("anna-out", "anna", "07-14", "anna-in")
ANNA_DIED = discharged("anna-died", "anna", "07-14", "anna-in", deceased=True)
ANNA_NOT = cancelled("anna-not", "anna", "07-11", "anna-in")
BEN_IN, BEN_OUT = admitted("ben-in", "ben", "07-08"), discharged("ben-out", "ben", "07-15", "ben-in")
CAROL_IN = admitted("carol-in", "carol", "07-09")
TRIED = [noticed("try-1", "07-02", "no_answer"), noticed("try-2", "07-08", "no_answer", who=None)]
ALARM, ALARM_GONE = served("alarm", "emergency_alarm"), ended("alarm-gone", "emergency_alarm", "07-01")
HELP, HELP_GONE = served("help", "home_care"), ended("help-gone", "home_care", "07-01")
FOR_ALARM = told("for-alarm", "register.service_applied_for", "07-01", subject="anna", kind="emergency_alarm")
AWAY = told(
    "away",
    "register.care_absence_planned",
    "07-01",
    subject="anna",
    absence="A1",
    starts="2026-08-01",
    ends="2026-08-05",
)
FIRE = told("fire", "community.incident", "07-20", block_id="block-1", kind="fire")


class Row(NamedTuple):
    """`events`: the names of those that the fact rests on. `of`: whose household."""

    fact: str
    episode: str
    lines: list[Short]
    value: Any
    events: str = ""
    because: str | None = None
    until: str | None = None
    of: str = "household T1"


T1 = household_of_tenancy("T1")
BLOCK = household_of_block("block-1")
FLAT = household_of_address("unit-T1")
ANNA = "anna"

STAYS = [
    Row("carer.in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN], True, "anna-in", "in_hospital"),
    Row(
        "carer.in_hospital",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, ANNA_OUT],
        False,
        "anna-in anna-out",
        "returned_home",
    ),
    Row(
        "carer.in_hospital",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, ANNA_NOT],
        False,
        "anna-in anna-not",
        "admission_cancelled",
    ),
    Row("carer.died_in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN], False),
    Row("carer.died_in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN, ANNA_OUT], False, "anna-out"),
    Row("carer.died_in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN, ANNA_DIED], True, "anna-died"),
    Row("carer.cohort", "hospital_visit", [COUPLE, CARE, ANNA_IN], []),
    Row(
        "carer.cohort",
        "hospital_visit",
        [
            COUPLE,
            CARE,
            ANNA_IN,
            in_cohort("group", "anna", "high_risk_public_housing"),
            in_cohort("other-group", "anna", "allowance_carers_of_elderly"),
        ],
        ["allowance_carers_of_elderly", "high_risk_public_housing"],
        "group other-group",
    ),
    Row("other_carers.in_hospital", "hospital_visit", [COUPLE, CARE, CARE_TOO, ANNA_IN], 0, because="returned_home"),
    Row(
        "other_carers.in_hospital",
        "carer_death",
        [COUPLE, CARE, CARE_TOO, ANNA_IN, ANNA_DIED, CAROL_IN],
        1,
        "carol-in",
        "returned_home",
    ),
    Row("person.in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN], False, because="in_hospital"),
    Row("person.in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN, BEN_IN, BEN_OUT], False, because="in_hospital"),
    Row("person.in_hospital", "hospital_visit", [COUPLE, CARE, ANNA_IN, BEN_IN], True, "ben-in", "in_hospital"),
    Row("person.in_hospital_meanwhile", "hospital_visit", [COUPLE, CARE, ANNA_IN], False, because="in_hospital"),
    Row(
        "person.in_hospital_meanwhile", "hospital_visit", [COUPLE, CARE, ANNA_IN, BEN_IN], True, "ben-in", "in_hospital"
    ),
    Row(
        "person.in_hospital_meanwhile",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, BEN_IN, BEN_OUT],
        True,
        "ben-in ben-out",
        "in_hospital",
    ),
    Row(
        "person.in_hospital_meanwhile",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, BEN_IN, discharged("ben-out", "ben", "07-09", "ben-in")],
        False,
        because="in_hospital",
    ),
    Row(
        "person.in_hospital_meanwhile",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, BEN_IN, BEN_OUT, cancelled("ben-not", "ben", "07-16", "ben-in")],
        False,
        because="in_hospital",
    ),
    Row(
        "person.in_hospital_meanwhile", "hospital_visit", [COUPLE, CARE, ANNA_IN, BEN_OUT], False, because="in_hospital"
    ),
    Row("person.readmitted", "homecoming", [COUPLE, CARE, BEN_IN, BEN_OUT], False, because="in_hospital"),
    Row(
        "person.readmitted",
        "homecoming",
        [COUPLE, CARE, BEN_IN, BEN_OUT, admitted("again", "ben", "07-17")],
        True,
        "again",
        "in_hospital",
    ),
    Row(
        "person.readmitted",
        "homecoming",
        [
            COUPLE,
            CARE,
            BEN_IN,
            BEN_OUT,
            admitted("again", "ben", "07-17"),
            cancelled("not-again", "ben", "07-18", "again"),
        ],
        False,
        because="in_hospital",
    ),
    Row("carers.in_hospital_since_before", "homecoming", [COUPLE, CARE, BEN_IN, BEN_OUT], 0, because="returned_home"),
    Row(
        "carers.in_hospital_since_before",
        "homecoming",
        [COUPLE, CARE, CARE_TOO, BEN_IN, ANNA_IN, CAROL_IN, BEN_OUT],
        2,
        "anna-in carol-in",
        "returned_home",
    ),
    Row(
        "carers.at_home", "homecoming", [COUPLE, CARE, CARE_TOO, BEN_IN, CAROL_IN, BEN_OUT], 1, "care", "returned_home"
    ),
    Row(
        "carers.at_home",
        "homecoming",
        [COUPLE, CARE, CARE_TOO, BEN_IN, ANNA_IN, CAROL_IN, BEN_OUT],
        0,
        "care care-too",
        "returned_home",
    ),
    Row("household.nobody_home", "composition", [COUPLE], False),
    Row("household.nobody_home", "composition", [COUPLE, ANNA_IN], False, "anna-in", "in_hospital"),
    Row("household.nobody_home", "composition", [COUPLE, ANNA_IN, BEN_IN], True, "anna-in ben-in", "in_hospital"),
    Row("household.nobody_home", "attempt_run", [noticed("try", "07-08", "no_answer", who=None)], None, of=FLAT),
    Row(
        "admissions.most_in_90_days",
        "admission_run",
        [
            ALONE,
            admitted("one", "anna", "06-01"),
            discharged("one-out", "anna", "06-04", "one"),
            admitted("two", "anna", "07-01"),
            discharged("two-out", "anna", "07-04", "two"),
        ],
        2,
        "one two",
    ),
]

HOMES = [
    Row("other_able_adults_at_home", "hospital_visit", [COUPLE, CARE, ANNA_IN], 0, "home"),
    Row("other_able_adults_at_home", "hospital_visit", [THREE, CARE, ANNA_IN], 1, "home", until=NEW_YEAR),
    Row(
        "other_able_adults_at_home",
        "hospital_visit",
        [THREE, CARE, ANNA_IN, admitted("dora-in", "dora", "07-09")],
        0,
        "home",
    ),
    Row(
        "other_able_adults_at_home",
        "hospital_visit",
        [THREE, CARE, cares("cared-for", "carol", "dora"), ANNA_IN],
        0,
        "home",
    ),
    Row(
        "other_able_adults_at_home",
        "hospital_visit",
        [home(anna=1948, ben=1946, dora=2008, eve=2009), CARE, ANNA_IN],
        1,
        "home",
        until=NEW_YEAR,
    ),
    Row(
        "other_able_adults_at_home",
        "hospital_visit",
        [home(anna=1948, ben=1946, dora=1951, eve=1952), CARE, ANNA_IN],
        1,
        "home",
        until=NEW_YEAR,
    ),
    Row(
        "other_able_adults_at_home",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, left("ben-left", "ben", "07-12")],
        None,
        "ben-left",
    ),
    Row("household.kind", "composition", [ALONE], ["singleton_elderly"], "home", "moved_or_changed", NEW_YEAR),
    Row(
        "household.kind",
        "composition",
        [COUPLE, CARE, cares("unlike", "anna", "carol", "child")],
        ["carer_of_elderly", "doubleton_elderly"],
        "home care",
        "moved_or_changed",
        NEW_YEAR,
    ),
    Row(
        "household.kind",
        "composition",
        [COUPLE, CARE, {**cares("elsewhere", "anna", "eve", "disabled"), "source": "carer-hotline"}],
        ["carer_of_disabled", "carer_of_elderly", "doubleton_elderly"],
        "home care elsewhere",
        "moved_or_changed",
        NEW_YEAR,
    ),
    Row("household.kind", "composition", [home(anna=1948, ben=1962)], [], "home", "moved_or_changed", NEW_YEAR),
    Row(
        "household.kind_when_it_began",
        "couple_visit",
        [COUPLE, ANNA_IN],
        ["doubleton_elderly"],
        "home",
        "moved_or_changed",
    ),
    Row(
        "household.kind_when_it_began",
        "couple_visit",
        [home(anna=1948, ben=1990), ANNA_IN],
        [],
        "home",
        "moved_or_changed",
    ),
    Row("person.lives_alone", "admission_run", [ALONE, ANNA_IN], True, "home", "moved_or_changed"),
    Row("person.lives_alone", "couple_visit", [COUPLE, ANNA_IN], False, "home", "moved_or_changed"),
    Row("person.lives_alone", "couple_visit", [COUPLE, ANNA_IN, left("ben-left", "ben", "07-12")], None, "ben-left"),
    Row("care_between_the_two", "couple_visit", [COUPLE, ANNA_IN], "none"),
    Row("care_between_the_two", "couple_visit", [COUPLE, CARE, ANNA_IN], "other_carer_admitted", "care"),
    Row(
        "care_between_the_two",
        "couple_visit",
        [COUPLE, CARE, in_cohort("group", "anna", "high_risk_public_housing"), ANNA_IN],
        "notified_carer_admitted",
        "care group",
    ),
    Row(
        "care_between_the_two",
        "couple_visit",
        [COUPLE, cares("back", "ben", "anna"), ANNA_IN],
        "cared_for_admitted",
        "back",
    ),
    Row("household.in_public_housing", "composition", [ALONE], True, "home", "tenancy_ended"),
    Row("household.in_public_housing", "hospital_visit", [CARE, ANNA_IN], False, because="tenancy_ended", of="ben"),
    Row(
        "household.kind", "hospital_visit", [CARE, ANNA_IN], None, because="moved_or_changed", until=NEW_YEAR, of="ben"
    ),
    Row("household.kind_when_it_began", "hospital_visit", [CARE, ANNA_IN], None, because="moved_or_changed", of="ben"),
    Row("household.oldest_age", "hospital_visit", [CARE, ANNA_IN], None, of="ben"),
    Row("household.oldest_age", "composition", [COUPLE], 80, "home", until=NEW_YEAR),
]

TOLD = [
    Row(
        "contacts.most_in_14_days",
        "strain_run",
        [called("one", "07-01"), called("two", "07-15"), called("three", "07-16")],
        2,
        "one two three",
        of=ANNA,
    ),
    Row(
        "contacts.gravest",
        "strain_run",
        [called("one", "07-01", "raised"), called("two", "07-02", "grave"), called("three", "07-03")],
        "grave",
        "two",
        of=ANNA,
    ),
    Row(
        "contacts.trend",
        "strain_run",
        [called("one", "07-01"), called("two", "07-02"), called("three", "07-03", "raised")],
        "rising",
        "one three",
        of=ANNA,
    ),
    Row(
        "contacts.trend",
        "strain_run",
        [called("one", "07-01", "grave"), called("two", "07-02"), called("three", "07-03")],
        "falling",
        "one three",
        of=ANNA,
    ),
    Row(
        "contacts.trend",
        "strain_run",
        [called("one", "07-01"), called("two", "07-09"), called("three", "07-11")],
        "rising",
        "one two three",
        of=ANNA,
    ),
    Row(
        "contacts.trend",
        "strain_run",
        [called("one", "07-01"), called("two", "07-03"), called("three", "07-08")],
        "falling",
        "one two three",
        of=ANNA,
    ),
    Row(
        "contacts.trend",
        "strain_run",
        [called("one", "07-01"), called("two", "07-03"), called("three", "07-07")],
        "steady",
        "one two three",
        of=ANNA,
    ),
    Row("contacts.trend", "strain_run", [called("one", "07-01"), called("two", "07-05")], "steady", "one two", of=ANNA),
    Row("contacts.trend", "strain_run", [called("one", "07-01")], "steady", "one", of=ANNA),
    Row(
        "contact.immediate_danger",
        "dangerous_contact",
        [called("call", "07-01", immediate_danger=True)],
        True,
        "call",
        of=ANNA,
    ),
    Row("report.concern", "report", [ALONE, noticed("seen", "07-10", "frail")], "frail", "seen"),
    Row(
        "report.concern",
        "report",
        [called("call", "07-10", topics=["violence", "care"])],
        "violence_reported",
        "call",
        of=ANNA,
    ),
    Row("report.by", "report", [ALONE, noticed("seen", "07-10", "frail", by="volunteer")], "volunteer", "seen"),
    Row("report.by", "report", [called("call", "07-10", topics=["violence"])], "self", "call", of=ANNA),
    Row("report.days", "report", [ALONE, noticed("seen", "07-10", "not_seen", days=3)], 3, "seen"),
    Row("report.days", "report", [ALONE, noticed("seen", "07-10", "not_seen")], None, "seen"),
    Row(
        "report.explained_by_hospital",
        "report",
        [ALONE, ANNA_IN, noticed("seen", "07-12", "not_seen")],
        True,
        "anna-in",
        "in_hospital",
    ),
    Row(
        "report.explained_by_hospital",
        "report",
        [ALONE, noticed("seen", "07-12", "not_seen")],
        False,
        because="in_hospital",
    ),
    Row("report.explained_by_hospital", "report", [noticed("seen", "07-12", "not_seen", who=None)], None, of=FLAT),
    Row("attempts.most_in_30_days", "attempt_run", [ALONE, *TRIED], 2, "try-1 try-2"),
    Row("attempts.met_since", "attempt_run", [ALONE, *TRIED], False, because="met_since"),
    Row(
        "attempts.met_since",
        "attempt_run",
        [ALONE, *TRIED, noticed("not-seen", "07-09", "not_seen"), noticed("frail", "07-10", "frail")],
        True,
        "frail",
        "met_since",
    ),
    Row("attempts.met_since", "attempt_run", [ALONE, *TRIED, called("call", "07-10")], True, "call", "met_since"),
    Row(
        "attempts.met_since",
        "attempt_run",
        [ALONE, *TRIED, noticed("frail", "07-10", "frail", who=None)],
        True,
        "frail",
        "met_since",
    ),
    Row("incident.kind", "block_incident", [FIRE], "fire", "fire", of=BLOCK),
    Row("incident.recent", "block_incident", [FIRE], True, "fire", "window_over", "2026-08-03T01:00:00.000Z", of=BLOCK),
    Row("incident.households", "block_incident", [ALONE, FIRE], [T1], "fire", of=BLOCK),
    Row(
        "absence.still_to_come_or_on",
        "planned_absence",
        [CARE, AWAY],
        True,
        "away",
        "absence_over",
        "2026-08-05T01:00:00.000Z",
        of="ben",
    ),
    Row(
        "carer.death",
        "carer_death",
        [CARE, told("dead", "person.deceased", "07-10", subject="anna", confidence="confirmed")],
        "confirmed",
        "dead",
        "death_confirmed",
        of="ben",
    ),
    Row(
        "carer.death",
        "carer_death",
        [CARE, told("dead", "person.deceased", "07-10", subject="anna", confidence="reported")],
        "reported",
        "dead",
        "death_not_confirmed",
        of="ben",
    ),
]

SUPPORT = [
    Row("cover_confirmed_by_a_person", "hospital_visit", [COUPLE, CARE, ANNA_IN], False, because="cover_confirmed"),
    Row(
        "cover_confirmed_by_a_person",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, noticed("covered", "07-11", "care_covered", who="ben")],
        True,
        "covered",
        "cover_confirmed",
    ),
    Row(
        "cover_confirmed_by_a_person",
        "hospital_visit",
        [COUPLE, CARE, ANNA_IN, noticed("back", "07-11", "carer_home", who="anna")],
        True,
        "back",
        "cover_confirmed",
    ),
    Row(
        "cover_confirmed_by_a_person",
        "hospital_visit",
        [
            COUPLE,
            CARE,
            ANNA_IN,
            noticed("before", "07-09", "care_covered", who="ben"),
            noticed("of-another", "07-11", "care_covered", who="anna"),
        ],
        False,
        because="cover_confirmed",
    ),
    Row("services.in_use", "admission_run", [ALONE, ANNA_IN], None, because="now_supported"),
    Row(
        "services.in_use",
        "admission_run",
        [ALONE, HELP, ALARM, ANNA_IN],
        ["emergency_alarm", "home_care"],
        "help alarm",
        "now_supported",
    ),
    Row(
        "services.in_use",
        "admission_run",
        [ALONE, HELP, ALARM, ALARM_GONE, ANNA_IN],
        ["home_care"],
        "help",
        "now_supported",
    ),
    Row("services.in_use", "admission_run", [ALONE, HELP, HELP_GONE, ANNA_IN], [], "help-gone", "now_supported"),
    Row(
        "services.in_use",
        "composition",
        [COUPLE, served("day-care", "day_care", who="ben"), HELP],
        ["day_care", "home_care"],
        "day-care help",
        "now_supported",
    ),
    Row("alarm.in_use", "admission_run", [ALONE, HELP, ANNA_IN], None, because="alarm_in_use"),
    Row("alarm.in_use", "admission_run", [ALONE, HELP, ALARM, ANNA_IN], True, "alarm", "alarm_in_use"),
    Row("alarm.in_use", "admission_run", [ALONE, ALARM, ALARM_GONE, ANNA_IN], False, "alarm-gone", "alarm_in_use"),
    Row(
        "alarm.overdue",
        "alarm_application",
        [ALONE, FOR_ALARM],
        False,
        "for-alarm",
        "alarm_in_use",
        "2026-07-31T01:00:00.000Z",
    ),
    Row("household.known_support", "composition", [ALONE], None, because="now_supported"),
    Row(
        "household.known_support",
        "composition",
        [COUPLE, served("of-nobody", "home_care", who="carol")],
        None,
        because="now_supported",
    ),
    Row("household.known_support", "composition", [COUPLE, HELP, ALARM], 1, "help", "now_supported"),
    Row("household.known_support", "composition", [COUPLE, ALARM], 0, "alarm", "now_supported"),
]

ROWS = [*STAYS, *HOMES, *TOLD, *SUPPORT]


def test_an_absence_is_over_at_the_very_instant_at_which_it_ends() -> None:
    at_its_end = look("absence.still_to_come_or_on", "planned_absence", [CARE, AWAY], "ben", "2026-08-05T01:00:00.000Z")
    assert at_its_end.value is False


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.fact} {row.value} {row.events}")
def test_a_fact_names_what_it_rests_on(row: Row) -> None:
    seen = look(row.fact, row.episode, row.lines, row.of)
    events = {fact["version"][2] for fact in seen.facts}
    assert (seen.value, events, seen.because, seen.until) == (
        row.value,
        set(row.events.split()),
        row.because,
        row.until,
    )


def test_every_fact_has_a_row() -> None:
    assert {row.fact for row in ROWS} == set(FACTS)
