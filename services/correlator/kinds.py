"""The kinds of facts, in the groups in which they are read. Pure.

A rule runs again only when a fact has changed of a kind that its episode or one of its clauses reads. So whatever
looks at facts says at which kinds; `tests/unit/correlator/test_quick.py` holds it to that.
"""

from contracts.facts import Fact

__all__ = [
    "ABSENCE",
    "ADDRESS",
    "APPLICATION",
    "BIRTH",
    "CARE",
    "CONSENT",
    "CONTACT",
    "DEATH",
    "DIED",
    "EVERYTHING",
    "INCIDENT",
    "MEMBERS",
    "OBSERVATION",
    "PERSONS",
    "PLACE",
    "RANKED",
    "SERVICE",
    "STAYS",
    "VISITS",
    "ByKind",
    "Kinds",
    "by_kind",
    "changed",
]

Kinds = frozenset[str]
ByKind = dict[str, list[Fact]]

PERSONS = "persons"
"""No kind of a fact, but stands for one: of whom anything is known at all."""

EVERYTHING: Kinds = frozenset({"identity.link", "task.outcome", "flag.decided"})
"""What these say may concern anything: who is one person with whom, and what people have answered and decided."""

CONTACT: Kinds = frozenset({"contact"})
ABSENCE: Kinds = frozenset({"absence"})
OBSERVATION: Kinds = frozenset({"observation"})
INCIDENT: Kinds = frozenset({"incident"})
SERVICE: Kinds = frozenset({"service"})
CONSENT: Kinds = frozenset({"consent"})
APPLICATION: Kinds = frozenset({"application"})
CARE: Kinds = frozenset({"care.receives"})
STAYS: Kinds = frozenset({"membership.start", "membership.asserted", "membership.end"})
VISITS: Kinds = frozenset(
    {"visit.admitted", "visit.discharged", "visit.died", "visit.cancelled", "visit.leave", "visit.hospital"}
)
DIED: Kinds = frozenset({"deceased", "visit.died"})
DEATH: Kinds = DIED | VISITS
BIRTH: Kinds = frozenset({"membership.start", "membership.asserted", "residence"})
ADDRESS: Kinds = frozenset({"occupancy.start", "occupancy.asserted", "occupancy.end"})
MEMBERS: Kinds = frozenset({PERSONS, "occupancy.roster"}) | STAYS | DEATH
"""Who lives here now."""

PLACE: Kinds = ADDRESS | MEMBERS | CONTACT | OBSERVATION | INCIDENT | {"residence"}
"""Where a household is, for want of an address as somebody said of its members."""

RANKED: Kinds = STAYS | VISITS | BIRTH | CARE | {"care.gives", "deceased"}
"""Of these two sources may say different things about one matter; which of them prevails is policy (`sources.yaml`).
What else is said stands beside what others say: calls, observations, services, cohorts."""


def by_kind(facts: list[Fact]) -> ByKind:
    """An origin's facts as the state holds them and the view reads them; of each kind in the order given."""
    grouped: ByKind = {}
    for fact in facts:
        kind = fact["kind"]
        if kind in grouped:
            grouped[kind].append(fact)
        else:
            grouped[kind] = [fact]
    return grouped


def changed(before: ByKind, after: ByKind) -> Kinds:
    """The kinds of which one origin says something else than before."""
    if not before or not after:
        return frozenset([PERSONS, *before, *after])
    return frozenset([kind for kind in before.keys() | after.keys() if before.get(kind) != after.get(kind)])
