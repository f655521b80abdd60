"""Rules made ready to be asked often: clauses as calls, what never changes written once, who reads what. Pure.

A rule is asked again only when it may answer otherwise: a fact has changed of a kind that it reads, or its instant has
come. So many rules cost little more than few: most of them read nothing of what has just come in, or ask about
episodes that the household has no facts for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from contracts.flags import Ask, FollowUp, Level, Verdict
from services.correlator.episodes import EPISODES, Candidate, EpisodeKind
from services.correlator.facts import FACTS, READS, FactFunction, Seen
from services.correlator.kinds import CONSENT, EVERYTHING, PLACE, SERVICE, Kinds
from services.correlator.rules import AnyOf, Clause, Rule, ruleset_hash
from services.runtime.fold import Value

__all__ = ["Check", "Compiled", "Judged", "Part", "Ruleset"]

Part = Literal["when", "unless", "raised_by"]

_ASKS, _STEPS = TypeAdapter(list[Ask]), TypeAdapter(list[FollowUp])


class Judged(NamedTuple):
    """A clause's verdict on a candidate. `seen` goes with it; evidence is written only when somebody asks why."""

    check: "Check"
    seen: Seen
    verdict: Verdict
    holds: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One clause, ready to be judged."""

    name: str
    look: FactFunction
    test: Callable[[Any, Any], bool]
    limit: Any
    text: str
    part: Part
    unknown_holds: bool

    def judge(self, candidate: Candidate) -> Judged:
        """`unknown` holds only where the clause says so. An error is never a "no": it neither stops a rule from firing
        nor mitigates a flag."""
        seen: Seen | None = candidate.seen.get(self.name)
        if seen is None:
            try:
                seen = self.look(candidate)
            except Exception as fault:  # whatever went wrong is evidence
                seen = _failed(fault)
            candidate.seen[self.name] = seen
        if seen.value is not None:
            try:
                met = self.test(seen.value, self.limit)
            except Exception as fault:
                return Judged(self, _failed(fault), "error", self.part == "when")
            return Judged(self, seen, "met", True) if met else Judged(self, seen, "not_met", False)
        if seen.failed:
            return Judged(self, seen, "error", self.part == "when")
        return Judged(self, seen, "unknown", self.unknown_holds)


def _failed(fault: Exception) -> Seen:
    return Seen(None, because=f"error_{type(fault).__name__.lower()}", failed=True)


def _check(clause: Clause, part: Part) -> Check:
    _, limit, test = clause.comparison
    return Check(clause.fact, FACTS[clause.fact], test, limit, clause.text, part, clause.if_unknown == "met")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule. `when` has a group for each condition: one clause, or those of an `any`. The written parts are as they
    stand in a flag."""

    rule: Rule
    pattern: str
    episode: EpisodeKind
    reads: Kinds
    when: tuple[tuple[Check, ...], ...]
    unless: tuple[Check, ...]
    raised_by: tuple[tuple[Check, Level], ...]
    title: Value
    asks: list[Value]
    then: list[Value]
    no_episode: list[Value]

    @classmethod
    def of(cls, rule: Rule) -> "Compiled":
        episode = EPISODES[rule.raises.episode]
        groups = [clause.any if isinstance(clause, AnyOf) else [clause] for clause in rule.when]
        clauses = [*(clause for group in groups for clause in group), *rule.unless, *rule.raises.raised_by]
        return cls(
            rule=rule,
            pattern=rule.pattern,
            episode=episode,
            reads=episode.reads.union(*(READS[clause.fact] for clause in clauses)),
            when=tuple(tuple(_check(clause, "when") for clause in group) for group in groups),
            unless=tuple(_check(clause, "unless") for clause in rule.unless),
            raised_by=tuple((_check(clause, "raised_by"), clause.level) for clause in rule.raises.raised_by),
            title={"en": rule.title.en, "zh_hant": rule.title.zh_hant},
            asks=_ASKS.dump_python(list(rule.asks), mode="json", by_alias=True),
            then=_STEPS.dump_python(list(rule.then), mode="json", by_alias=True),
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
        "part": "when",
    }


class Ruleset:
    """The rules in force, those that are off left out; in the order of their ids."""

    def __init__(self, rules: Sequence[Rule], thorough: bool = False) -> None:
        """`thorough`: every fact concerns every rule. Slower, and the same in all that is published: for tests."""
        in_order = sorted(rules, key=lambda rule: rule.id)
        self.hash = ruleset_hash(in_order)
        self.rules = tuple(Compiled.of(rule) for rule in in_order if rule.mode != "off")
        self.reads = PLACE.union(EVERYTHING, CONSENT, SERVICE, *(rule.reads for rule in self.rules))
        """The kinds of facts that may be news of a flag: it says of every rule why that does not fire, where the
        household lives, which units know it, and whether anybody has withdrawn consent."""
        self._thorough = thorough
        # What a household knows of, and what changes at a time, is nearly always the same few things.
        self.concerned = lru_cache(maxsize=16_384)(self._concerned)

    def _concerned(self, changed: Kinds, known: Kinds) -> tuple[Compiled, ...]:
        """The rules that read something of what has `changed`, and ask about an episode that a household which knows
        facts of the kinds `known` may have."""
        rules = self.rules
        if not self._thorough and EVERYTHING.isdisjoint(changed):
            rules = tuple(rule for rule in rules if not rule.reads.isdisjoint(changed))
        return tuple(rule for rule in rules if rule.episode.possible(known))
