"""What is left of a person after an erasure: under a hash, the instant up to which nothing counts any more. Pure.

An erasure is no moment in a log but a limit in the sources' own time: what a source recorded up to `at` is gone and
stays gone, whenever it comes in; what it records later counts (somebody registers anew). So an erasure commutes with
facts, like every fact with every other.
"""

from hashlib import blake2b

from services.runtime.fold import Turn, Value

__all__ = ["ANY", "erased_until", "fingerprint", "mark", "remember"]

ANY = "~erased"
"""Stands where at least one mark stands, so that nobody is hashed for nothing. No id begins with a tilde."""


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
