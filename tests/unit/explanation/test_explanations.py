"""Flags and tasks as a person reads them: from scenarios through the line's own folds."""

import re
from typing import Any

import pytest

from contracts.flags import Evidence, Flag
from contracts.ids import household_of_tenancy
from contracts.instants import plus
from contracts.tasks import Task
from services.correlator.rules import Rule
from services.explanation.document import Explanation, Item
from services.explanation.flag import explain_flag
from services.explanation.task import explain_task
from services.explanation.terms import Lang
from services.explanation.writing import lines, plain
from services.policy import load_rules
from services.runtime.fold import Record, encode
from tests.scenario import AS_OF, expand, person
from tests.scenarios.memory import POLICY, processors, run_in_memory, take
from tests.scenarios.model import Ends

RULES: dict[str, Rule] = {rule.id: rule for rule in load_rules(POLICY)}
BOTH: tuple[Lang, ...] = ("en", "zh-Hant")
ADMITTED: list[dict[str, Any]] = [
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}},
    {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-29T15:00"},
]
HOME_AGAIN = {"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-30T10:00"}
CALLS: list[dict[str, Any]] = [
    {"type": "hotline.contact", "subject": "anna", "topics": ["emotional"], "at": f"2026-07-{day:02d}"}
    for day in (2, 6, 14)
]


def ends_of(given: list[dict[str, Any]]) -> Ends:
    return run_in_memory(expand(given))


def told(ends: Ends, rule: str, lang: Lang = "en", rules: dict[str, Rule] = RULES) -> tuple[str, Explanation]:
    """(the text, the document) of the only flag of a rule."""
    (raw,) = [flag for flag in ends.flags.values() if flag["rule"] == rule]
    tasks = [Task.model_validate(task) for task in ends.tasks.values() if task["flag_id"] == raw["flag_id"]]
    explanation = explain_flag(Flag.model_validate(raw), tasks, rules, lang)
    return plain(explanation, lang), explanation


def items(explanation: Explanation, heading: str) -> tuple[Item, ...]:
    return next(section.items for section in explanation.sections if section.heading == heading)


def test_a_carers_admission_is_told_in_full() -> None:
    ends = ends_of(ADMITTED)
    text, explanation = told(ends, "carer-admitted")
    assert explanation.title == "A carer has been admitted to hospital"
    assert f"About: person {person('ben')} (pseudonym)" in text
    assert "Level: very high" in text
    assert "Since: 29 Jul 2026 15:00" in text
    assert "Sham Shui Po, estate-1" in text
    first, group = items(explanation, "Why")
    assert (first.mark, first.text) == ("met", "The carer is in hospital")
    assert first.details == (
        "seen: yes; limit: yes; verdict: met",
        "said by: hospital notice (ha-cms); age of this: 41 hours",
        "events: e-004",
    )
    assert group.details[0].startswith("seen: receives the low-income carers' allowance for an elderly person")
    alone, *_ = items(explanation, "What raises the level")
    assert alone.text == "Other adults at home who could step in: none"
    assert alone.details[-1] == "raises the level to: very high"
    (asked,) = items(explanation, "What is asked of whom, and what was answered")
    assert asked.text == "Carer hotline: find out whether care at home is arranged (urgent)"
    assert "make contact by: 1 Aug 2026 15:00" in " ".join(asked.details)
    assert "answer: none yet" in asked.details
    nexts = [item.text for item in items(explanation, "What may be asked next")]
    assert nexts[0].startswith("if nobody has arranged care → Emergency support: arrange emergency support (at once")


def test_the_same_in_the_chinese_of_hong_kong() -> None:
    text, explanation = told(ends_of(ADMITTED), "carer-admitted", "zh-Hant")
    assert explanation.title == "照顧者入院"
    for words in (
        "級別：極高",
        "［符合］ 照顧者正在住院",
        "所見：是；條件：是；結論：符合",
        "資料來源：醫院通報（ha-cms）；距今：41小時",
        "家中其他能夠代為照顧的成年人：沒有",
        "照顧者支援專線：查詢家中照顧安排（緊急）",
        "如「未有任何照顧安排」 → 緊急支援服務：安排緊急支援（即時、24小時）",
        "2026年7月29日15:00",
    ):
        assert words in text


