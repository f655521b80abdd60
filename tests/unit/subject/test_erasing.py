"""An erasure as it is planned and carried out: afterwards nothing of the person is in any state, or told."""

from typing import Any

import orjson
import pytest

from contracts.instants import plus
from services.runtime.erasure import ANY, fingerprint
from services.runtime.topics import topics
from services.subject.access import told
from services.subject.erasing import Hold, held_back, open_urgent, plan_erasure
from services.subject.holdings import Holdings
from tests.scenario import AS_OF, expand, person, resend
from tests.unit.subject.lived import Lived
from tests.unit.subject.test_access import ANN_CALLED, LINES, MERGED

NOW = AS_OF
EVERYTHING: list[dict[str, Any]] = [
    *LINES,
    MERGED,
    ANN_CALLED,
    {"type": "community.observation", "subject": "anna", "by": "care_team", "concern": "strain"},
    {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}, "at": "2026-07-15"},
]


def erased(lived: Lived, who: str = "anna", at: str = NOW) -> Holdings:
    lived.take(plan_erasure(lived.holdings(who), at, NOW).records)
    return lived.holdings(who)


def named(lived: Lived, *who: str) -> list[str]:
    """Every state value that names somebody."""
    return [
        f"{record.topic} {record.key.decode()}"
        for record in lived.changelogs()
        for one in who
        if person(one).encode() in record.key + record.value
    ]


def test_afterwards_no_state_names_them_and_access_finds_nothing_but_copies() -> None:
    lived = Lived(*expand(EVERYTHING))
    assert {place.split()[0] for place in named(lived, "anna")} >= {
        f"changelog.{name}"
        for name in ("admission", "housing", "register", "community", "people", "places", "correlator")
    }
    left = erased(lived)
    assert named(lived, "anna", "ann") == []
    answer = told(left, topics(), NOW, "en")
    assert answer["erased_up_to"] == NOW
    assert not any(answer[name] for name in ("facts", "tasks", "households", "state"))
    assert all(flag["about"] != "this person" or not flag["evidence"] for flag in answer["flags"])
    assert {one["topic"] for one in answer["copies"]} >= {"hospital.admissions", "risk.flags"}


def test_what_is_sent_again_brings_nobody_back() -> None:
    records = expand(EVERYTHING)
    lived = Lived(*records)
    erased(lived)
    lived.take(resend(record, plus(NOW, hours=1)) for record in records if record.topic != "housing.tenancies")
    assert named(lived, "anna", "ann") == []
    lived.take(resend(record, plus(NOW, hours=1)) for record in records if record.topic == "housing.tenancies")
    # the tenancy is not theirs alone: its service keeps the event for the others, until it is forgotten once more
    assert {place.split()[0] for place in named(lived, "anna", "ann")} == {"changelog.housing"}
    erased(lived)
    assert named(lived, "anna", "ann") == []


def test_what_was_never_known_before_stays_out_too() -> None:
    records = expand(EVERYTHING)
    lived = Lived(*records[:3])
    erased(lived)
    lived.take(record for record in records[3:] if record.topic != "housing.tenancies")
    assert [place for place in named(lived, "anna") if "admission" in place or "people" in place] == []


def test_the_other_is_still_held_and_does_not_look_alone() -> None:
    lived = Lived(*expand(EVERYTHING))
    erased(lived)
    answer = told(lived.holdings("ben"), topics(), NOW, "en")
    assert {fact["kind"] for fact in answer["facts"]} == {"membership.start", "membership.asserted", "contact"}
    open_flags = [
        flag
        for task in lived.line.tasks
        if task.processor.name == "correlator"
        for _, value in task.store.items()
        for flag in value["flags"].values()
        if flag["status"] == "active"
    ]
    assert {flag["typology"] for flag in open_flags} == {"carer-strain"}


def test_twice_is_once() -> None:
    lived = Lived(*expand(EVERYTHING))
    erased(lived)
    before = {(record.topic, record.key): record.value for record in lived.changelogs()}
    lived.take(plan_erasure(lived.holdings("anna"), NOW, NOW).records)
    assert {(record.topic, record.key): record.value for record in lived.changelogs()} == before


def test_only_what_was_recorded_by_then_is_planned() -> None:
    lived = Lived(*expand(EVERYTHING))
    early = plan_erasure(lived.holdings("anna"), "2026-06-03T00:00:00.000Z", NOW)
    late = plan_erasure(lived.holdings("anna"), NOW, NOW)
    assert 0 < early.facts < late.facts
    assert late.sources == ["carer-hotline", "community-desk", "ha-cms", "hd-tenancies", "swd-register"]
    assert late.blocks == ["block-1"]


def test_urgent_tasks_come_first() -> None:
    (task,) = open_urgent(Lived(*expand(LINES[:4])).holdings("ben"))
    assert (task["priority"], task["purpose"]) == ("urgent", "check_arrangements")
    assert open_urgent(Lived(*expand(LINES[:4])).holdings("anna")) == []


@pytest.mark.parametrize(("until", "keeps"), [("2027-01-01T00:00:00.000Z", True), ("2026-01-01T00:00:00.000Z", False)])
def test_a_legal_hold_keeps_the_data_of_every_id_until_it_ends(until: str, keeps: bool) -> None:
    holdings = Lived(*expand(EVERYTHING)).holdings("anna")
    hold = Hold(who=fingerprint(person("ann")), reason="inquest", until=until)
    assert held_back(holdings, [hold], NOW) == ([hold] if keeps else [])
    assert held_back(Lived(*expand(EVERYTHING)).holdings("ben"), [hold], NOW) == []


def test_what_is_kept_is_a_hash_that_names_nobody() -> None:
    lived = Lived(*expand(EVERYTHING))
    erased(lived)
    marks = [record for record in lived.changelogs() if record.key.decode().startswith(ANY + " ")]
    assert {record.key.decode().split()[1] for record in marks} == {fingerprint(person(n)) for n in ("anna", "ann")}
    assert all(set(orjson.loads(record.value)) <= {"at", "floor", "forgotten"} for record in marks)
