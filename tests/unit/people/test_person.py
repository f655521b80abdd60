"""The keeper of a person: who is told what, and that ids linked in any shape are one person."""

from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ids import household_of_person, household_of_tenancy
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
