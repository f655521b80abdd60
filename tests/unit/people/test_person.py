"""The keeper of a person: who is told what, and that ids linked in any shape are one person."""

from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ids import household_of_person, household_of_tenancy
from services.people.person import MAX_ALIASES
from services.runtime.fold import Record
from tests.scenario import expand, person
from tests.scenarios.memory import run_racing
from tests.unit.test_line import QUICK, known_facts, lived

NAMES = ("anna", "ann", "nan", "annie", "nancy")
LINK = {"type": "identity.merged", "at": "2026-07-01"}
COHORT = {"type": "register.cohort_asserted", "cohort": "high_risk_public_housing"}
pairs = st.sampled_from(list(combinations(NAMES, 2)))


def told(facts: dict[str, dict[str, object]], household: str) -> set[str]:
    """Of whom a household knows anything."""
    return {origin for origin in facts.get(household, {}) if origin.startswith("p-")}


def component(of: str, links: set[tuple[str, str]]) -> set[str]:
    found = {of}
    while more := {b for a, b in links | {(b, a) for a, b in links} if a in found} - found:
        found |= more
    return found


@settings(QUICK, max_examples=80)
@given(st.lists(pairs, max_size=7), st.lists(pairs, max_size=3), st.integers(0, 2**32))
def test_linked_ids_are_one_person_in_any_shape(
    merged: list[tuple[str, str]], unmerged: list[tuple[str, str]], seed: int
) -> None:
    """Rows, rings and stars of merges, some taken back: the household of the one who is cared for knows every id of
    the carer, and no other; and all ids together are one household where nobody has a tenancy."""
    lines = [
        {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}},
        {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
        *(
            {"type": "register.cohort_asserted", "subject": name, "cohort": "high_risk_public_housing"}
            for name in NAMES
        ),
        *({**LINK, "subject": one, "retired": other, "sequence": 1} for one, other in merged),
        *(
            {**LINK, "type": "identity.unmerged", "subject": one, "retired": other, "sequence": 2}
            for one, other in unmerged
        ),
    ]
    records = expand(lines)
    _, facts = lived(records)
    links = {*merged} - {*unmerged}
    carer = component("anna", links)
    assert told(facts, household_of_tenancy("T1")) == {person(name) for name in carer | {"ben"}}
    for name in NAMES:
        same = component(name, links)
        home = household_of_person(min(person(other) for other in same))
        assert {person(other) for other in same} <= told(facts, home)
    dice = Random(seed)
    dice.shuffle(records)
    ends, line = run_racing(records, dice)
    assert ends.follows <= 400
    assert known_facts(line) == facts


def test_a_withdrawn_relationship_takes_back_what_was_told() -> None:
    lines = [
        {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}},
        {"type": "housing.tenancy_started", "tenancy": "T2", "members": {"anna": 1950}},
        {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
        {"type": "register.care_relationship_ended", "subject": "anna", "cared_for": "ben"},
    ]
    records = expand(lines)
    _, before = lived(records[:3])
    assert person("anna") in told(before, household_of_tenancy("T1"))
    _, after = lived(records)
    assert told(after, household_of_tenancy("T1")) == {person("ben")}


def test_nobody_tells_the_carers_household_of_the_one_cared_for() -> None:
    lines = [
        {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}},
        {"type": "housing.tenancy_started", "tenancy": "T2", "members": {"anna": 1950}},
        {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    ]
    _, facts = lived(expand(lines))
    assert told(facts, household_of_tenancy("T2")) == {person("anna")}


def test_whoever_has_a_tenancy_is_no_household_of_one() -> None:
    lines = [
        {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"},
        {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1950}},
    ]
    _, facts = lived(expand(lines))
    assert told(facts, household_of_person(person("anna"))) == set()


CROWD = [f"stranger-{number}" for number in range(120)]


def crowd(dice: Random) -> list[Record]:
    """A source has merged many strangers into one: all that once stood under a test patient's number."""
    lines: list[dict[str, Any]] = [
        *({**COHORT, "subject": name} for name in ("anna", *CROWD[:20])),
        *({**LINK, "subject": "anna", "retired": name, "sequence": 1} for name in CROWD),
    ]
    records = expand(lines)
    dice.shuffle(records)
    return records


def test_a_wrong_merge_of_very_many_ids_is_no_flood() -> None:
    """Each new id is told of the nearest few, and they of it: not each to all, which would be 7,000 follows here."""
    ends, line = run_racing(crowd(Random(1)), Random(1))
    assert "fold_failed" not in ends.dead
    assert ends.follows < 20 * len(CROWD)
    near = sorted(person(name) for name in CROWD)[:MAX_ALIASES]
    home = household_of_person(min(person("anna"), *near))
    told_of = set(known_facts(line)[home])
    assert {person("anna"), *(one for one in near if one in told_of)} == told_of
    assert len(told_of) > 1


def test_a_wrong_merge_of_very_many_ids_ends_alike_in_any_order() -> None:
    _, first = run_racing(crowd(Random(1)), Random(1))
    for seed in (2, 3):
        _, other = run_racing(crowd(Random(seed)), Random(seed))
        assert known_facts(other) == known_facts(first)


@settings(QUICK, max_examples=40)
@given(st.lists(pairs, max_size=8), st.integers(0, 2**32))
def test_a_limit_of_ids_makes_no_difference_to_the_order(merged: list[tuple[str, str]], seed: int) -> None:
    lines = [{**COHORT, "subject": name} for name in NAMES]
    lines += [{**LINK, "subject": one, "retired": other, "sequence": 1} for one, other in merged]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.people.person.MAX_ALIASES", 2)
        _, facts = lived(expand(lines))
        records, dice = expand(lines), Random(seed)
        dice.shuffle(records)
        ends, line = run_racing(records, dice)
    assert known_facts(line) == facts
    assert "fold_failed" not in ends.dead
