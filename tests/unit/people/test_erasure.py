"""A person is erased: nothing that names them is left, whatever comes in before or after, and in any order."""

from itertools import permutations
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from contracts.facts import Erase
from contracts.ids import household_of_person, household_of_tenancy
from contracts.tasks import TERMINAL
from services.line import Line
from services.runtime.erasure import ANY, fingerprint
from services.runtime.fold import Record, Value
from tests.scenario import AS_OF, expand, person
from tests.scenarios.memory import processors, run_in_memory, run_racing
from tests.scenarios.model import Answer, Ends

ERASED_AT = "2026-07-20T00:00:00.000Z"
ANNA, BEN = person("anna"), person("ben")
KEEPERS = ("people", "places", "correlator", "referral")

HOME = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}}
CARE = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
COHORT = {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"}
ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10T02:00"}
CALLED = {"type": "hotline.contact", "subject": "anna", "topics": ["emotional"], "gravity": "grave"}
MERGED = {"type": "identity.merged", "subject": "anna", "retired": "ann"}
LINES: list[dict[str, Any]] = [HOME, CARE, COHORT, ADMITTED, CALLED]
AGAIN = {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"}
LATER = {"at": "2026-08-01", "sequence": 90}


def erasure(who: str = "anna", at: str = ERASED_AT) -> Record:
    said = Erase(erase=True, subject=person(who), of=person(who), at=at)
    return Record("person.facts", person(who).encode(), orjson.dumps(said))


def states(line: Line) -> dict[str, dict[str, Value]]:
    return {task.processor.name: dict(task.store.items()) for task in line.tasks}


def held(line: Line, who: str = "anna") -> list[str]:
    """Where the keepers still name somebody: processor and key."""
    name = person(who)
    return [
        f"{processor} {key}"
        for processor in KEEPERS
        for key, value in states(line)[processor].items()
        if name in key or name.encode() in orjson.dumps(value)
    ]


def leaving(who: str = "anna", at: str = ERASED_AT) -> Record:
    """The same, to the block where the person lives."""
    said = Erase(erase=True, subject="block-1", of=person(who), at=at)
    return Record("address.facts", b"block-1", orjson.dumps(said))


def lived(records: list[Record]) -> Line:
    line = Line(processors(), AS_OF)
    run_in_memory(records, line=line)
    return line


def test_before_the_erasure_they_are_held() -> None:
    assert len(held(lived(expand(LINES)))) > 2


def test_all_that_is_left_is_a_hash_and_an_instant() -> None:
    line = lived([*expand(LINES), erasure(), leaving()])
    assert held(line) == []
    kept = states(line)["people"]
    assert kept[f"{ANY} {fingerprint(ANNA)}"]["at"] == ERASED_AT
    assert set(kept) == {BEN, ANY, f"{ANY} {fingerprint(ANNA)}"}
    assert household_of_person(ANNA) not in states(line)["correlator"]


@pytest.mark.parametrize("order", list(permutations(range(5))))
def test_late_old_facts_bring_nobody_back_in_any_order(order: tuple[int, ...]) -> None:
    told = expand(LINES)
    records = [told[place] for place in order]
    for before in (0, 2, 4):
        line = lived([*records[:before], erasure(), leaving(), *records[before:]])
        assert held(line) == [], before


@profile(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_whatever_races_what_nothing_is_left_and_the_others_know_the_same(seed: int, again: bool) -> None:
    lines = [*LINES, MERGED, *([{**AGAIN, **LATER}] if again else [])]
    records = [*expand(lines), erasure(), leaving(), erasure("ann")]
    known = lived(records)
    dice = Random(seed)
    dice.shuffle(records)
    _, line = run_racing(records, dice)
    assert bool(held(line)) == again
    assert facts_of(line) == facts_of(known)


def facts_of(line: Line) -> dict[str, Any]:
    """What people and correlator know of everybody, without revisions."""
    found: dict[str, Any] = {}
    for key, value in states(line)["people"].items():
        if not key.startswith(ANY):
            found[key] = value["facts"]
    for household, value in states(line)["correlator"].items():
        told = {origin: said["facts"] for origin, said in value["origins"].items() if said["facts"]}
        if told:
            found[household] = told
    return found


def test_what_is_recorded_afterwards_counts_again_under_revisions_that_grow() -> None:
    line = Line(processors(), AS_OF)
    records = expand([HOME, CARE, COHORT, {**CARE, **LATER}, {**COHORT, **LATER}])
    ends = run_in_memory([*records[:3], erasure(), *records[3:]], line=line)
    correlator = states(line)["correlator"][household_of_tenancy("T1")]
    assert ends.dead == []
    assert set(states(line)["people"][ANNA]["facts"]) == {
        f"care.gives~{BEN}|allowance~swd-register",
        "cohort~high_risk_public_housing~swd-register",
    }
    assert ANNA in correlator["origins"]
    assert any("care.receives" in slot for slot in states(line)["people"][BEN]["facts"])


def test_revisions_grow_over_an_erasure_whoever_was_told() -> None:
    """Whoever still has what was told before must not take what is told anew for older."""
    again = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}, **LATER}
    records = expand([*LINES, again, {**CARE, **LATER}, {**MERGED, **LATER}])
    line, told = Line(processors(), AS_OF), 0
    last: dict[tuple[str, str], int] = {}
    for record in [*records[:5], erasure(), leaving(), *records[5:]]:
        for _, turn in line.take(record):
            for said in (orjson.loads(out.value) for out in turn.outputs):
                if "origin" in said:
                    name = said["origin"], said["household_id"]
                elif "follow" in said:
                    name = said["via"], said["subject"]
                else:
                    continue
                assert said["revision"] > last.get(name, 0), name
                last[name] = said["revision"]
                told += 1
    assert told > 20
    assert last[ANNA, household_of_tenancy("T1")] > 5
    assert last[f"{BEN}|care", ANNA] > 2


def test_an_older_erasure_and_the_same_one_twice_are_no_news() -> None:
    line = lived([*expand(LINES), erasure(), leaving()])
    before = states(line)
    run_in_memory([erasure(), erasure(at="2026-07-01T00:00:00.000Z")], line=line)
    assert states(line) == before


def test_the_one_who_is_cared_for_keeps_what_does_not_name_them() -> None:
    records = expand([*LINES, {"type": "hotline.contact", "subject": "ben", "topics": ["emotional"]}])
    line = lived([*records, erasure()])
    kinds = {slot.split("~")[0] for slot in states(line)["people"][BEN]["facts"]}
    assert kinds == {"membership.start", "contact"}


ADMISSION = [{"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}}, CARE, COHORT, ADMITTED]


def run(*steps: Any) -> tuple[Ends, Line]:
    line = Line(processors(), AS_OF)
    return run_in_memory(steps, line=line), line


def test_flags_about_the_person_end_and_their_tasks_are_taken_back_and_forgotten() -> None:
    ends, line = run(*expand(ADMISSION), erasure("ben"), leaving("ben"))
    (flag,) = (flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted")
    assert (flag["status"], flag["cause"]) == ("retracted", "erased")
    assert all(not one["event_ids"] for one in flag["evidence"])
    assert [task["status"] for task in ends.tasks.values() if task["for"] == BEN] == ["cancelled"]
    assert states(line)["referral"][flag["household_id"]]["tasks"] == {}


def test_a_task_that_a_unit_has_accepted_is_asked_back_and_forgotten_when_the_unit_has_answered() -> None:
    ends, line = run(*expand(ADMISSION), Answer("ben", "check_arrangements", "accept"), erasure("ben"), leaving("ben"))
    (task,) = (task for task in ends.tasks.values() if task["for"] == BEN)
    assert task["business_status"] == "cancellation_requested"
    assert task["status"] not in TERMINAL
    assert task["task_id"] in states(line)["referral"][task["household_id"]]["tasks"]
    more = Ends(flags=ends.flags, tasks=ends.tasks)
    run_answer = Answer("ben", "check_arrangements", "confirm_cancel").record(more)
    run_in_memory([run_answer], line=line)
    assert states(line)["referral"][task["household_id"]]["tasks"] == {}
    assert held(line, "ben") == []


def test_what_a_person_closed_stays_closed_for_the_counts() -> None:
    answers = [
        Answer("ben", "check_arrangements", "accept"),
        Answer("ben", "check_arrangements", "complete", outcome="already_supported", findings=("cover_confirmed",)),
    ]
    ends, line = run(*expand(ADMISSION), *answers, erasure("ben"), leaving("ben"))
    (flag,) = (flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted")
    assert (flag["status"], flag["outcome"], flag["cause"]) == ("closed", "arranged_already", "erased")
    assert held(line, "ben") == []


def test_the_carers_admission_no_longer_raises_anything_once_the_carer_is_erased() -> None:
    ends, line = run(*expand(ADMISSION), erasure("anna"), leaving())
    (flag,) = (flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted")
    assert flag["status"] == "retracted"
    assert held(line) == []


def forgetting(who: str, other: str, at: str = ERASED_AT) -> Record:
    """Somebody who was named with another is told to forget that."""
    said = Erase(erase=True, subject=person(who), of=person(other), at=at)
    return Record("person.facts", person(who).encode(), orjson.dumps(said))


def test_what_names_somebody_who_was_erased_counts_only_if_it_was_recorded_afterwards() -> None:
    line = lived([forgetting("anna", "ben"), *expand([CARE, COHORT])])
    assert set(states(line)["people"][ANNA]["facts"]) == {"cohort~high_risk_public_housing~swd-register"}
    run_in_memory(expand([{**CARE, **LATER, "id": "e-later"}]), line=line)
    assert f"care.gives~{BEN}|allowance~swd-register" in states(line)["people"][ANNA]["facts"]


def test_whoever_is_erased_remembers_whom_they_had_to_forget() -> None:
    line = lived([*expand(LINES), erasure(), leaving()])
    (name,) = (key for key in states(line)["people"] if key == f"{ANY} {fingerprint(ANNA)}")
    before = states(line)["people"][name]
    run_in_memory([forgetting("anna", "ben", "2026-07-25T00:00:00.000Z")], line=line)
    after = states(line)["people"][name]
    assert (after["at"], after["floor"]) == (before["at"], before["floor"])
    assert after["forgotten"] == {**before["forgotten"], fingerprint(BEN): "2026-07-25T00:00:00.000Z"}
    again = {**COHORT, **LATER, "id": "e-later"}
    run_in_memory(expand([{**CARE, "at": "2026-07-22", "sequence": 80, "id": "e-care"}, again]), line=line)
    assert set(states(line)["people"][ANNA]["facts"]) == {"cohort~high_risk_public_housing~swd-register"}


def test_garbage_is_refused() -> None:
    said = {"erase": True, "subject": ANNA, "of": 3, "at": ERASED_AT}
    ends, _ = run(Record("person.facts", ANNA.encode(), orjson.dumps(said)))
    assert ends.dead == ["invalid"]
