"""What a report counts: each thing once, on its day in Hong Kong, and every result adds up."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.report.figures import Figures, TaskPlace, count
from services.report.programmes import OTHER, Programme, Programmes

FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)
TITLE = {"en": "words", "zh_hant": "字"}
PROGRAMMES = Programmes.model_validate(
    {
        "programmes": [
            {"id": "admissions", "title": TITLE, "counts": "notices", "patterns": ["carer-admitted"]},
            {"id": "visits", "title": TITLE, "counts": "households", "patterns": ["little-support"]},
        ]
    }
)


def flag(name: str, **other: Any) -> dict[str, Any]:
    return {
        "flag_id": name,
        "typology": "carer-admitted",
        "status": "active",
        "outcome": None,
        "episode": f"visit-{name}",
        "household_id": f"h-{name}",
        "district": "SSP",
        "received_at": "2026-07-10T01:00:00.000Z",
        **other,
    }


def task(flag_id: str, status: str = "requested", **other: Any) -> dict[str, Any]:
    return {
        "flag_id": flag_id,
        "status": status,
        "unit_kind": "hotline",
        "purpose": "arrange_respite",
        "district": "SSP",
        "outcome": None,
        "findings": [],
        "part_of": None,
        **other,
    }


def counted(flags: list[dict[str, Any]], tasks: list[dict[str, Any]] = []) -> Figures:  # noqa: B006 - only read
    return count(flags, tasks, PROGRAMMES, FIRST, LAST)


def only(figures: Figures, programme: str) -> str:
    """The result of the only case of a programme."""
    ((_, result),) = figures.cases[programme].elements()
    return result


@pytest.mark.parametrize(
    ("received", "inside"),
    [
        ("2026-06-30T15:59:59.999Z", False),
        ("2026-06-30T16:00:00.000Z", True),  # midnight in Hong Kong
        ("2026-07-31T15:59:59.999Z", True),
        ("2026-07-31T16:00:00.000Z", False),
    ],
)
def test_days_are_hong_kongs(received: str, inside: bool) -> None:
    assert counted([flag("a", received_at=received)]).cases["admissions"].total() == inside


def test_one_stay_in_hospital_is_one_notice_counted_where_the_need_was_greatest() -> None:
    flags = [flag("a", episode="visit-1", district="SSP"), flag("b", episode="visit-1", district="KTS")]
    found = [task("b", "completed", findings=["no_arrangement"], outcome="follow_up_planned")]
    assert counted(flags, found).cases["admissions"] == {("KTS", "urgent"): 1}
    assert counted(flags[::-1], found).cases["admissions"] == {("KTS", "urgent"): 1}


def test_among_equals_it_is_counted_in_the_first_district_whatever_came_first() -> None:
    flags = [flag("a", episode="visit-1", district="SSP"), flag("b", episode="visit-1", district="KTS")]
    for some in (flags, flags[::-1]):
        assert counted(some).cases["admissions"] == {("KTS", "open"): 1}


def test_two_flags_of_one_household_are_one_household_of_other_patterns_two_cases() -> None:
    lists = [flag(name, typology="little-support", household_id="h-1") for name in ("a", "b")]
    assert counted(lists).cases["visits"].total() == 1
    others = [flag(name, typology="carer-strain", household_id="h-1") for name in ("a", "b")]
    assert counted(others).cases[OTHER.id].total() == 2


ANSWERED = {"status": "closed"}


@pytest.mark.parametrize(
    ("state", "answer", "result"),
    [
        ({}, None, "open"),
        ({"status": "acknowledged"}, None, "open"),
        ({**ANSWERED, "outcome": "confirmed_need"}, None, "need"),
        ({**ANSWERED, "outcome": "confirmed_need"}, {"findings": ["no_arrangement"]}, "urgent"),
        (
            {**ANSWERED, "outcome": "confirmed_need"},
            {"outcome": "placement_arranged", "purpose": "arrange_emergency_support"},
            "urgent",
        ),
        ({**ANSWERED, "outcome": "confirmed_need"}, {"outcome": "placement_arranged"}, "need"),
        ({**ANSWERED, "outcome": "arranged_already"}, {"findings": ["cover_confirmed"]}, "arranged"),
        ({**ANSWERED, "outcome": "no_need"}, None, "no_need"),
        ({**ANSWERED, "outcome": "unreachable"}, None, "unreachable"),
        ({**ANSWERED, "outcome": "wrong_person"}, None, "elsewhere"),
        ({**ANSWERED, "outcome": "duplicate"}, None, "elsewhere"),
        ({"status": "mitigated"}, None, "eased"),
        ({"status": "mitigated"}, {"findings": ["cover_confirmed"]}, "arranged"),
        ({"status": "retracted"}, None, "withdrawn"),
        ({"status": "retracted"}, {"findings": ["no_arrangement"]}, "urgent"),
        ({"status": "superseded"}, None, "withdrawn"),
        ({"status": "expired"}, None, "withdrawn"),
    ],
)
def test_how_a_case_ends(state: dict[str, Any], answer: dict[str, Any] | None, result: str) -> None:
    tasks = [] if answer is None else [task("a", "completed", **answer)]
    assert only(counted([flag("a", **state)], tasks), "admissions") == result


def test_what_a_unit_has_not_answered_confirms_nothing() -> None:
    tasks = [task("a", "in-progress", findings=["no_arrangement"])]
    assert only(counted([flag("a")], tasks), "admissions") == "open"


VISIT = {"unit_kind": "care_team"}


@pytest.mark.parametrize(
    ("status", "tasks", "result"),
    [
        ("active", [], "waiting"),
        ("retracted", [], "withdrawn"),
        ("active", [task("a", **VISIT)], "open"),
        ("active", [task("a", "rejected", **VISIT), task("a", **VISIT)], "open"),
        ("closed", [task("a", "completed", outcome="risk_assessed", **VISIT)], "visited"),
        ("closed", [task("a", "failed", outcome="not_located", **VISIT)], "not_reached"),
        ("closed", [task("a", "completed", outcome="not_located", **VISIT)], "not_reached"),
        (
            "active",
            [task("a", "completed", outcome="follow_up_planned", **VISIT), task("a", part_of="t-1")],
            "referred",
        ),
        (
            "closed",
            [task("a", "completed", outcome="risk_assessed", **VISIT), task("a", "cancelled", part_of="t-1")],
            "visited",
        ),
    ],
)
def test_what_has_come_of_a_household_on_a_list(status: str, tasks: list[dict[str, Any]], result: str) -> None:
    assert only(counted([flag("a", typology="little-support", status=status)], tasks), "visits") == result


def test_a_rule_on_trial_counts_nowhere() -> None:
    figures = counted([flag("a", status="shadow")], [task("a")])
    assert not figures.districts()


def test_tasks_are_counted_by_the_unit_that_has_them_and_by_what_came_of_them() -> None:
    tasks = [
        task("a", "rejected"),
        task("a", "completed", outcome="care_resumed", unit_kind="district_office"),
        task("a", "entered-in-error", district=None),
        task("a", "on-hold"),
        task("elsewhere", "on-hold"),
    ]
    assert counted([flag("a")], tasks).tasks == {
        TaskPlace("SSP", "hotline", "declined"): 1,
        TaskPlace("SSP", "district_office", "care_resumed"): 1,
        TaskPlace("unknown", "hotline", "cancelled"): 1,
        TaskPlace("SSP", "hotline", "open"): 1,
    }


def test_a_pattern_counts_in_one_programme_only() -> None:
    raw = {"id": "again", "title": TITLE, "counts": "cases", "patterns": ["carer-admitted"]}
    with pytest.raises(ValidationError, match="carer-admitted is used twice"):
        Programmes.model_validate({"programmes": [*PROGRAMMES.programmes, Programme.model_validate(raw)]})
