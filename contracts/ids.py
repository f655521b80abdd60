"""Derived ids. Nothing here is random and nothing reads a clock: the same thing has the same id for ever."""

from hashlib import sha1
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from pydantic import StringConstraints

__all__ = [
    "HouseholdId",
    "PersonId",
    "Token",
    "contact_id",
    "flag_id",
    "household_of_address",
    "household_of_block",
    "household_of_person",
    "household_of_tenancy",
    "is_person",
    "is_somebody",
    "task_id",
]

_ROOT = uuid5(NAMESPACE_URL, "urn:kithline")
_HOUSEHOLD = uuid5(_ROOT, "household").bytes
_CONTACT = uuid5(_ROOT, "contact").bytes
_FLAG = uuid5(_ROOT, "flag").bytes
_TASK = uuid5(_ROOT, "task").bytes

PersonId = Annotated[str, StringConstraints(pattern=r"^p-[0-9a-f]{32}$")]
"""A keyed pseudonym: `p-` and 128 bits of HMAC-SHA256 in hex, made inside the source's own zone."""

HouseholdId = Annotated[str, StringConstraints(pattern=r"^h-[0-9a-f-]{36}$")]
"""`h-` and a UUID, minted from the household's first tenancy; from a person, or a flat, where no tenancy is known; from
a block, for what concerns all who live there."""

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._|-]{0,95}$")]
"""An id or code of another system: letters, digits and `:._|-`; no spaces, so no free text."""


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def _derive(namespace: bytes, *parts: str) -> str:
    """The text of the UUID of version 5, from its digest: by way of `UUID` objects it costs four times as much, and
    several ids are made of an event."""
    digest = sha1(namespace + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def household_of_tenancy(tenancy: str) -> str:
    """The household that was minted from this, its first, tenancy."""
    return "h-" + _derive(_HOUSEHOLD, "tenancy", tenancy)


def household_of_person(person: str) -> str:
    """The household of one, of a person (or unidentified contact) without a known tenancy."""
    return "h-" + _derive(_HOUSEHOLD, "person", person)


def household_of_address(unit: str) -> str:
    """The household of a flat at which somebody was found of whom no tenancy is known."""
    return "h-" + _derive(_HOUSEHOLD, "address", unit)


def household_of_block(block: str) -> str:
    """What stands in for a household where something concerns a whole block."""
    return "h-" + _derive(_HOUSEHOLD, "block", block)


def contact_id(source: str, event: str) -> str:
    """The stand-in subject of a contact whose caller was not identified."""
    return "c-" + _derive(_CONTACT, source, event)


def is_person(subject: str) -> bool:
    """Whether a subject is a person's pseudonym (and not a contact or a household)."""
    return subject.startswith("p-")


def is_somebody(subject: str) -> bool:
    """Whether a subject is a person's pseudonym or an unidentified contact."""
    return subject.startswith(("p-", "c-"))


def flag_id(subject: str, typology: str, episode: str) -> str:
    """The flag of one subject, pattern and episode."""
    return _derive(_FLAG, subject, typology, episode)


def task_id(flag: str, ask: str, unit_kind: str, attempt: int) -> str:
    """The task that a flag asks for; a further attempt (after a decline) is a task of its own."""
    return _derive(_TASK, flag, ask, unit_kind, str(attempt))
