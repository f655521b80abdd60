"""What a fact function is: documented, and registered under the name that rules use. Pure.

A fact function returns what was seen (None: unknown, nobody has said), the facts it came from, the instant at which
the answer may change by time alone, and a code for why it is as it is. What it returns, which kinds of facts it reads
and which parts of an episode it needs is declared, so that a rule that cannot work is refused when it is loaded.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from contracts.facts import Fact
from services.correlator.episodes import Candidate, Part
from services.correlator.kinds import Kinds

__all__ = [
    "FACTS",
    "IDS",
    "NEEDS",
    "NUMBER",
    "READS",
    "RETURNS",
    "YES_NO",
    "FactFunction",
    "Returns",
    "Seen",
    "fact",
    "one_of",
    "part",
    "some_of",
]

T = TypeVar("T")


class Seen(NamedTuple):
    """What a fact function saw. `value` None is *unknown*, or `failed`: it could not be computed. `confidence`: how
    sure whoever said it was, where sources say that."""

    value: Any
    facts: Sequence[Fact] = ()
    until: str | None = None
    because: str | None = None
    failed: bool = False
    confidence: Literal["confirmed", "reported"] | None = None


FactFunction = Callable[[Candidate], Seen]


class Returns(NamedTuple):
    """What a fact function's value may be, so that a rule cannot ask of it what it never says. `codes`: the only ones
    that there are; none: any. Ids are of households; of a list of them a rule asks how many."""

    kind: Literal["yes_no", "number", "code", "codes", "ids"]
    codes: frozenset[str] = frozenset()


YES_NO = Returns("yes_no")
NUMBER = Returns("number")
IDS = Returns("ids")


def one_of(*codes: str) -> Returns:
    """One code of these (of any, where none is given)."""
    return Returns("code", frozenset(codes))


def some_of(*codes: str) -> Returns:
    """A list of codes, of these (of any, where none is given)."""
    return Returns("codes", frozenset(codes))


FACTS: dict[str, FactFunction] = {}
READS: dict[str, Kinds] = {}
"""The kinds of facts that each looks at, beside those that its candidates come from."""
RETURNS: dict[str, Returns] = {}
"""What the value of each may be."""
NEEDS: dict[str, frozenset[Part]] = {}
"""The parts that an episode must have for each to be asked there."""


def fact(
    name: str, *, returns: Returns, reads: Kinds, needs: Sequence[Part] = ()
) -> Callable[[FactFunction], FactFunction]:
    """Registers a fact function under the name that rules use. When none of the kinds of facts that it `reads` has
    changed (nor the episode, nor `until` passed), it is not asked again."""

    def register(function: FactFunction) -> FactFunction:
        FACTS[name] = function
        READS[name] = reads
        RETURNS[name] = returns
        NEEDS[name] = frozenset(needs)
        return function

    return register


def part(value: T | None) -> T:
    """A part of the candidate that `needs` names. (A rule that asks about another kind of episode is refused.)"""
    if value is None:
        raise LookupError("this kind of episode has no such part")
    return value
