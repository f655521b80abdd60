"""Rules made ready to be asked often: clauses as calls, what never changes written once, who reads what. Pure.

A rule is asked again only when it may answer otherwise: a fact has changed of a kind that it reads, or its instant has
come. So many rules cost little more than few: most of them read nothing of what has just come in, or ask about
episodes that the household has no facts for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from contracts.flags import Ask, FollowUp, Level
from services.correlator.bounds import bounds, read_by_bounds
from services.correlator.check import Check, Part
from services.correlator.episodes import EPISODES, EpisodeKind
from services.correlator.facts import FACTS, READS
from services.correlator.kinds import CONSENT, EVERYTHING, PLACE, SERVICE, Kinds
from services.correlator.rules import LEVELS, AnyOf, Clause, Rule, ruleset_hash
from services.runtime.fold import Value

__all__ = ["Compiled", "Ruleset"]

_ASKS, _STEPS = TypeAdapter(list[Ask]), TypeAdapter(list[FollowUp])
_WRITTEN: dict[str, Any] = {"mode": "json", "by_alias": True}


_OF_EVERY_FLAG: Kinds = EVERYTHING | PLACE | CONSENT | SERVICE


def _check(rule: Rule, clause: Clause, part: Part) -> Check:
    _, limit, test = clause.comparison
    return Check(rule.id, clause.fact, FACTS[clause.fact], test, limit, clause.text, part, clause.if_unknown == "met")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule. `when` has a group for each condition: one clause, or those of an `any`; its days and districts come
    first. The written parts are as they stand in a flag; what is asked depends on its level."""

    rule: Rule
    pattern: str
    episode: EpisodeKind
    reads: Kinds
    when: tuple[tuple[Check, ...], ...]
    unless: tuple[Check, ...]
    raised_by: tuple[tuple[Check, Level], ...]
    title: Value
    asks: Mapping[Level, list[Value]]
    then: Mapping[Level, list[Value]]
    no_episode: list[Value]

    @classmethod
    def of(cls, rule: Rule) -> "Compiled":
        episode = EPISODES[rule.raises.episode]
        groups = [clause.any if isinstance(clause, AnyOf) else [clause] for clause in rule.when]
        conditions = (tuple(_check(rule, clause, "when") for clause in group) for group in groups)
        return cls(
            rule=rule,
            pattern=rule.pattern,
            episode=episode,
            reads=episode.reads.union(read_by_bounds(rule), *(READS[clause.fact] for clause, _ in rule.clauses())),
            when=(*((bound,) for bound in bounds(rule)), *conditions),
            unless=tuple(_check(rule, clause, "unless") for clause in rule.unless),
            raised_by=tuple((_check(rule, clause, "raised_by"), clause.level) for clause in rule.raises.raised_by),
            title={"en": rule.title.en, "zh_hant": rule.title.zh_hant},
            asks={level: _ASKS.dump_python([ask.at(level) for ask in rule.asks], **_WRITTEN) for level in LEVELS},
            then={level: _STEPS.dump_python([step.at(level) for step in rule.then], **_WRITTEN) for level in LEVELS},
            no_episode=[_no_episode(rule)],
        )


def _no_episode(rule: Rule) -> Value:
    return {
        "rule": rule.id,
        "version": rule.version,
        "clause": f"an episode of kind {rule.raises.episode} exists",
        "value": 0,
        "limit": 1,
        "verdict": "not_met",
        "source": None,
        "age": None,
        "event_ids": [],
        "confidence": None,
        "part": "when",
    }


class Ruleset:
    """The rules in force, those that are off left out; in the order of their ids."""

    def __init__(self, rules: Sequence[Rule], thorough: bool = False) -> None:
        """`thorough`: every fact concerns every rule. Slower, and the same in all that is published: for tests."""
        in_order = sorted(rules, key=lambda rule: rule.id)
        self.hash = ruleset_hash(in_order)
        self.rules = tuple(Compiled.of(rule) for rule in in_order if rule.mode != "off")
        self.patterns = frozenset(rule.pattern for rule in self.rules)
        self._thorough = thorough
        # What a household knows of, and what changes at a time, is nearly always the same few things.
        self.concerned = lru_cache(maxsize=16_384)(self._concerned)
        self.may_be_news = lru_cache(maxsize=16_384)(self._may_be_news)

    def _concerned(self, changed: Kinds, known: Kinds) -> tuple[Compiled, ...]:
        """The rules that read something of what has `changed`, and ask about an episode that a household which knows
        facts of the kinds `known` may have."""
        rules = self.rules
        if not self._thorough and EVERYTHING.isdisjoint(changed):
            rules = tuple(rule for rule in rules if not rule.reads.isdisjoint(changed))
        return tuple(rule for rule in rules if rule.episode.possible(known))

    def _may_be_news(self, changed: Kinds, known: Kinds) -> bool:
        """Whether what has `changed` may be news of a flag. It says where the household lives, which units know it,
        whether anybody has withdrawn consent, and of every rule with an episode to look at why it fires or not. (What
        was there until now counts too: `changed` names it, where it is gone.)"""
        if self._thorough or not _OF_EVERY_FLAG.isdisjoint(changed):
            return True
        looking = (rule for rule in self.rules if rule.episode.possible(known | changed))
        return any(not rule.reads.isdisjoint(changed) for rule in looking)
