"""What a unit said last about one thing, of all that came in, in whatever order. Pure.

State per unit: for each thing that it speaks of, what was said of it by version, the latest last, and the revision in
which that was passed on. Of several sources (the unit's own system, an operator) the one that recorded last prevails:
this is about how things stand now, and nobody's word is better than another's.
"""

from typing import NamedTuple, cast

from contracts.envelope import Envelope
from contracts.facts import Fact, merged, prevailing
from services.runtime.fold import Refused, Turn, Value

__all__ = ["STATUS", "News", "must_be_subject", "told"]

STATUS = "units.status"

_KEPT = 10
"""So many versions of one thing are kept, the latest. Only what was said last counts; those before it are there in case
that it was sent under the id of another, which then counts again."""


class News(NamedTuple):
    """What holds now (None: nothing any more), and its revision."""

    value: Value | None
    revision: int


def must_be_subject(envelope: Envelope, unit: str) -> None:
    """Raises Refused where somebody else is keyed than speaks."""
    if envelope.subject != unit:
        raise Refused("wrong_key", "unit is not ce_subject; key a declaration by the unit that it is about")


def told(turn: Turn, unit: str, fact: Value) -> News | None:
    """Takes in what was said; returns what holds now if that is news."""
    state = turn.get(unit) or {}
    thing = f"{fact['kind']}~{fact['key']}"
    known = state.get(thing) or {"said": [], "revision": 0}
    recorded, sequence, event, *rank = fact["version"]
    new = {**fact, "version": [recorded, sequence, f"{fact['source']} {event}", *rank]}  # sources number for themselves
    versions = merged(known["said"], cast(Fact, new))
    if versions is None:
        return None
    versions = versions[-_KEPT:]
    before, now = (prevailing(said)["value"] if said else None for said in (known["said"], versions))
    revision = known["revision"] + (now != before)
    turn.put(unit, {**state, thing: {"said": versions, "revision": revision}})
    return News(now, revision) if now != before else None
