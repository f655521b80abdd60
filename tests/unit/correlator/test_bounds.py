"""When and where a rule counts: its days, its districts, shadow; and what becomes of flags when that changes."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from services.correlator.household import correlator
from services.correlator.rules import Districts, Rule
from services.line import Line
from services.policy import load_rules, load_sources
from services.runtime.fold import TICKS, Record
from tests.scenario import AS_OF, expand
from tests.scenarios.feeds import ADMITTED, PAIR, TO_KWUN_TONG
from tests.scenarios.memory import POLICY, processors, run_in_memory, take
from tests.scenarios.model import Ends, Tick

(RULE,) = (rule for rule in load_rules(POLICY) if rule.id == "carer-admitted")
LAST_DAY = "2026-08-31"
OVER = "2026-08-31T16:00:00.000Z"
"""When that day ends in Hong Kong."""


def line_of(*rules: Rule, as_of: str = AS_OF) -> Line:
    others = [processor for processor in processors() if processor.name != "correlator"]
    return Line((*others, correlator(rules, load_sources(POLICY))), as_of)


def changed(**parts: Any) -> Rule:
    """The rule with other parts, validated anew."""
    said = RULE.model_dump(by_alias=True, exclude_none=True)
    return Rule.model_validate({**said, **parts})


def flag_of(ends: Ends) -> dict[str, Any] | None:
    found = [flag for flag in ends.flags.values() if flag["status"] != "superseded"]
    assert len(found) <= 1
    return found[0] if found else None


def told(rule: Rule, *lines: dict[str, Any], as_of: str = AS_OF, steps: Sequence[Any] = ()) -> Ends:
    return run_in_memory([*expand(lines), *steps], line=line_of(rule, as_of=as_of))


def test_what_began_on_a_day_of_the_rule_is_raised() -> None:
    flag = flag_of(told(changed(valid_from="2026-07-10", valid_until="2026-07-31"), *PAIR, ADMITTED))
    assert flag is not None
    assert flag["status"] == "active"
    clauses = {one["clause"]: (one["value"], one["verdict"]) for one in flag["evidence"]}
    assert clauses["episode.began_on from 2026-07-10"] == ("2026-07-10", "met")
    assert clauses["today until 2026-07-31"] == ("2026-07-31", "met")


@pytest.mark.parametrize("days", [{"valid_from": "2026-07-11"}, {"valid_until": "2026-07-09"}])
def test_what_began_before_or_after_is_not(days: dict[str, str]) -> None:
    for order in permutations(expand([*PAIR, ADMITTED])):
        ends = run_in_memory(order, line=line_of(changed(**days)))
        assert ends.flags == {}
        assert ends.tasks == {}


def test_the_last_day_is_a_day_in_hong_kong() -> None:
    steps = [Tick("2026-08-31T15:59:59.999Z"), Tick(OVER)]
    ends = told(changed(valid_until=LAST_DAY), *PAIR, ADMITTED, steps=steps[:1])
    assert (flag_of(ends) or {})["status"] == "active"
    ends = told(changed(valid_until=LAST_DAY), *PAIR, ADMITTED, steps=steps)
    flag = flag_of(ends) or {}
    assert (flag["status"], flag["cause"], flag["as_of"]) == ("expired", "rule_expired", OVER)
    assert {task["purpose"] for task in ends.tasks.values()} > {
        "check_arrangements"
    }  # nobody answers, so more is asked
    assert {(task["status"], task["status_reason"]) for task in ends.tasks.values()} == {("cancelled", "rule_expired")}


def test_a_flag_that_had_ended_before_does_not_expire() -> None:
    cancelled = {"type": "hospital.admission_cancelled", "subject": "anna", "visit": "V1"}
    ends = told(changed(valid_until=LAST_DAY), *PAIR, ADMITTED, cancelled, steps=[Tick(OVER)])
    assert (flag_of(ends) or {})["cause"] == "admission_cancelled"


def test_what_comes_in_after_the_last_day_raises_nothing() -> None:
    assert flag_of(told(changed(valid_until=LAST_DAY), *PAIR, ADMITTED, as_of=OVER)) is None


@pytest.mark.parametrize(
    ("districts", "raised"),
    [
        ({"only": ["SSP"]}, True),
        ({"only": ["KTS", "YTM"]}, False),
        ({"except": ["SSP"]}, False),
        ({"except": ["KTS"]}, True),
    ],
)
def test_districts(districts: dict[str, list[str]], raised: bool) -> None:
    for order in permutations(expand([*PAIR, ADMITTED])):
        ends = run_in_memory(order, line=line_of(changed(districts=Districts.model_validate(districts))))
        assert [flag["status"] for flag in ends.flags.values()].count("active") == raised


def test_a_household_of_which_nobody_knows_the_district_is_served() -> None:
    rule = changed(districts=Districts.model_validate({"only": ["KTS"]}))
    flag = flag_of(told(rule, *PAIR[1:], ADMITTED))
    assert flag is not None
    assert flag["status"] == "active"
    (place,) = [one for one in flag["evidence"] if one["clause"].startswith("household.district")]
    assert (place["value"], place["verdict"]) == (None, "unknown")


def test_moving_to_another_district_ends_it_and_says_so() -> None:
    rule = changed(districts=Districts.model_validate({"only": ["SSP"]}))
    flag = flag_of(told(rule, *PAIR, ADMITTED, TO_KWUN_TONG)) or {}
    assert (flag["status"], flag["cause"]) == ("retracted", "district_not_served")
    (place,) = [one for one in flag["evidence"] if one["clause"].startswith("household.district")]
    moved = expand([*PAIR, ADMITTED, TO_KWUN_TONG])[-1]
    assert (place["value"], place["verdict"]) == ("KTS", "not_met")
    assert place["event_ids"] == [dict(moved.headers)["ce_id"].decode()]


def test_shadow_is_told_and_asks_nobody() -> None:
    ends = told(changed(mode="shadow"), *PAIR, ADMITTED)
    flag = flag_of(ends) or {}
    assert flag["status"] == "shadow"
    assert flag["level"] == "very_high"
    assert ends.tasks == {}


def relived(before: Rule | None, after: Rule, *lines: dict[str, Any]) -> Ends:
    """What comes of it when the rules change after all this was told; nothing more comes in but a tick."""
    ends, line = Ends(), line_of(*([before] if before else []))
    for record in expand(lines):
        take(line, record, ends)
    for task in line.tasks:
        if task.processor.name == "correlator":
            store = task.store
    line = line_of(after)
    for task in line.tasks:
        if task.processor.name == "correlator":
            # as after a restart: the same state, other rules
            task.__init__(task.processor, store, AS_OF)  # type: ignore[misc]
    take(line, Record(TICKS, b"0", b'{"as_of": "2026-08-01T00:00:00.000Z"}'), ends)
    return ends


def test_a_rule_that_goes_live_raises_nothing_for_before_unless_it_is_asked_to() -> None:
    shadow = changed(mode="shadow")
    later = relived(shadow, changed(valid_from="2026-08-01", version=3), *PAIR, ADMITTED)
    assert [flag["status"] for flag in later.flags.values()] == ["retracted"]
    assert later.tasks == {}
    asked = relived(shadow, changed(version=3), *PAIR, ADMITTED)
    assert [flag["status"] for flag in asked.flags.values()] == ["active"]
    assert [task["status"] for task in asked.tasks.values()] == ["requested"]
    told_by = [flag["ruleset"] for kind, flag in asked.published if kind == "flag"]
    assert len(set(told_by)) == 2, "the old and the new rules are both on record"


def test_a_change_of_rules_is_looked_at_by_everybody_at_the_next_tick() -> None:
    """Not only by households of whom something comes in."""
    assert [flag["status"] for flag in relived(None, RULE, *PAIR, ADMITTED).flags.values()] == ["active"]
    ended = relived(RULE, changed(valid_until="2026-07-31"), *PAIR, ADMITTED)
    assert [flag["status"] for flag in ended.flags.values()] == ["expired"]
    gone = relived(RULE, changed(mode="off"), *PAIR, ADMITTED)
    assert [(flag["status"], flag["cause"]) for flag in gone.flags.values()] == [("retracted", "rule_withdrawn")]


def test_a_rule_in_shadow_never_takes_the_place_of_a_live_one() -> None:
    shadow = changed(id="carer-admitted-next", typology="carer-admitted", mode="shadow")
    ends = run_in_memory(expand([*PAIR, ADMITTED]), line=line_of(RULE, shadow))
    assert sorted((flag["rule"], flag["status"]) for flag in ends.flags.values()) == [
        ("carer-admitted", "active"),
        ("carer-admitted-next", "shadow"),
    ]


@pytest.mark.parametrize("first", ["a-rule", "z-rule"])
def test_of_two_rules_of_one_typology_the_higher_level_prevails_whatever_their_names(first: str) -> None:
    low = changed(id=first, typology="carer-admitted", raises={"level": "low", "episode": "hospital_visit"})
    ends = run_in_memory(expand([*PAIR, ADMITTED]), line=line_of(RULE, low))
    assert [flag["level"] for flag in ends.flags.values() if flag["status"] == "active"] == ["very_high"]


def test_priority_by_level() -> None:
    ask = {**RULE.asks[0].model_dump(by_alias=True), "priority_by_level": {"very_high": "stat"}}
    ends = told(changed(asks=[ask]), *PAIR, ADMITTED)
    (task,) = ends.tasks.values()
    assert (task["level"], task["priority"]) == ("very_high", "stat")
    daughter = {"type": "housing.member_added", "tenancy": "T1", "members": {"carol": 1980}}
    ends = told(changed(asks=[ask]), *PAIR, daughter, ADMITTED)
    (task,) = ends.tasks.values()
    assert (task["level"], task["priority"]) == ("high", "urgent")


SERVED = {"fact": "services.in_use", "in": ["home_care", "day_care"]}
HOME_CARE_FOR_BEN = {"type": "register.service_enrolled", "subject": "ben", "kind": "home_care", "id": "e-served"}


def test_who_is_served_already_is_not_asked_about() -> None:
    """A policy clause: an active service that meets what the rule asks."""
    rule = changed(unless=[SERVED])
    assert told(rule, *PAIR[:3], HOME_CARE_FOR_BEN, ADMITTED).tasks == {}
    later = told(rule, *PAIR[:3], ADMITTED, steps=expand([HOME_CARE_FOR_BEN]))
    assert [(flag["status"], flag["cause"]) for flag in later.flags.values()] == [("mitigated", "now_supported")]
    assert [task["status"] for task in later.tasks.values()] == ["cancelled"]


@pytest.mark.parametrize(
    "service", [None, {**HOME_CARE_FOR_BEN, "kind": "meal_delivery"}, {**HOME_CARE_FOR_BEN, "subject": "anna"}]
)
def test_unknown_or_another_service_never_keeps_anybody_from_making_contact(service: dict[str, Any] | None) -> None:
    lines = [*PAIR[:3], ADMITTED, *([service] if service else [])]
    flag = flag_of(told(changed(unless=[SERVED]), *lines)) or {}
    assert flag["status"] == "active"
    (clause,) = [one for one in flag["evidence"] if one["part"] == "unless"]
    assert clause["verdict"] == ("unknown" if service is None or service["subject"] == "anna" else "not_met")
