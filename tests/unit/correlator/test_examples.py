"""Every rule's worked examples, as its file tells them, in every order of their records and with records doubled."""

from itertools import permutations
from random import Random

import pytest

from services.correlator.rules import Example, Rule
from services.policy import load_rules
from tests.scenario import expand, resend
from tests.scenarios.memory import POLICY, run_in_memory, still_open

RULES = load_rules(POLICY)
EXAMPLES = [pytest.param(rule, example, id=f"{rule.id}: {example.name}") for rule in RULES for example in rule.examples]


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_shows_when_it_fires_and_when_it_almost_does(rule: Rule) -> None:
    firing = [example for example in rule.examples if example.fires]
    assert len(firing) >= 3
    assert len(rule.examples) - len(firing) >= 3
    assert any(example.level for example in firing)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_an_example_is_true(rule: Rule, example: Example) -> None:
    ends = run_in_memory(expand(example.given))
    assert ends.dead == []
    raised = [flag for flag in ends.flags.values() if flag["rule"] == rule.id and flag["status"] == "active"]
    assert bool(raised) == example.fires
    if example.level is not None:
        assert {flag["level"] for flag in raised} == {example.level}
    released = [ask for ask in rule.asks if ask.release == "at_once"]
    asked = {
        (task["flag_id"], task["asked_of"], task["purpose"])
        for task in ends.tasks.values()
        if task["status"] == "requested"
    }
    for flag in raised:
        assert {(flag["flag_id"], ask.unit, ask.purpose) for ask in released} <= asked


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_an_example_is_true_in_every_order(rule: Rule, example: Example) -> None:
    records = expand(example.given)
    expected = still_open(run_in_memory(records))
    orders = list(permutations(records)) if len(records) <= 6 else []
    assert orders, "an example has at most six records; a longer story belongs into tests/scenarios"
    dice = Random(rule.id + example.name)
    for order in orders:
        assert still_open(run_in_memory(order)) == expected
    for order in dice.sample(orders, min(10, len(orders))):
        again = [resend(record, "2026-07-30T00:00:00Z") if dice.random() < 0.5 else record for record in order]
        doubled = [*order, *again]
        dice.shuffle(doubled)
        assert still_open(run_in_memory(doubled)) == expected
