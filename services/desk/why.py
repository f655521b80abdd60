"""Why a unit is asked, in plain words, and nobody's pseudonym in it. Pure.

What an explanation says to an analyst names persons and events by their ids. A unit knows its client by an id of its
own; of others it learns how many, not who.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.flags import Evidence, Flag, Verdict
from services.correlator.rules import Rule
from services.explanation.clauses import clause_items
from services.explanation.document import Item
from services.explanation.terms import SOURCES, Lang, age_words, hong_kong_time, of

__all__ = ["Known", "Reason", "Why", "why"]

_ID = re.compile(r"\b(?:p-[0-9a-f]{32}|[hc]-[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27})\b")


@dataclass(frozen=True, slots=True)
class Reason:
    """One statement of a rule with its verdict, and what stands behind it."""

    text: str
    verdict: Verdict | None
    details: tuple[str, ...]
    parts: tuple["Reason", ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A source, and the ages of the oldest and newest thing that it said."""

    source: str
    newest: str
    oldest: str


@dataclass(frozen=True, slots=True)
class Why:
    """A flag for a unit: `holds` is why it was raised, `against` what would make contact unnecessary, `raises` what
    made it more pressing; `known`: from whom, and how old; `as_of`: when it was judged."""

    holds: tuple[Reason, ...]
    against: tuple[Reason, ...]
    raises: tuple[Reason, ...]
    known: tuple[Known, ...]
    as_of: str


def why(flag: Flag, rules: Mapping[str, Rule], lang: Lang) -> Why:
    """The flag's reasons in plain words. `rules` (by id) are those of the policy at hand."""
    rule = rules.get(flag.rule)
    own = rule if rule is not None and rule.version == flag.rule_version else None
    parts = {
        part: clause_items([_without_ids(one) for one in flag.evidence if one.part == part], own, lang, brief=True)
        for part in ("when", "unless", "raised_by")
    }
    return Why(
        holds=tuple(map(_reason, parts["when"])),
        against=tuple(map(_reason, parts["unless"])),
        raises=tuple(_reason(item) for item in parts["raised_by"] if item.mark in ("met", "unknown")),
        known=_known(flag, lang),
        as_of=hong_kong_time(flag.as_of, lang),
    )


def _without_ids(one: Evidence) -> Evidence:
    return one.model_copy(update={"event_ids": [], "value": _hidden(one.value), "limit": _hidden(one.limit)})


def _hidden(value: Any) -> Any:
    """Of a list of persons how many they are; any other id is left out."""
    if isinstance(value, list) and any(isinstance(entry, str) and _ID.search(entry) for entry in value):
        return len(value)
    return _ID.sub("…", value) if isinstance(value, str) else value


def _reason(item: Item) -> Reason:
    return Reason(
        _ID.sub("…", item.text),
        item.mark,
        tuple(_ID.sub("…", detail) for detail in item.details),
        tuple(map(_reason, item.parts)),
    )


def _known(flag: Flag, lang: Lang) -> tuple[Known, ...]:
    ages: dict[str, list[float]] = {}
    for one in flag.evidence:
        if one.source is not None and one.age is not None:
            ages.setdefault(one.source, []).append(max(0.0, one.age))
    return tuple(
        Known(
            of(SOURCES[source], lang) if source in SOURCES else source,
            age_words(min(found), lang),
            age_words(max(found), lang),
        )
        for source, found in sorted(ages.items(), key=lambda entry: (min(entry[1]), entry[0]))
    )
