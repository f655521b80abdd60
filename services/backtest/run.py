"""A backtest: a recorded feed lived through under two policies, on all cores, and compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.instants import EPOCH, day_of
from services.backtest.cases import Case
from services.backtest.compare import differences, disparity, workload
from services.backtest.judge import judged, rule_row
from services.backtest.life import Life
from services.backtest.lives import live
from services.correlator.rules import ruleset_hash
from services.line import line_processors
from services.policy import load_rules
from services.runtime.errors import Problem
from services.shards import Split, Tell, cores, in_processes, split, worth

__all__ = ["Lived", "Policy", "lived", "report"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy folder, read and found in order: the hash of its rules, and what each typology asks about."""

    folder: Path
    ruleset: str
    episodes: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Policy":
        """Raises Problem naming file and line."""
        line_processors(folder)  # units, clocks and sources too
        rules = load_rules(folder)
        return cls(
            folder, ruleset_hash(rules), {rule.pattern: rule.raises.episode for rule in rules if rule.mode != "off"}
        )


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a feed under each policy, in their order."""

    feed: Split
    policies: tuple[Policy, ...]
    lives: tuple[Life, ...]


def lived(
    feed: Path,
    policies: Sequence[Policy],
    cases: Sequence[Case] = (),
    jobs: int | None = None,
    begin: Callable[[int], Tell] | None = None,
) -> Lived:
    """Lives through a feed under each policy; `cases` are those of all truths that it will be held against. `begin` is
    told how many lines there are to take in all, and gives whom to tell of each. Raises Problem."""
    cut = split(feed, least=jobs or cores(), by_receipt=True, feeds_only=True)
    if cut.first_receipt == EPOCH:
        raise Problem(f"{feed}: no record of a feed with a receipt time (ce_receivedtime); nothing to live through")
    wanted = frozenset(name for case in cases for name in (case.household, case.person) if name is not None)
    work = [
        (feed, lines, policy.folder, cut.last_receipt, wanted, number == 0)
        for number, lines in enumerate(cut.shards)
        for policy in policies
    ]  # the policies in turns, so that the bar goes on evenly
    tell = begin(cut.lines * len(policies)) if begin is not None else None
    lives = tuple(Life() for _ in policies)
    for number, life in enumerate(in_processes(live, work, jobs or worth(cut.lines * len(policies)), tell)):
        lives[number % len(policies)].add(life)
    return Lived(cut, tuple(policies), lives)


def report(told: Lived, truth: Sequence[Case] | None) -> dict[str, Any]:
    """The whole report for two policies, as `--json` writes it; docs/how-to/backtest.md explains every field."""
    feed, days = told.feed, _days(told.feed)
    results = [judged(policy.episodes, life, truth) for policy, life in zip(told.policies, told.lives, strict=True)]
    names = ("a", "b")
    return {
        "feed": {
            "records": feed.lines,
            "left_out": feed.left_out,
            "duplicates": told.lives[0].duplicates,
            "dead_letters": told.lives[0].dead_letters,
            "first_receipt": feed.first_receipt,
            "last_receipt": feed.last_receipt,
            "days": days,
            "households": told.lives[0].population.total(),
        },
        "truth": None if truth is None else _truth(truth),
        "policies": {
            name: {"ruleset": policy.ruleset, "rules": sorted(policy.episodes), "fleeting": life.fleeting}
            for name, policy, life in zip(names, told.policies, told.lives, strict=True)
        },
        "rules": {name: [rule_row(one) for one in result] for name, result in zip(names, results, strict=True)},
        "differences": differences(*results),
        "workload": {name: workload(life.asked, days) for name, life in zip(names, told.lives, strict=True)},
        "disparity": {
            name: disparity(result, life) for name, result, life in zip(names, results, told.lives, strict=True)
        },
    }


def _days(feed: Split) -> int:
    return (day_of(feed.last_receipt) - day_of(feed.first_receipt)).days + 1


def _truth(truth: Sequence[Case]) -> dict[str, dict[str, int]]:
    kinds = sorted({case.kind for case in truth})
    return {
        kind: {
            "cases": sum(case.kind == kind for case in truth),
            "in_need": sum(case.kind == kind and bool(case.needs) for case in truth),
        }
        for kind in kinds
    }
