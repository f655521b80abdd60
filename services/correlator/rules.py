"""Rules are data: the models that a rule file is loaded into, and what compiling one checks. Pure.

A rule is read with every clause evaluated on its own, so that "why" and "why not" are both known.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.flags import Ask, FollowUp, Level
from contracts.model import Code
from contracts.tasks import UnitKind
from services.correlator.episodes import EPISODES
from services.correlator.facts import FACTS, NAMES

__all__ = ["LEVELS", "AnyOf", "AskFor", "Clause", "Rule", "Step", "ruleset_hash"]

LEVELS: tuple[Level, ...] = ("low", "medium", "high", "very_high")


class _Data(BaseModel):
    """Rule files are written by people: an unknown word is a mistake, and is named."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _known_fact(name: Any) -> Any:
    if isinstance(name, str) and name not in FACTS:
        raise ValueError(f"no fact is called {name!r}; known are {', '.join(sorted(NAMES))}")
    return name


def _known_episode(name: Any) -> Any:
    if isinstance(name, str) and name not in EPISODES:
        raise ValueError(f"no episode is called {name!r}; known are {', '.join(EPISODES)}")
    return name


FactName = Annotated[str, BeforeValidator(_known_fact)]
EpisodeName = Annotated[str, BeforeValidator(_known_episode)]

_COMPARE: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "is_": ("is", lambda value, limit: value is limit),
    "equals": ("equals", lambda value, limit: bool(value == limit)),
    "in_": ("in", lambda value, limit: bool(set(value if isinstance(value, list) else [value]) & set(limit))),
    "at_least": ("at least", lambda value, limit: bool(value >= limit)),
    "at_most": ("at most", lambda value, limit: bool(value <= limit)),
}


class Clause(_Data):
    """One fact against one limit. `if_unknown: met` lets a clause hold where nobody has said anything."""

    fact: FactName
    is_: bool | None = Field(default=None, alias="is")
    equals: int | str | None = None
    in_: list[str] | None = Field(default=None, alias="in", min_length=1)
    at_least: float | None = None
    at_most: float | None = None
    if_unknown: Literal["met"] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> "Clause":
        if sum(getattr(self, name) is not None for name in _COMPARE) != 1:
            raise ValueError("a clause has exactly one of: is, equals, in, at_least, at_most")
        return self

    @cached_property
    def comparison(self) -> tuple[str, Any, Callable[[Any, Any], bool]]:
        """(word, limit, test)."""
        name = next(name for name in _COMPARE if getattr(self, name) is not None)
        word, test = _COMPARE[name]
        limit = getattr(self, name)
        return word, int(limit) if isinstance(limit, float) and limit.is_integer() else limit, test

    @cached_property
    def text(self) -> str:
        """The clause as a line, as evidence names it."""
        word, limit, _ = self.comparison
        shown = (
            ", ".join(limit) if isinstance(limit, list) else str(limit).lower() if isinstance(limit, bool) else limit
        )
        return f"{self.fact} {word} {shown}"


class AnyOf(_Data):
    """Holds if any of its clauses holds; all are evaluated and shown."""

    any: list[Clause] = Field(min_length=2)


class LevelClause(Clause):
    """A clause that, where it holds, raises the level."""

    level: Level


class Raises(_Data):
    level: Level
    raised_by: list[LevelClause] = []
    episode: EpisodeName


class AskFor(Ask):
    """What a flag will ask, of a kind of unit that exists."""

    unit: UnitKind


class Step(FollowUp):
    """What is asked next when a task is answered with the finding `on`."""

    ask: AskFor


class Title(_Data):
    en: str = Field(min_length=1)
    zh_hant: str = Field(alias="zh-Hant", min_length=1)


class Example(_Data):
    """A worked example that the tests run: the feed's lines in short form, and whether the rule fires."""

    name: str
    given: list[dict[str, Any]]
    fires: bool
    level: Level | None = None


class Rule(_Data):
    """One rule file."""

    id: Code
    version: int = Field(ge=1)
    title: Title
    subject: Literal["cared_for_person", "person", "household"]
    typology: Code | None = None
    mode: Literal["live", "shadow", "off"] = "live"
    when: list[Clause | AnyOf] = Field(min_length=1)
    unless: list[Clause] = []
    raises: Raises
    asks: list[AskFor] = Field(min_length=1)
    then: list[Step] = []
    lawful_basis: Code = "public_task"
    examples: list[Example] = []

    @model_validator(mode="before")
    @classmethod
    def _one_ask_is_a_list(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("asks"), dict):
            return {**data, "asks": [data["asks"]]}
        return data

    @model_validator(mode="after")
    def _subject_fits_episode(self) -> "Rule":
        subject = EPISODES[self.raises.episode].subject
        if subject != self.subject:
            raise ValueError(f"episode {self.raises.episode!r} is about a {subject}, but subject is {self.subject!r}")
        return self

    @property
    def pattern(self) -> str:
        """The typology: part of a flag's id, so it outlives a change of the rule's own name."""
        return self.typology or self.id


def ruleset_hash(rules: Sequence[Rule]) -> str:
    """Names the rules in force: the same rules, in any order of files, have the same hash."""
    parts = sorted(rule.model_dump_json(by_alias=True, exclude={"examples"}) for rule in rules)
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
