"""Rules are data: the models that a rule file is loaded into, and what compiling one checks. Pure.

A rule is read with every clause evaluated on its own, so that "why" and "why not" are both known.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from contracts.flags import LEVELS, Ask, FollowUp, Level, Priority
from contracts.ids import Token
from contracts.model import Code
from contracts.tasks import Finding, UnitKind
from services.correlator.episodes import EPISODES
from services.correlator.facts import FACTS, NAMES, NEEDS, RETURNS

__all__ = ["LEVELS", "AnyOf", "AskFor", "Clause", "Districts", "Rule", "Step", "ruleset_hash"]


class _Data(BaseModel):
    """Rule files are written by people: an unknown word is a mistake, and is named."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _nearest(word: str, known: Sequence[str]) -> str:
    """`did you mean …`, or all that there are."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"


def _known_fact(name: Any) -> Any:
    if isinstance(name, str) and name not in FACTS:
        raise ValueError(f"no fact is called {name!r}; {_nearest(name, sorted(NAMES))}")
    return name


def _known_episode(name: Any) -> Any:
    if isinstance(name, str) and name not in EPISODES:
        raise ValueError(f"no episode is called {name!r}; {_nearest(name, list(EPISODES))}")
    return name


def _known_district(code: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("districts")
    if known is not None and code not in known:
        raise ValueError(f"districts.yaml has no district {code!r}; {_nearest(code, sorted(known))}")
    return code


def _misplaced(text: str, *at: str | int) -> PydanticCustomError:
    """A complaint about a rule as a whole that names the line of what stands at `at`."""
    return PydanticCustomError("rule", "{text}", {"text": text, "at": at})


FactName = Annotated[str, BeforeValidator(_known_fact)]
EpisodeName = Annotated[str, BeforeValidator(_known_episode)]
District = Annotated[Token, AfterValidator(_known_district)]

_COMPARE: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "is_": ("is", lambda value, limit: value is limit),
    "equals": ("equals", lambda value, limit: bool(value == limit)),
    "in_": ("in", lambda value, limit: any(one in limit for one in (value if isinstance(value, list) else [value]))),
    "at_least": ("at least", lambda value, limit: bool(value >= limit)),
    "at_most": ("at most", lambda value, limit: bool(value <= limit)),
}


_LIMITS = {
    "yes_no": "is: true or is: false",
    "number": "equals, at_least or at_most with a number",
    "code": "equals with a code, or in with a list of codes",
    "codes": "in with a list of codes",
    "ids": "equals, at_least or at_most with how many",
}
"""Which limits a fact takes, by what it returns."""


class Clause(_Data):
    """One fact against one limit. `if_unknown: met` lets a clause hold where nobody has said anything."""

    fact: FactName
    is_: StrictBool | None = Field(default=None, alias="is")
    equals: int | str | None = None
    in_: list[str] | None = Field(default=None, alias="in", min_length=1)
    at_least: float | None = None
    at_most: float | None = None
    if_unknown: Literal["met"] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> "Clause":
        names = [name for name in _COMPARE if getattr(self, name) is not None]
        if len(names) != 1:
            raise ValueError("a clause has exactly one of: is, equals, in, at_least, at_most")
        returns = RETURNS[self.fact]
        if not self._fits(names[0], returns.kind):
            raise ValueError(f"{self.fact} takes {_LIMITS[returns.kind]}")
        for code in self.in_ or ([self.equals] if isinstance(self.equals, str) else []):
            if returns.codes and code not in returns.codes:
                raise ValueError(f"{self.fact} is never {code!r}; {_nearest(code, sorted(returns.codes))}")
        return self

    def _fits(self, name: str, kind: str) -> bool:
        match kind:
            case "yes_no":
                return name == "is_"
            case "number" | "ids":
                return name in ("at_least", "at_most") or isinstance(self.equals, int)
            case "code":
                return name == "in_" or isinstance(self.equals, str)
            case _:
                return name == "in_"

    @cached_property
    def comparison(self) -> tuple[str, Any, Callable[[Any, Any], bool]]:
        """(word, limit, test)."""
        name = next(name for name in _COMPARE if getattr(self, name) is not None)
        word, compare = _COMPARE[name]
        limit = getattr(self, name)
        many = RETURNS[self.fact].kind == "ids"
        test = (lambda value, limit: compare(len(value), limit)) if many else compare
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


def _form(condition: Any) -> str:
    return "AnyOf" if isinstance(condition, AnyOf) or (isinstance(condition, dict) and "any" in condition) else "Clause"


Condition = Annotated[Annotated[Clause, Tag("Clause")] | Annotated[AnyOf, Tag("AnyOf")], Discriminator(_form)]


class LevelClause(Clause):
    """A clause that, where it holds, raises the level."""

    level: Level


class Raises(_Data):
    level: Level
    raised_by: list[LevelClause] = []
    episode: EpisodeName


class AskFor(Ask):
    """What a flag will ask, of a kind of unit that exists. `priority_by_level`: where a level asks for more haste."""

    unit: UnitKind
    priority_by_level: dict[Level, Priority] = Field(default={})

    def at(self, level: Level) -> Ask:
        """What is asked of the unit for a flag of this level."""
        said = self.model_dump(exclude={"priority_by_level"})
        return Ask.model_validate({**said, "priority": self.priority_by_level.get(level, self.priority)})


class Step(FollowUp):
    """What is asked next when a task is answered with the finding `on`."""

    on: Finding
    ask: AskFor

    def at(self, level: Level) -> FollowUp:
        """The step for a flag of this level."""
        return FollowUp(on=self.on, ask=self.ask.at(level))


class Districts(_Data):
    """Where a rule applies: `only` in these districts, or everywhere `except` in these. A household of which nobody
    knows the district is served."""

    only: list[District] | None = Field(default=None, min_length=1)
    except_: list[District] | None = Field(default=None, alias="except", min_length=1)

    @model_validator(mode="after")
    def _one_of_both(self) -> "Districts":
        if (self.only is None) == (self.except_ is None):
            raise ValueError("districts has exactly one of: only, except")
        return self


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
    """One rule file.

    `valid_from` and `valid_until` are days in Hong Kong, both within. A rule raises nothing for an episode that began
    on another day. When the last day is over, its open flags become `expired` (they ask nothing any more; what no unit
    has accepted is taken back), and nothing new is raised, whatever comes in late. The instant of expiry is computed
    from the rule, so a tick only reveals it.

    A rule in `shadow` is evaluated, and its flags are published with status `shadow`; nobody is asked anything. Going
    live, it counts for all episodes that still hold, unless `valid_from` says from which day on.
    """

    id: Code
    version: int = Field(ge=1)
    title: Title
    subject: Literal["cared_for_person", "person", "household", "block"]
    typology: Code | None = None
    mode: Literal["live", "shadow", "off"] = "live"
    valid_from: date | None = None
    valid_until: date | None = None
    districts: Districts | None = None
    when: list[Condition] = Field(min_length=1)
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
    def _can_work(self) -> "Rule":
        episode = EPISODES[self.raises.episode]
        if episode.subject != self.subject:
            about = f"episode {self.raises.episode!r} is about a {episode.subject}"
            raise _misplaced(f"{about}, but subject is {self.subject!r}; change one of the two", "subject")
        for clause, at in self.clauses():
            if missing := NEEDS[clause.fact] - episode.parts:
                lacks = f"{self.raises.episode!r} has no {', no '.join(sorted(missing))}"
                raise _misplaced(f"{clause.fact} cannot be asked: an episode of kind {lacks}; use another fact", *at)
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise _misplaced("is before valid_from; the last day in force cannot be before the first", "valid_until")
        if self.mode == "live" and not {True, False} <= {example.fires for example in self.examples}:
            raise _misplaced(
                "a live rule needs examples: some that fire (fires: true) and some that do not; or set mode: shadow",
                "examples",
            )
        return self

    @property
    def pattern(self) -> str:
        """The typology: part of a flag's id, so it outlives a change of the rule's own name. A rule in shadow has one
        of its own: what it would raise never stands in for what is raised."""
        return self.id if self.mode == "shadow" else self.typology or self.id

    def clauses(self) -> Iterator[tuple[Clause, tuple[str | int, ...]]]:
        """Every clause, with where it stands in the file."""
        for number, condition in enumerate(self.when):
            if isinstance(condition, AnyOf):
                yield from ((clause, ("when", number, "any", n)) for n, clause in enumerate(condition.any))
            else:
                yield condition, ("when", number)
        yield from ((clause, ("unless", number)) for number, clause in enumerate(self.unless))
        yield from ((clause, ("raises", "raised_by", number)) for number, clause in enumerate(self.raises.raised_by))


def ruleset_hash(rules: Sequence[Rule]) -> str:
    """Names the rules in force: the same rules, in any order of files, have the same hash."""
    parts = sorted(rule.model_dump_json(by_alias=True, exclude={"examples"}) for rule in rules)
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
