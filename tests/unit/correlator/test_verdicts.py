"""`unknown` and `error` are verdicts of their own: counted by rule, never a "no"."""

from collections import Counter
from typing import Any

import pytest

from services.correlator import facts
from services.correlator.household import correlator
from services.correlator.rules import Rule
from services.line import Line
from services.policy import load_rules, load_sources
from tests.scenario import AS_OF, expand
from tests.scenarios.feeds import ADMITTED, COUPLE, PAIR
from tests.scenarios.memory import POLICY, processors

RULES = {rule.id: rule for rule in load_rules(POLICY)}


def counted(rules: list[Rule], *lines: dict[str, Any]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """What was counted, and the rules whose flags were published."""
    others = [processor for processor in processors() if processor.name != "correlator"]
    line = Line((*others, correlator(rules, load_sources(POLICY))), AS_OF)
    verdicts: Counter[tuple[str, str]] = Counter()
    published = 0
    for record in expand(lines):
        for name, turn in line.take(record):
            if name == "correlator":
                verdicts.update(turn.verdicts or {})
                published += sum(output.topic == "risk.flags" for output in turn.outputs)
    return verdicts, ["flag"] * published


def test_what_flags_rest_on_is_counted_when_they_are_published() -> None:
    verdicts, published = counted([RULES["little-support"]], COUPLE)
    assert verdicts["little-support", "unknown"] == len(published) == 1
    assert verdicts["little-support", "met"] >= 2
    assert verdicts["little-support", "error"] == 0


def test_nothing_is_counted_where_nothing_is_published() -> None:
    verdicts, published = counted([RULES["carer-admitted"]], *PAIR)
    assert published == []
    assert verdicts == {}


def test_an_error_is_counted_and_is_no_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(candidate: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(facts.FACTS, "carer.cohort", broken)
    verdicts, published = counted([RULES["carer-admitted"]], *PAIR, ADMITTED)
    assert published, "the rule fires all the same"
    assert verdicts["carer-admitted", "error"] >= 1


def test_an_error_is_counted_where_no_flag_comes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(candidate: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(facts.FACTS, "carer.in_hospital", broken)
    verdicts, published = counted([RULES["carer-admitted"]], *PAIR[:2], ADMITTED)  # of no group that is told about
    assert published == []
    assert verdicts["carer-admitted", "error"] >= 1
