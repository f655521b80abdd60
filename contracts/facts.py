"""Facts: the inner hops' one form of everything that any feed has said.

A fact is `(subject, kind, key, source) -> value` with a version from its source. Merging keeps the highest version
of a slot; `value: null` is a version too (a tombstone). So merging is commutative, associative and idempotent.
These are typed dictionaries, not models: only our own services write them, and they are on the hot path; a test
holds what the services write to the schemas.
"""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from .ids import HouseholdId

__all__ = [
    "SUBJECT_DIGITS",
    "Erase",
    "Fact",
    "Follow",
    "Linked",
    "Projection",
    "Version",
    "merged",
    "prevailing",
    "slot",
]

_CLOSED = ConfigDict(extra="forbid")

Version = tuple[str, int, str, int, str]
"""`(recordedtime, sequence, event id, -received ms, digest)`, compared left to right.

The last two only matter where one event id came with two receipts or two bodies: the first received prevails. The
digest begins with `SUBJECT_DIGITS` digits of the event's subject: one id under two subjects is two events, though both
may fill one slot (a link is told from either side, a death of two tenancies)."""

SUBJECT_DIGITS = 6


@with_config(_CLOSED)
class Fact(TypedDict):
    """One slot's content. `at` is when it happened, `received` when it came in at the door; both are instants."""

    subject: str
    kind: str
    key: str
    source: str
    version: Version
    at: str
    received: str
    value: dict[str, Any] | None


def slot(fact: Fact) -> str:
    """The name of the slot that a fact fills within its subject. Keys and sources may hold a bar, but no tilde: two
    slots never have one name."""
    return f"{fact['kind']}~{fact['key']}~{fact['source']}"


def merged(known: list[Fact], new: Fact) -> list[Fact] | None:
    """A slot's versions with `new` among them, sorted by version; None if it changes nothing.

    Versions are kept, so that taking one back shows what it had replaced. One event has one version in a slot:
    the larger `version[3:]` of the same event stays (see `Version`)."""
    if not known:
        return [new]
    event = _event(new)
    same = next((fact for fact in known if _event(fact) == event), None)
    if same is not None and tuple(same["version"][3:]) >= tuple(new["version"][3:]):
        return None
    return sorted([*(fact for fact in known if fact is not same), new], key=lambda fact: tuple(fact["version"]))


def _event(fact: Fact) -> tuple[str, str]:
    return fact["version"][2], fact["version"][4][:SUBJECT_DIGITS]


def prevailing(versions: list[Fact]) -> Fact:
    """The version of a slot that holds: the highest, never the last to arrive."""
    return versions[-1]


@with_config(_CLOSED)
class Linked(TypedDict):
    """An id that is the same person as whoever tells; `path` leads there from whoever is told, nearest first."""

    person: str
    own: list[str]
    households: list[str]
    path: list[str]


@with_config(_CLOSED)
class Follow(TypedDict):
    """`person.facts`: tells a person's keeper which households want to know of them because of `via`.

    Computed from memberships, care and links alone, so two spouses cannot echo.
    `own` are the households in which `via` has a tenancy; `households` is all that the subject should inform;
    `beyond` is passed on between linked ids only: the ids that the sender is linked with on other sides."""

    follow: Literal[True]
    subject: str
    via: str
    revision: int
    because: Literal["care", "link"]
    own: list[str]
    households: list[str]
    beyond: NotRequired[list[Linked]]


@with_config(_CLOSED)
class Erase(TypedDict):
    """`person.facts`, `address.facts`: whatever was recorded up to `at` is forgotten: all of it where `of` is the
    subject, else what of the subject's (a person's or a block's) names `of`. What comes in later but was recorded by
    then is dropped; what is recorded later counts."""

    erase: Literal[True]
    subject: str
    of: str
    at: str


@with_config(_CLOSED)
class Projection(TypedDict):
    """`household.facts`: all that one origin (a person, a block, the referral desk) says to one household now.

    A later revision replaces the whole; `facts: []` withdraws it. `erased`: the origin is a person who is to be
    forgotten, with the flags about them."""

    household_id: HouseholdId
    origin: str
    revision: int
    facts: list[Fact]
    erased: NotRequired[Literal[True]]
