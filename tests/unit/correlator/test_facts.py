"""What fact functions see: the value, the events behind it, when it changes by time alone, and why it is as it is."""

from typing import Any

import pytest

from contracts.instants import plus
from services.correlator.facts import FACTS, NAMES, NEEDS, RETURNS, Returns, Seen
from services.correlator.facts.windows import gaps_in_days, in_order, most_within, not_come
from tests.scenario import AS_OF
from tests.unit.correlator.households import episodes_of, household_of, look

COUPLE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}}
ALONE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1950}}
CARE = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
SECOND = {**CARE, "subject": "carol", "basis": "visit"}
ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10"}
SEEN = {"type": "community.observation", "by": "property_staff"}


def events(seen: Seen) -> set[str]:
    return {fact["version"][2] for fact in seen.facts}


def stay(who: str, visit: str, since: str, until: str | None = None, **more: Any) -> list[dict[str, Any]]:
    said = [{"type": "hospital.admitted", "subject": who, "visit": visit, "at": since}]
    if until:
        said.append({"type": "hospital.discharged", "subject": who, "visit": visit, "at": until, **more})
    return said


def test_counts_in_a_window() -> None:
    days = [plus("2026-07-01T00:00:00.000Z", days=day) for day in (0, 3, 14, 15, 16, 40)]
    assert most_within(days, 14) == 4
    assert most_within(days[:1], 14) == 1
    assert most_within([days[0], days[2]], 14) == 2  # to the very instant
    assert most_within([days[0], plus(days[2], seconds=1)], 14) == 1
    assert most_within([], 14) == 0
    assert most_within(days, 400) == len(days)


def test_gaps_and_order() -> None:
    days = [plus("2026-07-01T00:00:00.000Z", days=day) for day in (0, 3, 3.5)]
    assert gaps_in_days(days) == [3, 0.5]
    assert gaps_in_days(days[:1]) == []
    assert in_order(days[0], days[0])
    assert not in_order(days[1], days[0])
    assert not in_order(None, days[0])
    assert not in_order(days[0], None)


def test_what_has_not_come_is_due_at_an_instant_that_follows_from_the_beginning() -> None:
    since, due = "2026-07-01T00:00:00.000Z", "2026-07-11T00:00:00.000Z"
    assert not_come(since, 10, False, "2026-07-10T23:59:59.999Z") == (False, due)
    assert not_come(since, 10, False, due) == (True, due)
    assert not_come(since, 10, True, "2027-01-01T00:00:00.000Z") == (False, None)


def test_an_alarm_is_overdue_thirty_days_after_the_application() -> None:
    applied = {"type": "register.service_applied_for", "subject": "anna", "kind": "emergency_alarm", "at": "2026-07-01"}
    due = "2026-07-31T01:00:00.000Z"
    early = look("alarm.overdue", "alarm_application", [ALONE, applied], as_of=AS_OF)
    assert (early.value, early.until) == (False, due)
    assert look("alarm.overdue", "alarm_application", [ALONE, applied], as_of=due).value is True
    fitted = {"type": "register.service_enrolled", "subject": "anna", "kind": "emergency_alarm", "at": "2026-07-20"}
    seen = look("alarm.overdue", "alarm_application", [ALONE, applied, fitted], as_of=due)
    assert (seen.value, seen.until, seen.because) == (False, None, "alarm_in_use")
    assert events(seen) == {"e-002", "e-003"}


def test_carers_still_in_hospital_at_the_homecoming() -> None:
    home = stay("ben", "V2", "2026-07-08", "2026-07-15")
    both = [CARE, SECOND, *stay("anna", "V1", "2026-07-09"), *stay("carol", "V3", "2026-07-16"), *home]
    seen = look("carers.in_hospital_since_before", "homecoming", both, of="ben")
    assert (seen.value, events(seen)) == (1, {"e-003"})  # carol's began after he was home
    assert look("carers.at_home", "homecoming", both, of="ben").value == 0
    back = [*both, {"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-20"}]
    assert look("carers.in_hospital_since_before", "homecoming", back, of="ben").value == 0
    assert look("carers.at_home", "homecoming", back, of="ben").value == 1


def test_a_dead_carer_is_not_at_home() -> None:
    died = [CARE, SECOND, {"type": "person.deceased", "subject": "anna", "confidence": "confirmed", "at": "2026-07-01"}]
    assert look("carers.at_home", "carer_death", died, of="ben").value == 1
    assert look("carers.at_home", "carer_death", [died[0], died[2]], of="ben").value == 0


