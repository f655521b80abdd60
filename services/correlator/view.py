"""A household as its facts tell it: its persons (linked ids joined), who lives here, who cares for whom. Pure.

Everything here is a function of the facts alone, and is found out when somebody first asks: most facts that come in
need little of it.
"""

from collections.abc import Iterable, Mapping

from contracts.facts import Fact
from contracts.ids import is_person, is_somebody
from services.correlator.kinds import ADDRESS, DEATH, ByKind, Kinds
from services.correlator.lazy import lazy
from services.correlator.person import Person, Precedence, Visit

__all__ = ["Household", "Person", "Precedence", "Visit", "components"]

_MOVED = ADDRESS - {"occupancy.start"}


class Household:
    """One household at work: built from the projections that its correlator holds."""

    def __init__(
        self, household_id: str, told: Mapping[str, ByKind], kinds: Kinds, precedence: Precedence | None = None
    ) -> None:
        """`told` is what each origin says, in the order of origins; `kinds` are those of all its facts."""
        self.id = household_id
        self.kinds = kinds
        self.faults: list[str] = []
        """The rules with a clause that could not be worked out here, once for each time that it was asked."""
        self.precedence = precedence or {}
        self.by_id: dict[str, ByKind] = {}
        """What is known of persons and unidentified callers, by the id under which it was said."""
        self._others: list[ByKind] = []
        for origin, facts in told.items():
            if is_somebody(origin):
                self.by_id[origin] = facts
            else:
                self._others.append(facts)

    def of_flat(self, kind: str) -> list[Fact]:
        """What is known of the flat, and of nobody in particular."""
        found: list[Fact] = []
        for facts in self._others:
            if kind in facts:
                found += facts[kind]
        return found

    @lazy
    def answers(self) -> dict[str, Fact]:
        """What people have answered to flags' tasks, by flag."""
        return {fact["key"]: fact for fact in self.of_flat("task.outcome")} if "task.outcome" in self.kinds else {}

    @lazy
    def aliases(self) -> dict[str, str]:
        """Every id that is known here, or named by a link, with the smallest id of the same person."""
        return components({known: by_kind.get("identity.link", ()) for known, by_kind in self.by_id.items()})

    @lazy
    def persons(self) -> dict[str, Person]:
        """Everybody of whom something is known here, by the smallest id."""
        by_id = self.by_id
        if "identity.link" not in self.kinds:
            return {known: Person(known, (known,), by_id[known], self.precedence) for known in sorted(by_id)}
        ids: dict[str, list[str]] = {}
        for known in sorted(self.aliases):
            ids.setdefault(self.aliases[known], []).append(known)
        persons: dict[str, Person] = {}
        for known in sorted(by_id):
            canonical = self.aliases[known]
            if canonical not in persons:
                persons[canonical] = Person(canonical, tuple(ids[canonical]), {}, self.precedence)
            facts = persons[canonical].facts
            for kind, of_kind in by_id[known].items():
                facts[kind] = [*facts.get(kind, ()), *of_kind]
        return persons

    def person(self, person_id: str) -> Person | None:
        """The person behind any of their ids; None where this household knows nothing of them."""
        if "identity.link" in self.kinds:
            person_id = self.aliases.get(person_id, person_id)
        return self.persons.get(person_id)

    @lazy
    def living(self) -> list[Person]:
        """Everybody of whom something is known here, but for those whose death is confirmed: they need no visit."""
        if DEATH.isdisjoint(self.kinds):
            return list(self.persons.values())
        return [person for person in self.persons.values() if person.deceased is None]

    @lazy
    def members(self) -> list[Person]:
        """The living who live here now. A roster that does not name somebody closes what began before it."""
        return [person for person in self.persons.values() if self._lives_here(person)]

    @lazy
    def memberships(self) -> list[Fact]:
        """The facts that say who lives here."""
        return [fact for member in self.members for fact in member.joined(self.id)]

    def _lives_here(self, person: Person) -> bool:
        stays = person.stays
        if not stays:
            return is_person(person.id) and person.alone == self.id and self._alive(person)
        if len(stays) > 1:
            stays = [stay for stay in stays if stay[2] == self.id] if person.home == self.id else []
        if not stays:
            return False
        since, until, household = stays[-1]
        if household != self.id or until:
            return False
        if "occupancy.roster" in self.kinds and (roster := self._roster) is not None and since <= roster["at"]:
            named = (roster["value"] or {}).get("members", ())
            return not set(person.ids).isdisjoint(named) and self._alive(person)
        return self._alive(person)

    def _alive(self, person: Person) -> bool:
        return DEATH.isdisjoint(self.kinds) or person.deceased is None

    @lazy
    def _roster(self) -> Fact | None:
        return max(self.of_flat("occupancy.roster"), key=lambda fact: fact["version"], default=None)

    @lazy
    def composition_facts(self) -> list[Fact]:
        """The facts from which the composition follows: memberships, their ends, deaths. A roster that only repeats
        who is known to live here changes nothing."""
        facts: list[Fact] = []
        for person in self.persons.values():
            joined = person.joined(self.id)
            facts += [f for f in joined if f["kind"] == "membership.start"] or joined
            facts += [f for f in person.of("membership.end") if f["key"] == self.id]
        if not DEATH.isdisjoint(self.kinds):
            for person in self.persons.values():
                if person.deceased is not None and any(stay[2] == self.id for stay in person.stays):
                    facts.append(person.deceased)
        return facts

    @lazy
    def half_told(self) -> bool:
        """Whether the tenancy, or its latest roster, names somebody of whom nothing has come in yet. One event tells of
        a flat and of each member, by different ways; until all have come, the household only looks smaller than it is.
        """
        known = self.by_id if "identity.link" not in self.kinds else self.aliases
        told = self.of_flat("occupancy.start")
        if "occupancy.roster" in self.kinds and (roster := self._roster) is not None:
            told = [*told, roster]
        for fact in told:
            for member in (fact["value"] or {}).get("members") or ():
                if member not in known:
                    return True
        return False

    @lazy
    def address(self) -> Fact | None:
        """Where the household lives now: the latest flat that it moved into and has not left."""
        begun = self.of_flat("occupancy.start")
        if len(begun) < 2 and _MOVED.isdisjoint(self.kinds):  # nearly always
            return begun[0] if begun else None
        moved_in: dict[str, Fact] = {}
        for fact in (*begun, *self.of_flat("occupancy.asserted")):
            known = moved_in.get(fact["key"])
            if known is None or fact["at"] > known["at"]:
                moved_in[fact["key"]] = fact
        moved_out = self.of_flat("occupancy.end")
        for fact in moved_out:
            if fact["key"] in moved_in and fact["at"] >= moved_in[fact["key"]]["at"]:
                del moved_in[fact["key"]]
            # a transfer's end tells where to, also before the new flat has told it
            to = (fact["value"] or {}).get("moved_to")
            if to and (key := f"{to['unit']}|{self.id}") not in moved_in:
                left_again = any(out["key"] == key and out["at"] >= fact["at"] for out in moved_out)
                if not left_again:
                    moved_in[key] = {**fact, "value": {**to, "household": self.id}}
        return max(moved_in.values(), key=lambda fact: (fact["at"], fact["key"]), default=None)

    def carers_of(self, person: Person) -> list[tuple[Person, Fact]]:
        """Who cares for a person, each with the fact that says so (that of the source that prevails); only those whom
        this household knows of."""
        carers: dict[str, tuple[Person, Fact]] = {}
        for fact in person.prevailing("care.receives", self._carer_in):
            carer = self.person((fact["value"] or {})["person"])
            if carer is not None and carer.id != person.id:
                carers.setdefault(carer.id, (carer, fact))
        return [carers[carer_id] for carer_id in sorted(carers)]

    def _carer_in(self, fact: Fact) -> str:
        carer: str = (fact["value"] or {})["person"]
        return self.aliases.get(carer, carer)

    @lazy
    def cared_for(self) -> list[Person]:
        """Everybody alive known here who has a carer."""
        return [person for person in self.living if person.of("care.receives")]


def components(links: Mapping[str, Iterable[Fact]]) -> dict[str, str]:
    """Every id, and every id that a link names, with the smallest id of its component (same person, several ids).
    `links` are the facts of kind `identity.link` by the id that they are about."""
    parent: dict[str, str] = {person_id: person_id for person_id in links}

    def root(person_id: str) -> str:
        while parent.setdefault(person_id, person_id) != person_id:
            person_id = parent[person_id]
        return person_id

    for person_id in sorted(links):
        for fact in links[person_id]:
            one, other = sorted((root(person_id), root(fact["key"])))
            parent[other] = one
    return {person_id: root(person_id) for person_id in list(parent)}
