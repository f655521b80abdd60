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

__all__ = ["Fact", "Follow", "Projection", "Version", "slot", "supersedes"]

_CLOSED = ConfigDict(extra="forbid")

Version = tuple[str, int, str, int, str]
"""`(recordedtime, sequence, event id, -received ms, digest)`, compared left to right.

The last two only matter where one event id came with two receipts or two bodies: the first received prevails."""


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
    """The name of the slot that a fact fills within its subject."""
    return f"{fact['kind']}|{fact['key']}|{fact['source']}"


def supersedes(new: Fact, old: Fact | None) -> bool:
    """Whether `new` replaces `old` in its slot; never by the order of arrival."""
    return old is None or tuple(new["version"]) > tuple(old["version"])


@with_config(_CLOSED)
class Follow(TypedDict):
    """`person.facts`: tells a person's keeper which households want to know of them because of `via`.

    Never forwarded: a follow is computed from memberships and care alone, so two spouses cannot echo."""

    follow: Literal[True]
    subject: str
    via: str
    revision: int
    households: list[str]


@with_config(_CLOSED)
class Projection(TypedDict):
    """`household.facts`: all that one origin (a person, a block, the referral desk) says to one household now.

    A later revision replaces the whole; `facts: []` withdraws it."""

    household_id: HouseholdId
    origin: str
    revision: int
    facts: list[Fact]
    note: NotRequired[str]
