"""Flags held against what was truly the matter: precision, recall, and whether a rule is better than asking everybody.

Pure. Every flag of a rule is looked up among the cases of its kind of episode (`cases.MEASURES`). A flag without a case
is neither right nor wrong: it is counted as unlabelled.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.backtest.cases import MEASURES, Case, Measure
from services.backtest.groups import Group
from services.backtest.intervals import Share, ratio
from services.backtest.life import Life, Raised

__all__ = ["Cases", "Judged", "judged", "rule_row"]


@dataclass
class Cases:
    """The cases of one measure, by name: whether somebody was in need, and in which group of households they are.
    `nameless` are needs of which the truth does not say whose they are."""

    measure: Measure
    needy: dict[str, bool] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    nameless: int = 0

    @classmethod
    def of(cls, measure: Measure, cases: Iterable[Case], life: Life) -> "Cases":
        """From the labelled cases, and from whom the feed tells where the truth lists only those in need."""
        found = cls(measure)
        if measure.everybody != "cases":
            known = life.callers if measure.everybody == "callers" else life.announcers
            found.needy = dict.fromkeys(known, False)
            found.groups = dict(known)
        for case in cases:
            if case.kind not in measure.kinds:
                continue
            name, needy = measure.name(case), measure.in_need(case)
            if name is None:
                found.nameless += needy
                continue
            if measure.everybody != "cases" and not needy:
                continue
            found.needy[name] = needy or found.needy.get(name, False)
            group = life.groups.get(case.household or "") or life.groups.get(case.person or "")
            found.groups.setdefault(name, group or Group.unknown())
        return found

    def names(self, flag: Raised) -> list[str]:
        """Under which names the flag's cases are found here; none where nothing is labelled."""
        match self.measure.by:
            case "visit":
                wanted = [f"{flag.subject} {flag.episode}"]
            case "household":
                wanted = [flag.household]
            case _:
                wanted = sorted(flag.persons)
        return [name for name in wanted if name in self.needy]

    @property
    def base(self) -> Share:
        """The share of everybody who is in need."""
        return Share(sum(self.needy.values()), len(self.needy))


@dataclass
class Judged:
    """The flags of one rule, and what became of their cases (None: nobody has labelled that kind of episode)."""

    rule: str
    flags: list[Raised]
    cases: Cases | None
    right: dict[str, bool] = field(default_factory=dict)
    """By flag: whether somebody was in need. Unlabelled flags are missing."""
    found: set[str] = field(default_factory=set)
    """Names of the cases in need for which a flag was raised."""

    def precision(self, flags: Iterable[Raised] | None = None) -> Share:
        """Of the labelled flags (or some of them), those behind which somebody was in need."""
        labelled = [
            self.right[flag.flag_id] for flag in (self.flags if flags is None else flags) if flag.flag_id in self.right
        ]
        return Share(sum(labelled), len(labelled))

    def recall(self) -> Share:
        """Of the cases in need, those for which a flag was raised."""
        needy = self.in_need()
        return Share(sum(name in self.found for name in needy), len(needy))

    def in_need(self) -> list[str]:
        """Names of all cases in need."""
        return [name for name, needy in self.cases.needy.items() if needy] if self.cases else []


def judged(rules: Mapping[str, str], life: Life, truth: Sequence[Case] | None) -> list[Judged]:
    """Each rule of a policy (typology to kind of episode) with its flags, held against the truth where there is one."""
    known: dict[str, Cases] = {}
    if truth is not None:
        wanted = {episode for episode in rules.values() if episode in MEASURES}
        known = {episode: Cases.of(MEASURES[episode], truth, life) for episode in wanted}
    flags: dict[str, list[Raised]] = {rule: [] for rule in rules}
    for flag in life.raised:
        flags[flag.rule].append(flag)
    return [_judge(rule, flags[rule], known.get(rules[rule])) for rule in sorted(rules)]


def _judge(rule: str, flags: list[Raised], cases: Cases | None) -> Judged:
    result = Judged(rule, flags, cases)
    if cases is not None:
        for flag in flags:
            names = cases.names(flag)
            if names:
                needy = [name for name in names if cases.needy[name]]
                result.right[flag.flag_id] = bool(needy)
                result.found.update(needy)
    return result


def rule_row(result: Judged) -> dict[str, Any]:
    """A rule's figures, as the report writes them."""
    flags = result.flags
    row: dict[str, Any] = {
        "rule": result.rule,
        "raised": len(flags),
        "shadow": sum(flag.shadow for flag in flags),
        "listed": sum(flag.listed for flag in flags),
        "households": len({flag.household for flag in flags}),
        "standing_at_the_end": sum(flag.ended is None for flag in flags),
        "ended": dict(sorted(Counter(flag.ended for flag in flags if flag.ended is not None).items())),
        "labelled": None,
    }
    if result.cases is None:
        return {**row, "verdict": "not_judged", "in_words": "Nobody has labelled what this rule looks for."}
    precision, recall, base = result.precision(), result.recall(), result.cases.base
    verdict, words = _verdict(precision, base, result.cases.measure.whom)
    levels = sorted({flag.level for flag in flags})
    return {
        **row,
        "labelled": precision.of,
        "everybody": {"whom": result.cases.measure.whom, **base.figures()},
        "nameless_needs": result.cases.nameless,
        "precision": precision.figures(),
        "recall": recall.figures(),
        "lift": ratio(precision, base),
        "contacts_per_need": _inverse(precision),
        "contacts_per_need_of_everybody": _inverse(base),
        "by_level": {
            level: result.precision([flag for flag in flags if flag.level == level]).figures() for level in levels
        },
        "verdict": verdict,
        "in_words": words,
    }


def _verdict(precision: Share, base: Share, whom: str) -> tuple[str, str]:
    """Whether the rule's contacts find more needs than contacting everybody would, as far as the figures can tell."""
    interval = precision.interval
    if not base.hits:
        return "no_needs", f"Cannot be judged: among {base.of:,} {whom} nobody was in need."
    if interval is None:
        return "no_flags", "Cannot be judged: it raised nothing that is labelled."
    low, high = interval
    everybody = base.hits / base.of
    compared = f"{_per_need(precision)}; contacting all {base.of:,} {whom} takes {_per_need(base)}"
    if high < everybody:
        return "worse", f"WORSE than contacting everybody: {compared}."
    if low > everybody:
        return "better", f"Better than contacting everybody: {compared}."
    return "no_better", f"No better than contacting everybody, as far as these figures can tell: {compared}."


def _per_need(share: Share) -> str:
    if not share.hits:
        return f"{share.of:,} contacts find no need"
    return f"{share.of / share.hits:,.1f} contacts to one need"


def _inverse(share: Share) -> dict[str, float | None]:
    """{value, low, high} of contacts to one need."""
    interval = share.interval
    low, high = interval if interval else (0.0, 0.0)
    return {
        "value": round(share.of / share.hits, 2) if share.hits else None,
        "low": round(1 / high, 2) if high else None,
        "high": round(1 / low, 2) if low else None,
    }
