"""Asking only the rules that read a changed fact publishes the same as asking all of them about everything."""

from collections.abc import Iterator
from itertools import cycle
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.facts import Fact
from contracts.ids import household_of_person
from contracts.instants import EPOCH, plus
from services.adapters.simulated_unit import SimulatedUnits
from services.correlator.compiled import Compiled, Ruleset
from services.correlator.evaluate import Sight, evaluate
from services.correlator.household import correlator
from services.correlator.kinds import EVERYTHING, changed
from services.correlator.rules import Clause, Rule
from services.correlator.view import Household
from services.line import Line
from services.policy import load_rules, load_sources
from services.runtime.fold import TICKS, UNIT_TICKS, Output, Record
from services.runtime.folding import MemoryStore, Task
from services.simulator.conduct import Conduct
from tests.histories import BEGIN, histories
from tests.scenario import AS_OF
from tests.scenarios.memory import POLICY, processors
from tests.unit.test_line import QUICK
from tests.unit.test_promises import tick

RULES = load_rules(POLICY)
SOURCES = load_sources(POLICY)


def many() -> list[Rule]:
    """Twice the policy's rules: each once more with a further clause, so that they read different kinds of facts."""
    further = [
        {"fact": "household.known_support", "at_most": 0, "if_unknown": "met"},
        {"fact": "household.oldest_age", "at_least": 60},
        {"fact": "household.in_public_housing", "is": True},
        {"fact": "household.kind", "in": ["carer_of_elderly", "doubleton_elderly"]},
        {"fact": "person.in_hospital", "is": False},  # of no candidate of some episodes: an error, never a "no"
    ]
    return RULES + [
        rule.model_copy(update={"id": f"{rule.id}-2", "when": [*rule.when, Clause.model_validate(clause)]})
        for rule, clause in zip(RULES, cycle(further))
    ]


Told = dict[str, dict[str, list[Fact]]]

RULESETS = {"policy": RULES, "twice": many()}


class Twice:
    """A line whose correlator is shadowed by one that asks everything at every fact, and must publish the same."""

    def __init__(self, rules: list[Rule], as_of: str) -> None:
        quick = correlator(rules, SOURCES)
        others = [processor for processor in processors() if processor.name != "correlator"]
        self.line = Line((*others, quick, SimulatedUnits(Conduct(no_arrangement_share=0.5)).processor()), as_of)
        (self.quick,) = [task for task in self.line.tasks if task.processor is quick]
        self.thorough = Task(correlator(rules, SOURCES, thorough=True), MemoryStore(), as_of)
        self.published = 0

    def take(self, record: Record) -> None:
        outputs: list[Output] = []
        expected: list[Output] = []
        for name, turn in self.line.take(record):
            assert not any(dead.reason == "fold_failed" for dead in turn.dead)
            if name == "correlator":
                outputs += turn.outputs
                if turn.record is not None and turn.record.topic != TICKS:
                    expected += [output for again in self.thorough.take(turn.record) for output in again.outputs]
        if record.topic == TICKS:
            # a waking names its instant; whoever waits too early is woken at others in between, and says nothing new
            expected += [output for again in self.thorough.take(record) for output in again.outputs]
        assert sorted(map(told, outputs)) == sorted(map(told, expected))
        self.published += len(outputs)


def told(output: Output) -> tuple[bytes, bytes]:
    return output.key, output.value


def test_there_are_more_than_thirty_rules() -> None:
    assert len({rule.id for rule in many()}) == 2 * len(RULES) > 30


@pytest.mark.parametrize("name", RULESETS)
@settings(QUICK, max_examples=100)
@given(histories(most=14), st.sampled_from([EPOCH, BEGIN]), st.integers(0, 2**32))
def test_the_same_is_published(name: str, records: list[Record], start: str, seed: int) -> None:
    dice = Random(seed)
    both = Twice(RULESETS[name], start)
    as_of = plus(BEGIN, hours=1)
    dice.shuffle(records)
    for record in records:
        both.take(record)
        if dice.random() < 0.5:
            as_of = plus(as_of, hours=dice.choice([1, 48, 24 * 100]))
            both.take(tick(as_of, TICKS))
            both.take(tick(as_of, UNIT_TICKS))
    for _ in range(4):
        as_of = plus(as_of, days=dice.choice([4, 300]))
        both.take(tick(as_of, TICKS))
        both.take(tick(as_of, UNIT_TICKS))
    flags = [dict(task.store.items()) for task in (both.quick, both.thorough)]
    assert {key: state["flags"] for key, state in flags[0].items()} == {
        key: state["flags"] for key, state in flags[1].items()
    }


def known_of(told: Told) -> frozenset[str]:
    return frozenset(kind for facts in told.values() for kind in facts)