def test_why_not_the_other_rules_that_had_something_to_look_at() -> None:
    """The others would say of every flag that nobody has called, and a flag would grow with the number of rules."""
    ends = ends_of([*ADMITTED, {"type": "register.service_enrolled", "subject": "ben", "kind": "home_care"}])
    _, explanation = told(ends, "carer-admitted")
    others = {item.text: item.parts for item in items(explanation, "Why not for another reason")}
    assert set(others) == {
        "An elderly or carer household with little known support (little-support v2)",
        "One of an elderly couple has been admitted to hospital (couple-admitted v1)",
        "A carer with little known support (recovery-carer v1)",
    }
    (support,) = others["An elderly or carer household with little known support (little-support v2)"]
    assert support.mark == "not_met"
    assert support.details[0] == "seen: 1 service; limit: none; verdict: not met"


def test_unknown_is_told_as_nobody_has_said() -> None:
    ends = ends_of(ADMITTED[:1])
    text, explanation = told(ends, "little-support")
    support = items(explanation, "Why")[2]
    assert support.mark == "unknown"
    assert support.details == (
        "seen: nothing: nobody has said; limit: none; verdict: unknown: nobody has said",
        "counts as met: no news does not mean no need",
    )
    assert "the household as a whole" in text
    (held,) = items(explanation, "What is asked of whom, and what was answered")
    assert held.details == ("waits on a list until an officer releases it in a wave",)
    chinese, _ = told(ends, "little-support", "zh-Hant")
    assert "未知：未有人提供資料" in chinese
    assert "沒有資料不代表沒有需要" in chinese


def test_an_error_is_never_told_as_a_no() -> None:
    ends = ends_of(ADMITTED)
    (raw,) = [flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted"]
    broken = {**raw["evidence"][0], "verdict": "error", "value": None, "source": None, "age": None, "event_ids": []}
    flag = Flag.model_validate({**raw, "evidence": [broken, *raw["evidence"][1:]]})
    first = explain_flag(flag, [], RULES, "en").sections[0].items[0]
    assert first.mark == "error"
    assert 'never taken as a "no"' in first.details[0]
    assert "could not be worked out" in first.details[0]


def test_clauses_of_which_one_is_enough_stand_together() -> None:
    _, explanation = told(ends_of(CALLS), "carer-strain")
    (either,) = items(explanation, "Why")
    assert (either.mark, either.text) == ("met", "One of these is enough")
    assert [part.mark for part in either.parts] == ["met", "not_met"]
    assert either.parts[0].text == "Calls about the strain of caring within 14 days: 3 calls or more"


def test_what_has_ended_says_why() -> None:
    text, explanation = told(ends_of([*ADMITTED, HOME_AGAIN]), "carer-admitted")
    assert "Status: withdrawn; the carer has come home" in text
    assert items(explanation, "The conditions, as they were judged last")[0].mark == "not_met"
    assert "status: cancelled; not delivered yet; because: the carer has come home" in text
    assert not [section for section in explanation.sections if section.heading == "What may be asked next"]


def test_answers_are_told() -> None:
    line = _line()
    ends = run_in_memory(expand(ADMITTED), line=line)
    (task,) = [task for task in ends.tasks.values() if task["typology"] == "carer-admitted"]
    for action, more in (
        ("accept", {}),
        ("attempt", {}),
        ("complete", {"outcome": "follow_up_planned", "findings": ["no_arrangement"]}),
    ):
        current = ends.tasks[task["task_id"]]
        update = {
            "update_id": f"u-{action}",
            "task_id": task["task_id"],
            "household_id": task["household_id"],
            "expected_revision": current["revision"],
            "action": action,
            "at": plus(AS_OF, hours=1),
            "unit": task["unit"],
            **more,
        }
        take(line, Record("referral.updates", task["household_id"].encode(), encode(update)), ends)
    _, explanation = told(ends, "carer-admitted")
    first, second = items(explanation, "What is asked of whom, and what was answered")
    assert "answer: follow-up planned; found: nobody has arranged care; 1 try to reach them" in first.details
    assert second.text == "Emergency support: arrange emergency support (at once)"
    alone = plain(explain_task(Task.model_validate(ends.tasks[task["task_id"]]), "zh-Hant"), "zh-Hant")
    assert "回覆：已計劃跟進；發現：未有任何照顧安排；曾嘗試聯絡1次" in alone


def _line() -> Any:
    from services.line import Line

    return Line(processors(), AS_OF)


def test_a_rule_that_has_changed_since_lends_its_title_only() -> None:
    newer = {name: rule.model_copy(update={"version": 9}) for name, rule in RULES.items()}
    home: dict[str, Any] = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1980}}
    ends = ends_of([home, *CALLS])
    text, explanation = told(ends, "carer-strain", rules=newer)
    assert "the rule has changed since" in text
    assert len(items(explanation, "Why")) == 2
    assert "An elderly or carer household with little known support (little-support v2)" in text
    bare, _ = told(ends, "carer-strain", rules={})
    assert "little-support (little-support v2)" in bare


