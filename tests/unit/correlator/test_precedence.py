"""Which source prevails is policy, and what prevails is what the evidence names."""

from itertools import permutations
from typing import Any

import pytest

from services.line import Line, line_processors
from tests.scenario import AS_OF, expand
from tests.scenarios.memory import POLICY, run_in_memory
from tests.scenarios.model import Ends

YOUNG = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1980, "ben": 1990, "carol": 1985}}


def care(source: str, group: str, recorded: str) -> dict[str, Any]:
    """Anna cares for Ben, as a source says it."""
    return {
        "type": "register.care_relationship_asserted",
        "subject": "anna",
        "cared_for": "ben",
        "group": group,
        "source": source,
        "recorded": recorded,
    }


def death(source: str, confidence: str, recorded: str) -> dict[str, Any]:
    """Ben has died, as a source says it."""
    return {
        "type": "person.deceased",
        "subject": "ben",
        "confidence": confidence,
        "source": source,
        "recorded": recorded,
    }


def flags_of(ends: Ends, rule: str) -> list[dict[str, Any]]:
    return [flag for flag in ends.flags.values() if flag["rule"] == rule and flag["status"] == "active"]


@pytest.mark.parametrize(
    ("prevailing", "kinds"), [("elderly", ["carer_of_elderly"]), ("disabled", ["carer_of_disabled"])]
)
def test_the_register_prevails_over_what_was_recorded_later_elsewhere(prevailing: str, kinds: list[str]) -> None:
    other = {"elderly": "disabled", "disabled": "elderly"}[prevailing]
    lines = [YOUNG, care("swd-register", prevailing, "2026-07-01"), care("ngo-records", other, "2026-07-09")]
    for order in permutations(expand(lines)):
        (flag,) = flags_of(run_in_memory(order), "little-support")
        (kind,) = [one for one in flag["evidence"] if one["clause"].startswith("household.kind")]
        assert kind["value"] == kinds
        assert kind["source"] == "swd-register"


def test_of_sources_that_policy_does_not_name_each_counts() -> None:
    lines = [YOUNG, care("ngo-one", "elderly", "2026-07-01"), care("ngo-two", "disabled", "2026-07-09")]
    (flag,) = flags_of(run_in_memory(expand(lines)), "little-support")
    (kind,) = [one for one in flag["evidence"] if one["clause"].startswith("household.kind")]
    assert kind["value"] == ["carer_of_disabled", "carer_of_elderly"]


def members_of(ends: Ends) -> set[str]:
    return {flag["rule"] for flag in ends.flags.values() if flag["status"] == "active"}


COUPLE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1980}}


@pytest.mark.parametrize(
    ("claims", "alone"),
    [
        ([("swd-register", "confirmed", "2026-07-01")], True),
        ([("swd-register", "reported", "2026-07-01")], False),
        # immigration's word counts, whoever spoke last
        ([("immigration", "confirmed", "2026-07-01"), ("swd-register", "reported", "2026-07-09")], True),
        ([("immigration", "reported", "2026-07-01"), ("swd-register", "confirmed", "2026-07-09")], False),
        # of two whom policy does not name a confirmed death counts
        ([("ngo-one", "confirmed", "2026-07-01"), ("ngo-two", "reported", "2026-07-09")], True),
    ],
)
def test_a_death_counts_as_the_prevailing_source_says(claims: list[tuple[str, str, str]], alone: bool) -> None:
    lines = [COUPLE, *(death(*claim) for claim in claims)]
    for order in permutations(expand(lines)):
        assert ("little-support" in members_of(run_in_memory(order))) == alone


@pytest.mark.parametrize("named", ["hd-tenancies", "swd-register"])
def test_when_somebody_moved_in_is_as_the_prevailing_source_says(named: str) -> None:
    """The start of the composition is the episode of a list rule."""
    from services.correlator.household import correlator
    from services.policy import load_rules, load_sources

    other = {"hd-tenancies": "swd-register", "swd-register": "hd-tenancies"}[named]
    precedence = {**load_sources(POLICY), "membership.asserted": (named, other)}
    line = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948}}
    lines = [
        {**line, "at": "2026-06-01", "source": "hd-tenancies"},
        {**line, "at": "2026-06-20", "source": "swd-register"},
    ]
    others = [processor for processor in line_processors(POLICY) if processor.name != "correlator"]
    for order in permutations(expand(lines)):
        ends = run_in_memory(order, line=Line((*others, correlator(load_rules(POLICY), precedence)), AS_OF))
        (flag,) = flags_of(ends, "little-support")
        (kind,) = [one for one in flag["evidence"] if one["clause"].startswith("household.kind")]
        assert kind["source"] == named