def judged(rule: Compiled, told: Told, household: str) -> list[tuple[object, ...]]:
    """What one rule says by itself, looked at afresh."""
    view = Household(household, told, known_of(told), SOURCES)
    return [
        (d.candidate.subject, d.candidate.episode, d.fires, d.cause, d.level, d.until, d.evidence, d.failed)
        for d in evaluate([rule] if rule.episode.possible(view.kinds) else [], Sight(view, AS_OF))
    ]


def households(records: list[Record]) -> Iterator[tuple[str, Told]]:
    """Every household in the end, with what its origins say."""
    both = Twice(RULES, AS_OF)
    for record in records:
        both.take(record)
    for household, state in both.quick.store.items():
        origins = sorted(state["origins"].items())
        yield household, {origin: said["facts"] for origin, said in origins if said["facts"]}


@settings(QUICK, max_examples=150)
@given(histories(most=14))
def test_what_does_not_read_a_kind_says_the_same_without_it(records: list[Record]) -> None:
    """Holds `reads` of episodes and facts to what they look at."""
    ruleset = Ruleset(many())
    for household, origins in households(records):
        for origin, said in origins.items():
            for kind in said.keys() - EVERYTHING:
                rest = {other: facts for other, facts in said.items() if other != kind}
                without = {o: rest if o == origin else facts for o, facts in origins.items() if rest or o != origin}
                concerned = ruleset.concerned(changed(rest, said), known_of(origins))
                for rule in ruleset.rules:
                    if rule not in concerned:
                        assert judged(rule, without, household) == judged(rule, origins, household), (
                            rule.rule.id,
                            kind,
                        )


@settings(QUICK, max_examples=100)
@given(histories(most=14))
def test_rules_that_share_what_was_seen_say_the_same_as_each_alone(records: list[Record]) -> None:
    ruleset = Ruleset(many())
    for household, origins in households(records):
        known = known_of(origins)
        sight = Sight(Household(household, origins, known, SOURCES), AS_OF)
        together = evaluate(ruleset.concerned(EVERYTHING, known), sight)
        alone = [one for rule in ruleset.rules for one in judged(rule, origins, household)]
        assert [(d.candidate.subject, d.candidate.episode, d.fires, d.evidence) for d in together] == [
            (subject, episode, fires, evidence) for subject, episode, fires, _, _, _, evidence, _ in alone
        ]


def test_a_fact_that_no_rule_reads_has_no_rule_asked() -> None:
    ruleset = Ruleset(many())
    known = frozenset({"membership.start", "visit.admitted", "care.receives", "consent"})
    assert ruleset.concerned(frozenset({"consent"}), known) == ()
    assert {rule.rule.raises.episode for rule in ruleset.concerned(frozenset({"visit.leave"}), known)} == {
        "hospital_visit",
        "couple_visit",
        "admission_run",
        "composition",
    }


def test_new_rules_are_asked_at_the_next_fact_of_any_kind() -> None:
    """A household at rest under the rules of before is not at rest under those of now."""
    flags = []
    store = MemoryStore()
    fact = {
        "subject": "p-" + "0" * 32,
        "kind": "contact",
        "key": "k",
        "source": "carer-hotline",
        "version": ["2026-07-01T00:00:00.000Z", 1, "e-1", -1, "d"],
        "at": "2026-07-01T00:00:00.000Z",
        "received": "2026-07-01T00:00:00.000Z",
        "value": {"topics": ["care"], "gravity": "grave", "immediate_danger": False},
    }
    consent = {**fact, "kind": "consent", "value": {"granted": True}}
    household = household_of_person(fact["subject"])
    for revision, (names, facts) in enumerate(
        [({"immediate-danger"}, [fact]), ({"immediate-danger", "carer-strain"}, [fact, consent])], 1
    ):
        rules = [rule for rule in RULES if rule.id in names]
        said = {"household_id": household, "origin": fact["subject"], "revision": revision, "facts": facts}
        (turn,) = Task(correlator(rules, SOURCES), store, AS_OF).take(
            Record("household.facts", household.encode(), orjson.dumps(said))
        )
        flags.append([orjson.loads(output.value)["rule"] for output in turn.outputs])
    assert flags == [[], ["carer-strain"]]


def test_what_is_gone_may_be_news_of_a_flag_that_it_raised() -> None:
    ruleset, known = Ruleset(RULES), frozenset({"membership.start", "occupancy.start"})
    assert ruleset.concerned(frozenset({"absence"}), known) == ()  # nobody is asked about absences, for there is none
    assert ruleset.may_be_news(frozenset({"absence"}), known)
    assert not ruleset.may_be_news(frozenset({"cohort"}), known)  # read only where somebody has been in hospital
    assert ruleset.may_be_news(frozenset({"cohort"}), known | {"visit.admitted", "care.receives"})