def test_a_fact_without_words_shows_the_clause_as_the_rule_states_it() -> None:
    ends = ends_of(ADMITTED)
    (raw,) = [flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted"]
    newer = Evidence.model_validate({**raw["evidence"][0], "clause": "carer.is_a_twin is true"})
    flag = Flag.model_validate(raw).model_copy(update={"evidence": [newer]})
    assert explain_flag(flag, [], {}, "en").sections[0].items[0].text == "carer.is_a_twin is true"


def test_history_tells_the_revisions() -> None:
    ends = ends_of([*ADMITTED, HOME_AGAIN])
    revisions = [
        Flag.model_validate(raw) for kind, raw in ends.published if kind == "flag" and raw["rule"] == "carer-admitted"
    ]
    explanation = explain_flag(revisions[-1], [], RULES, "en", revisions)
    told_of = [item.text for item in items(explanation, "How it came about")]
    assert len(told_of) == len(revisions)
    assert "active" in told_of[0]
    assert told_of[-1].endswith("the carer has come home")


@pytest.mark.parametrize("lang", BOTH)
@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_example_of_every_rule_can_be_explained(rule: Rule, lang: Lang) -> None:
    for example in rule.examples:
        ends = ends_of(example.given)
        for raw in ends.flags.values():
            tasks = [Task.model_validate(task) for task in ends.tasks.values() if task["flag_id"] == raw["flag_id"]]
            explanation = explain_flag(Flag.model_validate(raw), tasks, RULES, lang)
            text = plain(explanation, lang)
            assert "\x1b" not in text
            assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|\[\]", text)
            for one in raw["evidence"]:
                assert all(event in text for event in one["event_ids"])
            assert [("".join(run for run, _ in line)) for line in lines(explanation, lang)] == text.splitlines()
            if lang == "zh-Hant":
                assert not re.search(r"[\u4e00-\u9fff][,:;(]", text)


def test_of_a_death_it_is_told_how_sure_it_is() -> None:
    care = {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"}
    died = {"type": "person.deceased", "subject": "anna", "confidence": "reported", "at": "2026-07-10"}
    ends = ends_of([care, died])
    text, _ = told(ends, "carer-death-reported")
    assert "how sure: reported, not confirmed" in text
    chinese, _ = told(ends, "carer-death-reported", "zh-Hant")
    assert "可信程度：有人報告而未證實" in chinese


def test_of_an_incident_the_households_concerned_are_counted_and_listed() -> None:
    home = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1980}}
    fire = {"type": "community.incident", "block_id": "block-1", "kind": "fire", "at": "2026-07-25"}
    text, _ = told(ends_of([home, fire]), "block-incident")
    assert f"seen: 1 household: {household_of_tenancy('T1')}; limit: 100 households or more" in text
    nobody, _ = told(ends_of([fire]), "block-incident")
    assert "seen: none; limit: 100 households or more" in nobody
