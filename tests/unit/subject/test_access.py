"""What a person is told: all that is theirs, and nothing of anybody else."""

import re
from typing import Any

import orjson
import pytest

from contracts.ids import household_of_tenancy
from services.explanation.terms import Lang
from services.explanation.writing import plain
from services.runtime.fold import Record
from services.runtime.topics import topics
from services.subject.access import access, told
from tests.scenario import AS_OF, expand, person
from tests.unit.subject.lived import Lived

HOME = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}}
CARE = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
COHORT = {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"}
ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10T02:00"}
CALLED = {"type": "hotline.contact", "subject": "ben", "topics": ["emotional"], "gravity": "grave"}
REPORTED = {"type": "community.observation", "subject": "ben", "by": "police", "concern": "violence_reported"}
MERGED = {"type": "identity.merged", "subject": "anna", "retired": "ann"}
ANN_CALLED = {"type": "hotline.contact", "subject": "ann", "topics": ["respite"]}
LINES: list[dict[str, Any]] = [HOME, CARE, COHORT, ADMITTED, CALLED]

SOMEBODY = re.compile(r"[pc]-[0-9a-f]{32}")


def asked(lived: Lived, who: str, lang: Lang = "en") -> dict[str, Any]:
    return told(lived.holdings(who), topics(), AS_OF, lang)


def whole(answer: dict[str, Any]) -> str:
    return orjson.dumps(answer).decode() + "".join(plain(access(answer, lang), lang) for lang in ("en", "zh-Hant"))


@pytest.mark.parametrize("who", ["anna", "ben"])
def test_all_facts_with_source_and_event_and_nobody_else(who: str) -> None:
    answer = asked(Lived(*expand(LINES)), who)
    assert set(SOMEBODY.findall(whole(answer))) == {person(who)}
    kinds = {fact["kind"] for fact in answer["facts"]}
    assert kinds == (
        {"membership.start", "care.gives", "cohort", "visit.admitted", "visit.hospital"}
        if who == "anna"
        else {"membership.start", "care.receives", "contact"}
    )
    assert all(fact["source"] and fact["event"].startswith("e-") for fact in answer["facts"])
    assert answer["households"] == [household_of_tenancy("T1")]


def test_others_are_told_as_roles() -> None:
    lived = Lived(*expand(LINES))
    assert [f["key"] for f in asked(lived, "anna")["facts"] if f["kind"] == "care.gives"] == [
        "a person cared for|allowance"
    ]
    assert [f["value"]["person"] for f in asked(lived, "ben")["facts"] if f["kind"] == "care.receives"] == ["a carer"]
    assert [f["key"] for f in asked(lived, "ben", "zh-Hant")["facts"] if f["kind"] == "care.receives"] == [
        "一名照顧者|allowance"
    ]


def test_no_address_is_told() -> None:
    answer = whole(asked(Lived(*expand(LINES)), "anna"))
    assert not re.search("unit-T1|block-1|estate-1|hospital-1", answer)


def test_the_cared_for_is_told_of_their_flag_but_not_of_the_carers_admission() -> None:
    answer = asked(Lived(*expand(LINES)), "ben")
    (flag,) = (flag for flag in answer["flags"] if flag["typology"] == "carer-admitted")
    assert flag["status"] == "active"
    assert {task["purpose"] for task in answer["tasks"] if task["flag_id"] == flag["flag_id"]} == {"check_arrangements"}
    assert not any("e-004" in one["event_ids"] for one in flag["evidence"])
    assert not [one["clause"] for one in flag["evidence"] if one["clause"].startswith(("carer.", "other_"))]


def test_the_carer_is_told_what_of_theirs_was_used_but_not_what_came_of_it() -> None:
    answer = asked(Lived(*expand(LINES)), "anna")
    (flag,) = (flag for flag in answer["flags"] if flag["typology"] == "carer-admitted")
    assert "status" not in flag
    assert flag["about"] == "a person cared for"
    assert any("e-004" in one["event_ids"] for one in flag["evidence"])
    assert all(one["clause"].startswith("carer.") for one in flag["evidence"])
    assert not any(task["flag_id"] == flag["flag_id"] for task in answer["tasks"])


def test_a_report_of_violence_who_made_it_and_what_was_done_are_in_nobodys_answer() -> None:
    with_report, without = Lived(*expand([*LINES, REPORTED])), Lived(*expand(LINES))
    flags = [orjson.loads(record.value) for record in with_report.logs if record.topic == "risk.flags"]
    assert any(flag["typology"] == "violence-or-child-at-risk" for flag in flags)
    for who in ("anna", "ben"):
        answer = asked(with_report, who)
        assert not re.search("violence|police|protect|e-006|保護個案", orjson.dumps(answer["facts"]).decode())
        assert answer["facts"] == asked(without, who)["facts"]
        assert {flag["typology"] for flag in answer["flags"]} == {f["typology"] for f in asked(without, who)["flags"]}
        assert {task["unit_kind"] for task in answer["tasks"]} == {
            task["unit_kind"] for task in asked(without, who)["tasks"]
        }
        assert answer["left_out"] == asked(without, who)["left_out"]


@pytest.mark.parametrize("who", ["anna", "ann"])
def test_any_id_finds_what_is_held_under_all(who: str) -> None:
    answer = asked(Lived(*expand([*LINES, MERGED, ANN_CALLED])), who)
    assert set(answer["ids"]) == {person("anna"), person("ann")}
    assert {fact["kind"] for fact in answer["facts"]} >= {"contact", "visit.admitted", "identity.link"}


def test_a_corrected_fact_is_shown_with_what_it_replaced() -> None:
    corrected = {"type": "hospital.corrected", "subject": "anna", "visit": "V1", "admitted_at": "2026-07-09T02:00"}
    answer = asked(Lived(*expand([*LINES, corrected])), "anna")
    assert [f["event"] for f in answer["facts"] if f["kind"] == "visit.admitted"] == ["e-006", "e-004"]


def test_a_dead_letter_that_names_them_is_listed_without_its_bytes() -> None:
    name = person("anna")
    bad = Record("hospital.admissions", name.encode(), b'{"visit_id": "V9", "note": "secret"}', ())
    other = Record("hospital.admissions", person("ben").encode(), b"{}", ())
    answer = asked(Lived(*expand(LINES), bad, other), "anna")
    (letter,) = answer["dead_letters"]
    assert letter["topic"] == "hospital.admissions"
    assert "secret" not in whole(answer)


def test_copies_tell_their_topic_and_until_when() -> None:
    answer = asked(Lived(*expand(LINES)), "anna")
    copies = {one["topic"]: one for one in answer["copies"]}
    assert copies["hospital.admissions"]["days"] == 35
    assert copies["hospital.admissions"]["until"] == "1970-02-05T00:00:00.000Z"
    assert answer["state"]["people"] == 2


def test_of_somebody_unknown_there_is_nothing() -> None:
    answer = asked(Lived(*expand(LINES)), "nobody")
    assert not any(answer[name] for name in ("facts", "flags", "tasks", "decisions", "dead_letters", "state", "copies"))
