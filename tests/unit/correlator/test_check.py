"""How one clause is judged: a fault in it is an error of its own, and stops nothing and mitigates nothing."""

from typing import Any, Literal

import pytest

from services.correlator.check import Check
from services.correlator.compiled import Ruleset
from services.correlator.episodes import Candidate
from services.correlator.facts import Seen
from services.correlator.rules import Clause, Rule
from services.policy import load_rules
from tests.scenarios.memory import POLICY
from tests.unit.correlator.households import episodes_of, household_of

ALONE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1950}}


def candidate() -> Candidate:
    (one,) = episodes_of(household_of([ALONE]), "composition")
    return one


def three(candidate: Candidate) -> Seen:
    return Seen(3)


def broken(*_: Any) -> Any:
    raise ZeroDivisionError


def check(part: Literal["when", "unless", "raised_by"], **parts: Any) -> Check:
    usual = {"look": three, "test": lambda value, limit: value == limit, "limit": 3, "unknown_holds": False}
    return Check(rule="r", name="three", text="three is 3", part=part, **{**usual, **parts})


@pytest.mark.parametrize("part", ["when", "unless", "raised_by"])
@pytest.mark.parametrize("fault", [{"look": broken}, {"test": broken}])
def test_a_fault_is_an_error_that_holds_where_it_would_stop_a_rule(part: Any, fault: dict[str, Any]) -> None:
    one = candidate()
    judged = check(part, **fault).judge(one)
    assert (judged.verdict, judged.holds) == ("error", part == "when")
    assert (judged.seen.value, judged.seen.because, judged.seen.failed) == (None, "error_zerodivisionerror", True)
    assert one.household.faults == ["r"]


def test_what_was_seen_is_kept_for_the_next_rule_that_asks() -> None:
    one = candidate()
    assert check("when").judge(one).verdict == "met"
    assert check("when", look=broken, limit=4).judge(one).verdict == "not_met"


def test_a_list_of_households_is_compared_by_how_many_there_are() -> None:
    word, limit, test = Clause.model_validate({"fact": "incident.households", "at_least": 2}).comparison
    assert (word, limit) == ("at least", 2)
    assert [test(households, limit) for households in ([], ["h-1"], ["h-1", "h-2"], ["h-1", "h-2", "h-3"])] == [
        False,
        False,
        True,
        True,
    ]


def test_a_rule_without_an_episode_says_so() -> None:
    rule = next(rule for rule in load_rules(POLICY) if rule.id == "carer-admitted")
    assert isinstance(rule, Rule)
    (compiled,) = Ruleset([rule]).rules
    assert compiled.no_episode == [
        {
            "rule": "carer-admitted",
            "version": rule.version,
            "part": "when",
            "clause": "an episode of kind hospital_visit exists",
            "value": 0,
            "limit": 1,
            "verdict": "not_met",
            "source": None,
            "age": None,
            "event_ids": [],
            "confidence": None,
        }
    ]
