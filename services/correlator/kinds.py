"""The kinds of facts, in the groups in which they are read. Pure.

A rule runs again only when a fact has changed of a kind that its episode or one of its clauses reads. So whatever
looks at facts says at which kinds; `tests/unit/correlator/test_reads.py` holds it to that.
"""

from contracts.facts import Fact

__all__ = [
    "ABSENCE",
    "ADDRESS",
    "BIRTH",
    "CARE",
    "CONTACT",
    "DEATH",
    "EVERYTHING",
    "MEMBERS",
    "PERSONS",
    "PLACE",
    "STAYS",
    "VISITS",
    "Kinds",
    "changed",
]

Kinds = frozenset[str]

PERSONS = "persons"
"""No kind of a fact, but stands for one: of whom anything is known at all."""

EVERYTHING: Kinds = frozenset({"identity.link", "task.outcome"})
"""What these say may concern anything: who is one person with whom, and which flags people have answered."""

CONTACT: Kinds = frozenset({"contact"})
ABSENCE: Kinds = frozenset({"absence"})
CARE: Kinds = frozenset({"care.receives"})
STAYS: Kinds = frozenset({"membership.start", "membership.asserted", "membership.end"})
VISITS: Kinds = frozenset({"visit.admitted", "visit.discharged", "visit.died", "visit.cancelled", "visit.leave"})
DEATH: Kinds = frozenset({"deceased"}) | VISITS
BIRTH: Kinds = frozenset({"membership.start", "membership.asserted", "residence"})
ADDRESS: Kinds = frozenset({"occupancy.start", "occupancy.asserted", "occupancy.end"})
MEMBERS: Kinds = frozenset({PERSONS, "occupancy.roster"}) | STAYS | DEATH
"""Who lives here now."""

PLACE: Kinds = ADDRESS | MEMBERS | CONTACT | {"residence"}
"""Where a household is, for want of an address as somebody said of its members."""


def changed(before: list[Fact], after: list[Fact]) -> Kinds:
    """The kinds of which one origin says something else than before."""
    if not before:  # mostly it has said nothing yet
        return frozenset([PERSONS, *[fact["kind"] for fact in after]])
    known = {(fact["kind"], fact["key"], fact["source"], fact["subject"]): fact for fact in before}
    told_twice = len(known) != len(before)  # nobody of ours writes that; whatever it means, it is looked at
    kinds = {fact["kind"] for fact in before} if told_twice else set()
    for fact in after:
        if known.pop((fact["kind"], fact["key"], fact["source"], fact["subject"]), None) != fact:
            kinds.add(fact["kind"])
    kinds.update(slot[0] for slot in known)
    if kinds and {fact["subject"] for fact in before} != {fact["subject"] for fact in after}:
        kinds.add(PERSONS)
    return frozenset(kinds)
