"""What is left of a person after an erasure: under a hash, the instant up to which nothing counts any more. Pure.

An erasure is no moment in a log but a limit in the sources' own time: what a source recorded up to `at` is gone and
stays gone, whenever it comes in; what it records later counts (somebody registers anew). So an erasure commutes with
facts, like every fact with every other.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from contracts.facts import Erase
from contracts.instants import canonical
from services.runtime.fold import Refused, Turn, Value
from services.runtime.inner import TEXT, must_hold

__all__ = ["ANY", "erased_until", "fingerprint", "mark", "read_erase", "remember"]

ANY = "~erased"
"""Stands where at least one mark stands, so that nobody is hashed for nothing. No id begins with a tilde."""


_ERASE = {"subject": TEXT, "of": TEXT, "at": TEXT}


def read_erase(said: Mapping[str, Any]) -> Erase:
    """An erasure as it stands on `person.facts` or `address.facts`. Raises Refused."""
    must_hold(said, _ERASE)
    try:
        return Erase(erase=True, subject=said["subject"], of=said["of"], at=canonical(said["at"]))
    except ValueError:
        raise Refused("invalid", "at: should be an instant, written as 2026-07-01T07:00:00Z") from None


def fingerprint(person: str) -> str:
    """The hash under which an erasure is remembered. A pseudonym has 128 bits of its own: it cannot be tried out."""
    return blake2b(person.encode(), digest_size=16, person=b"kithline-erased").hexdigest()


def mark(person: str) -> str:
    """The state key of a person's mark."""
    return f"{ANY} {fingerprint(person)}"


def remember(person: str, said: Value, turn: Turn) -> None:
    """Writes a person's mark, `{"at": instant, …}`."""
    turn.put(mark(person), said)
    if turn.get(ANY) is None:
        turn.put(ANY, {})


def erased_until(person: str, turn: Turn) -> str:
    """The instant up to which nothing of this person counts; empty where nothing was erased."""
    if turn.get(ANY) is None:
        return ""
    known = turn.get(mark(person))
    return "" if known is None else str(known["at"])
