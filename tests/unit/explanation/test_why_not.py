"""Why any rule does or does not fire for a household: the very clause that failed, with all that stands behind it."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.ids import household_of_tenancy
from services.commands.explain import read_states, rule_explanations
from services.correlator.rules import Districts
from services.explanation.terms import Lang
from services.explanation.why_not import explain_rule, households_of
from services.explanation.writing import plain
from services.line import Line
from services.policy import load_rules, load_sources
from services.runtime.errors import Problem
from tests.scenario import AS_OF, expand, person
from tests.scenarios.feeds import ADMITTED, CARE, COUPLE, HOME_CARE, PAIR
from tests.scenarios.memory import POLICY, processors

RULES = {rule.id: rule for rule in load_rules(POLICY)}
HOUSEHOLD = household_of_tenancy("T1")


def states_of(*lines: dict[str, Any]) -> dict[str, dict[str, Any]]:
    line = Line(processors(), AS_OF)
    for record in expand(lines):
        for _ in line.take(record):
            pass
    (task,) = [task for task in line.tasks if task.processor.name == "correlator"]
    return dict(task.store.items())


def told(name: str, *lines: dict[str, Any], lang: Lang = "en", **parts: Any) -> str:
    rule = RULES[name].model_copy(update=parts)
    state = states_of(*lines)[HOUSEHOLD]
    return plain(explain_rule(rule, HOUSEHOLD, state, load_sources(POLICY), AS_OF, lang), lang)


def test_the_very_clause_that_failed() -> None:
    text = told("carer-admitted", COUPLE, CARE, ADMITTED)
    because = text.split("it does not fire, because of this\n")[1].split("\n\n")[0]
    assert "[not met] Group of carers whose admissions are reported to us" in because
    assert "seen: none of them; limit: any of the groups named; verdict: not met" in because
    assert "The carer is in hospital" not in because
    assert "[met] The carer is in hospital" in text


def test_with_its_source_and_age() -> None:
    text = told("little-support", COUPLE, HOME_CARE)
    assert "seen: 1 service; limit: none; verdict: not met" in text
    assert "said by: welfare register (swd-register); age of this: 59 days" in text


def test_no_episode_of_its_kind() -> None:
    text = told("immediate-danger", COUPLE)
    assert "It had nothing to look at" in text
    assert "[not met] Somebody has called in immediate danger" in text
    assert "［不符合］ 曾有即時危險的來電" in told("immediate-danger", COUPLE, lang="zh-Hant")


def test_what_keeps_contact_from_being_made() -> None:
    covered = {"type": "community.observation", "subject": "ben", "concern": "care_covered", "at": "2026-07-13"}
    text = told("carer-admitted", *PAIR, ADMITTED, covered)
    because = text.split("it does not fire, because of this\n")[1].split("\n\n")[0]
    assert "[met] Somebody has confirmed that care at home is covered" in because


def test_it_says_that_it_fires_too() -> None:
    assert "it fires" in told("carer-admitted", *PAIR, ADMITTED)


@pytest.mark.parametrize(
    ("parts", "en", "zh"),
    [
        (
            {"districts": Districts.model_validate({"only": ["KTS"]})},
            "[not met] The household lives where the rule counts: Kwai Tsing",
            "［不符合］ 住戶居於規則適用的地區：葵青",
        ),
        (
            {"valid_from": date(2026, 8, 1)},
            "[not met] It began on the rule's first day or later: 2026-08-01",
            "［不符合］ 事件在規則首個生效日或之後開始：2026-08-01",
        ),
        (
            {"valid_until": date(2026, 7, 15)},
            "[not met] The rule's last day is not over: 2026-07-15",
            "［不符合］ 規則未過最後生效日：2026-07-15",
        ),
    ],
)
def test_when_and_where_a_rule_counts(parts: dict[str, Any], en: str, zh: str) -> None:
    assert en in told("carer-admitted", *PAIR, ADMITTED, **parts)
    assert zh in told("carer-admitted", *PAIR, ADMITTED, lang="zh-Hant", **parts)


def test_whom_an_id_concerns() -> None:
    states = states_of(*PAIR, ADMITTED)
    flag = next(iter(states[HOUSEHOLD]["flags"]))
    for wanted in (HOUSEHOLD, HOUSEHOLD[:12], flag, flag[:8]):
        assert households_of(wanted, states) == [HOUSEHOLD]
    assert HOUSEHOLD in households_of(person("anna"), states)
    assert households_of("h-nobody", states) == []
    assert households_of(HOUSEHOLD[:3], states) == []


def test_of_a_feed_as_the_command_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    lines = [
        {
            "topic": record.topic,
            "key": record.key.decode(),
            "headers": {name: value.decode() for name, value in record.headers},
            "value": orjson.loads(record.value),
        }
        for record in expand([COUPLE, CARE, ADMITTED])
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    states, as_of = read_states(path, POLICY)
    (one,) = rule_explanations(HOUSEHOLD, "carer-admitted", states, POLICY, as_of, "en")
    assert "it does not fire" in one.sections[0].heading
    assert len(rule_explanations(HOUSEHOLD, "all", states, POLICY, as_of, "en")) == len(RULES)
    with pytest.raises(Problem, match="no rule is called carer-admited; there are "):
        rule_explanations(HOUSEHOLD, "carer-admited", states, POLICY, as_of, "en")
    with pytest.raises(Problem, match="no household is known that h-0 concerns"):
        rule_explanations("h-0", "all", states, POLICY, as_of, "en")