@pytest.mark.parametrize(
    ("told", "value", "because"),
    [
        ([{"confidence": "reported"}], "reported", "death_not_confirmed"),
        ([{"confidence": "confirmed"}], "confirmed", "death_confirmed"),
        (
            [{"confidence": "reported"}, {"confidence": "confirmed", "recorded": "2026-07-20"}],
            "confirmed",
            "death_confirmed",
        ),
    ],
)
def test_how_sure_a_death_is(told: list[dict[str, str]], value: str, because: str) -> None:
    lines = [{"type": "person.deceased", "subject": "anna", "at": "2026-07-10", **one} for one in told]
    seen = look("carer.death", "carer_death", [CARE, *lines], of="ben")
    assert (seen.value, seen.because, seen.confidence) == (value, because, value)


def test_one_death_told_by_three_is_one_episode_since_the_first() -> None:
    lines = [
        COUPLE,
        CARE,
        {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10"},
        {"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-14", "deceased": True},
        {"type": "person.deceased", "subject": "anna", "confidence": "confirmed", "at": "2026-07-15"},
        {"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "reason": "deceased", "at": "2026-07-16"},
    ]
    (episode,) = episodes_of(household_of(lines), "carer_death")
    assert episode.episode_at == "2026-07-14T01:00:00.000Z"


def test_somebody_who_is_dead_needs_no_visit() -> None:
    died = {"type": "person.deceased", "subject": "ben", "confidence": "confirmed", "at": "2026-07-12"}
    assert len(episodes_of(household_of([COUPLE, CARE, ADMITTED]), "hospital_visit")) == 1
    for kind in ("hospital_visit", "homecoming", "carer_death", "couple_visit"):
        assert episodes_of(household_of([COUPLE, CARE, ADMITTED, died]), kind) == []


def test_the_other_one_of_two_is_whoever_lived_there_when_it_began() -> None:
    (episode,) = episodes_of(household_of([COUPLE, ADMITTED]), "couple_visit")
    assert episode.person is not None and episode.carer is not None
    assert {1946} == {episode.person.birth_year}
    moved_in = {"type": "housing.member_added", "tenancy": "T1", "members": {"carol": 1990}}
    assert episodes_of(household_of([COUPLE, ADMITTED, {**moved_in, "at": "2026-07-09"}]), "couple_visit") == []
    assert len(episodes_of(household_of([COUPLE, ADMITTED, {**moved_in, "at": "2026-07-12"}]), "couple_visit")) == 1


def test_the_kind_of_household_then_and_now() -> None:
    lines = [COUPLE, *stay("anna", "V1", "2026-07-10", "2026-07-14", deceased=True)]
    assert look("household.kind_when_it_began", "couple_visit", lines).value == ["doubleton_elderly"]
    assert look("household.kind", "couple_visit", lines).value == ["singleton_elderly"]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([], "none"),
        ([CARE], "other_carer_admitted"),
        (
            [CARE, {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"}],
            "notified_carer_admitted",
        ),
        ([{**CARE, "subject": "ben", "cared_for": "anna"}], "cared_for_admitted"),
        ([CARE, {**CARE, "subject": "ben", "cared_for": "anna"}], "other_carer_admitted"),
    ],
)
def test_care_between_the_two(lines: list[dict[str, Any]], value: str) -> None:
    assert look("care_between_the_two", "couple_visit", [COUPLE, *lines, ADMITTED]).value == value


@pytest.mark.parametrize(
    ("days", "value"),
    [
        (("routine",), "steady"),
        (("routine", "raised"), "rising"),
        (("grave", "routine"), "falling"),
        (("routine", "grave", "routine"), "steady"),
    ],
)
def test_the_trend_of_calls_by_their_assessment(days: tuple[str, ...], value: str) -> None:
    calls = [
        {"type": "hotline.contact", "subject": "anna", "topics": ["care"], "gravity": gravity, "at": f"2026-07-0{day}"}
        for day, gravity in enumerate(days, 1)
    ]
    assert look("contacts.trend", "strain_run", calls, of="anna").value == value


@pytest.mark.parametrize(
    ("days", "value"),
    [
        ((1, 9, 11), "rising"),
        ((1, 2, 9), "falling"),
        ((1, 5, 9), "steady"),
        ((1, 5, 8), "steady"),
        ((1, 5, 10), "steady"),
    ],
)
def test_the_trend_of_calls_by_what_lies_between(days: tuple[int, ...], value: str) -> None:
    calls = [
        {"type": "hotline.contact", "subject": "anna", "topics": ["care"], "at": f"2026-07-{day:02d}"} for day in days
    ]
    assert look("contacts.trend", "strain_run", calls, of="anna").value == value


def test_nobody_home_is_unknown_where_nobody_is_known_to_live() -> None:
    found = {**SEEN, "tenancy": "T1", "concern": "no_answer"}
    household = household_of([found], of=address_household("unit-T1"))
    (episode,) = episodes_of(household, "attempt_run")
    assert FACTS["household.nobody_home"](episode).value is None
    both = [COUPLE, ADMITTED, {**ADMITTED, "subject": "ben", "visit": "V2"}]
    assert look("household.nobody_home", "composition", both).value is True
    assert look("household.nobody_home", "composition", both[:2]).value is False


def address_household(unit: str) -> str:
    from contracts.ids import household_of_address

    return household_of_address(unit)


@pytest.mark.parametrize(
    ("since", "until", "value"),
    [
        ("2026-07-10", None, True),
        ("2026-07-01", "2026-07-12", True),  # in the days of which the report speaks
        ("2026-07-01", "2026-07-08", False),  # home again before those
        ("2026-07-20", None, True),  # found since, and in hospital now
        ("2026-07-20", "2026-07-22", False),
    ],
)
def test_the_hospital_explains_why_nobody_was_seen(since: str, until: str | None, value: bool) -> None:
    report = {**SEEN, "subject": "anna", "concern": "not_seen", "days": 5, "at": "2026-07-15"}
    seen = look("report.explained_by_hospital", "report", [ALONE, *stay("anna", "V1", since, until), report])
    assert seen.value is value
    assert bool(seen.facts) is value


def test_of_a_flat_the_hospital_must_explain_everybody() -> None:
    report = {**SEEN, "tenancy": "T1", "concern": "not_seen", "days": 5, "at": "2026-07-15"}
    one = [COUPLE, ADMITTED, report]
    assert look("report.explained_by_hospital", "report", one).value is False
    assert look("report.explained_by_hospital", "report", [*one, *stay("ben", "V2", "2026-07-11")]).value is True


def test_a_cancelled_admission_explains_nothing() -> None:
    cancelled = {"type": "hospital.admission_cancelled", "subject": "anna", "visit": "V1", "at": "2026-07-11"}
    report = {**SEEN, "subject": "anna", "concern": "not_seen", "days": 5, "at": "2026-07-15"}
    assert look("report.explained_by_hospital", "report", [ALONE, ADMITTED, cancelled, report]).value is False


def test_a_call_is_a_report_by_the_caller_and_an_ordinary_one_is_none() -> None:
    call = {"type": "hotline.contact", "subject": "anna", "topics": ["emotional", "violence", "child_at_risk"]}
    assert look("report.by", "report", [call], of="anna").value == "self"
    assert look("report.concern", "report", [call], of="anna").value == "violence_reported"
    assert episodes_of(household_of([{**call, "topics": ["emotional"], "gravity": "grave"}], of="anna"), "report") == []


def test_visits_in_vain_to_persons_and_to_the_flat_are_one_run() -> None:
    tries = [
        {**SEEN, "subject": "anna", "concern": "no_answer", "at": "2026-07-02"},
        {**SEEN, "tenancy": "T1", "concern": "no_answer", "at": "2026-07-08"},
        {**SEEN, "tenancy": "T1", "concern": "not_seen", "at": "2026-07-10"},
        {**SEEN, "subject": "anna", "concern": "no_answer", "at": "2026-07-14"},
    ]
    seen = look("attempts.most_in_30_days", "attempt_run", [ALONE, *tries])
    assert (seen.value, len(seen.facts)) == (3, 3)
    assert look("attempts.met_since", "attempt_run", [ALONE, *tries]).value is False
    met = {**SEEN, "subject": "anna", "concern": "frail", "by": "care_team", "at": "2026-07-15"}
    assert look("attempts.met_since", "attempt_run", [ALONE, *tries, met]).value is True
    assert look("attempts.met_since", "attempt_run", [ALONE, *tries, {**met, "at": "2026-07-13"}]).value is False


def test_admissions_are_counted_without_transfers_and_what_was_cancelled() -> None:
    lines = [ALONE, *stay("anna", "V1", "2026-06-01", "2026-06-05"), *stay("anna", "V2", "2026-06-20", "2026-06-24")]
    assert look("admissions.most_in_90_days", "admission_run", lines).value == 2
    transfer = stay("anna", "V3", "2026-06-24T12:00", "2026-06-28")
    assert look("admissions.most_in_90_days", "admission_run", [*lines, *transfer]).value == 2
    third = stay("anna", "V4", "2026-07-10", "2026-07-12")
    assert look("admissions.most_in_90_days", "admission_run", [*lines, *third]).value == 3
    taken_back = {"type": "hospital.admission_cancelled", "subject": "anna", "visit": "V4", "at": "2026-07-10"}
    assert look("admissions.most_in_90_days", "admission_run", [*lines, third[0], taken_back]).value == 2


def fits(value: Any, returns: Returns) -> bool:
    match returns.kind:
        case "yes_no":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "code":
            return value in returns.codes
        case "codes":
            return set(value) <= returns.codes
        case _:
            return all(one.startswith("h-") for one in value)


def test_every_fact_is_documented_and_says_what_it_returns_and_needs() -> None:
    assert set(NAMES) == set(RETURNS) == set(NEEDS) == set(FACTS)
    for name, function in FACTS.items():
        assert "Source" in (function.__doc__ or ""), name
        assert len(NAMES[name]) > 20
