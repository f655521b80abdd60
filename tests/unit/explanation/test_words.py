"""Everything that can occur in a flag or a task has words, in both languages."""

import inspect
import re
from typing import get_args

import pytest

from contracts.flags import Level, Priority, Status, Verdict
from contracts.instants import EPOCH
from contracts.tasks import (
    DECLINE_CODES,
    OUTCOMES,
    REFERRED_FOR,
    UNIT_KINDS,
    BusinessStatus,
    Finding,
    ReasonCode,
    TaskStatus,
)
from services.correlator import episodes, facts, view
from services.correlator.rules import AnyOf, Clause
from services.explanation import phrases, terms
from services.policy import load_directory, load_rules, load_sources
from services.referral.closing import Closure
from services.referral.matters import MATTERS
from tests.scenarios.memory import POLICY

RULES = load_rules(POLICY)


def test_every_fact_has_a_phrase() -> None:
    assert set(phrases.PHRASES) == set(facts.FACTS)


def test_every_kind_of_episode_has_a_phrase() -> None:
    assert set(phrases.EPISODES) == set(episodes.EPISODES)


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (terms.LEVELS, get_args(Level)),
        (terms.VERDICTS, get_args(Verdict)),
        (terms.FLAG_STATUSES, get_args(Status)),
        (terms.PRIORITIES, get_args(Priority)),
        (terms.UNITS, UNIT_KINDS),
        (terms.TASK_STATUSES, get_args(TaskStatus)),
        (terms.BUSINESS_STATUSES, get_args(BusinessStatus)),
        (terms.OUTCOMES, OUTCOMES),
        (terms.FINDINGS, get_args(Finding)),
        (terms.CAUSES, get_args(get_args(ReasonCode)[1])),
        (terms.CAUSES, DECLINE_CODES),
        (terms.PURPOSES, [purpose for purposes in REFERRED_FOR.values() for purpose in purposes]),
        (terms.CAUSES, get_args(Closure)),
        (terms.PURPOSES, tuple(MATTERS)),
    ],
)
def test_every_code_of_the_contracts_has_words(table: dict[str, terms.Both], codes: tuple[str, ...]) -> None:
    assert set(codes) <= set(table)


def test_every_cause_that_the_correlator_gives_has_words() -> None:
    sources = "".join(inspect.getsource(theme) for theme in facts.THEMES)
    said = set(re.findall(r'because="([a-z_]+)"', sources))
    said |= set(re.findall(r'return "([a-z_]+)"', inspect.getsource(view.Visit)))
    assert len(said) > 5
    assert said <= set(terms.CAUSES)


def test_everything_that_policy_says_has_words() -> None:
    asks = [ask for rule in RULES for ask in (*rule.asks, *(step.ask for step in rule.then))]
    assert {ask.purpose for ask in asks} <= set(terms.PURPOSES)
    assert {step.on for rule in RULES for step in rule.then} <= set(terms.FINDINGS)
    clauses = [c for r in RULES for top in (*r.when, *r.unless, *r.raises.raised_by) for c in _flat(top)]
    assert {code for clause in clauses for code in clause.in_ or ()} <= set(terms.VALUES)
    assert {source for sources in load_sources(POLICY).values() for source in sources} <= set(terms.SOURCES)
    units = [unit for kind in UNIT_KINDS for unit in load_directory(POLICY).eligible(kind, "SSP", None)]
    districts = {code for unit in units if unit.districts != "all" for code in unit.districts}
    assert districts <= set(terms.DISTRICTS)


def _flat(clause: Clause | AnyOf) -> list[Clause]:
    return list(clause.any) if isinstance(clause, AnyOf) else [clause]


def test_chinese_is_chinese_and_english_is_english() -> None:
    tables = [value for name, value in vars(terms).items() if name.isupper() and isinstance(value, dict)]
    pairs = [both for table in tables for both in table.values()]
    assert len(pairs) > 100
    for phrase in phrases.PHRASES.values():
        pairs += [phrase.yes, phrase.no] if isinstance(phrase, phrases.YesNo) else [phrase.name]
    for en, zh in [*pairs, *phrases.EPISODES.values()]:
        assert en.isascii()
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert not re.search(r"[，。：（]\s|[\u4e00-\u9fff] [\u4e00-\u9fff]|[,:(]", zh), zh


def test_times_are_those_of_a_clock_in_hong_kong() -> None:
    assert terms.hong_kong_time("2026-07-31T16:05:59.000Z", "en") == "1 Aug 2026 00:05"
    assert terms.hong_kong_time("2026-07-31T16:05:59.000Z", "zh-Hant") == "2026年8月1日00:05"
    assert "before" in terms.hong_kong_time(EPOCH, "en")


@pytest.mark.parametrize(
    ("hours", "en", "zh"),
    [
        (0.4, "less than an hour", "不足一小時"),
        (1, "1 hour", "1小時"),
        (47.9, "47 hours", "47小時"),
        (72, "3 days", "3日"),
        (24 * 200, "6 months", "6個月"),
        (24 * 366 * 8, "8 years", "8年"),
    ],
)
def test_ages(hours: float, en: str, zh: str) -> None:
    assert (terms.age_words(hours, "en"), terms.age_words(hours, "zh-Hant")) == (en, zh)


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert terms.word(terms.LEVELS, "purple", "zh-Hant") == "purple"
    assert terms.said(terms.SOURCES, "some-new-feed", "en") == "some-new-feed"
