"""A household as its facts tell it: persons (linked ids joined), who lives here, visits, contacts. Pure.

Everything here is a function of the facts alone; where time matters, `as_of` is an argument.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from contracts.facts import Fact
from contracts.ids import household_of_person, is_person

__all__ = ["Household", "Person", "Precedence", "Visit", "components"]

Precedence = Mapping[str, tuple[str, ...]]
"""Which source prevails, by kind of fact: earlier named ones over later ones, unnamed ones last. Policy."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in hospital, put together from its slots."""

    id: str
    admitted: Fact | None
    discharged: Fact | None
    death: Fact | None
    cancelled: Fact | None
    leave: Fact | None

    @property
    def facts(self) -> list[Fact]:
        """All that was said of it, in the order in which it happened."""
        said = (self.admitted, self.leave, self.discharged, self.death, self.cancelled)
        return [fact for fact in said if fact is not None]

    @property
    def admitted_at(self) -> str | None:
        return self.admitted["at"] if self.admitted else None

    @property
    def died(self) -> bool:
        """Whether the hospital has said that the patient died in this stay."""
        return self.death is not None

    @property
    def away(self) -> bool:
        """From the admission until the patient has come home. A discharge with `deceased` is no return; leave from
        the ward is none either (the bed is kept, and the patient goes back)."""
        if self.admitted is None or self.cancelled is not None:
            return False
        return self.discharged is None or self.died

    @property
    def ended_by(self) -> str:
        """Why the visit no longer keeps anybody away, as a code."""
        if self.cancelled is not None:
            return "admission_cancelled"
        if self.admitted is None:
            return "no_admission"
        return "returned_home" if self.discharged is not None else "in_hospital"


@dataclass
class Person:
    """One person under all linked ids; `id` is the smallest of them."""

    id: str
    ids: tuple[str, ...]
    facts: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: str) -> list[Fact]:
        """The facts of one kind, in a fixed order."""
        return self.facts.get(kind, [])

    def one(self, kind: str, key: str | None = None, precedence: Precedence | None = None) -> Fact | None:
        """The fact that prevails among those of a kind (and key): by the sources' precedence, then by version."""
        order = (precedence or {}).get(kind, ())
        rank = {source: -place for place, source in enumerate(order)}
        candidates = [fact for fact in self.of(kind) if key is None or fact["key"] == key]
        return max(
            candidates,
            key=lambda fact: (rank.get(fact["source"], -len(order)), tuple(fact["version"])),
            default=None,
        )

    @cached_property
    def visits(self) -> list[Visit]:
        """The visits by id, each with the fact that prevails for each of its parts."""
        ids = sorted(
            {
                fact["key"]
                for kind in ("visit.admitted", "visit.discharged", "visit.cancelled")
                for fact in self.of(kind)
            }
        )
        return [
            Visit(
                visit,
                self.one("visit.admitted", visit),
                self.one("visit.discharged", visit),
                self.one("visit.died", visit),
                self.one("visit.cancelled", visit),
                self.one("visit.leave", visit),
            )
            for visit in ids
        ]

    @cached_property
    def stays(self) -> list[tuple[str, str, str]]:
        """Memberships as `(from, until, household)`, sorted; `until` is empty while it lasts."""
        starts: dict[str, str] = {}
        for kind in ("membership.start", "membership.asserted"):
            for fact in self.of(kind):
                latest = starts.get(fact["key"])
                if kind == "membership.start" or latest is None:
                    starts[fact["key"]] = fact["at"] if latest is None else max(latest, fact["at"])
        stays = []
        for household, start in starts.items():
            end = self.one("membership.end", household)
            stays.append((start, end["at"] if end is not None and end["at"] >= start else "", household))
        return sorted(stays)

    def home_at(self, instant: str) -> str:
        """The household where the person lived then; before the first known membership the first, after the last
        the last. A person without a tenancy is a household of one. Every household that knows the person's facts
        answers alike."""
        if not self.stays:
            return household_of_person(self.id)
        within = [stay for stay in self.stays if stay[0] <= instant and (not stay[1] or instant < stay[1])]
        if within:
            return within[-1][2]
        earlier = [stay for stay in self.stays if stay[0] <= instant]
        return (max(earlier, key=lambda stay: stay[1:]) if earlier else self.stays[0])[2]

    @property
    def home(self) -> str:
        """The household where the person lives now, as far as anybody has said."""
        return self.home_at("9999")

    @cached_property
    def birth_year(self) -> int | None:
        for kind in ("membership.start", "membership.asserted", "residence"):
            fact = self.one(kind)
            if fact is not None and (year := (fact["value"] or {}).get("birth_year")) is not None:
                return int(year)
        return None

    @cached_property
    def deceased(self) -> Fact | None:
        """The fact of a confirmed death (a reported one waits for a human)."""
        for fact in self.of("deceased"):
            if (fact["value"] or {}).get("confidence") == "confirmed":
                return fact
        return next((visit.death for visit in self.visits if visit.died and not visit.cancelled), None)

    @property
    def in_hospital(self) -> bool:
        return any(visit.away and not visit.died for visit in self.visits)


class Household:
    """One household at work: built from the projections that its correlator holds."""

    def __init__(self, household_id: str, facts: Iterable[Fact], precedence: Precedence | None = None) -> None:
        self.id = household_id
        self.precedence = precedence or {}
        self.persons: dict[str, Person] = {}
        self.at_address: list[Fact] = []
        self.answers: dict[str, Fact] = {}
        by_id: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            if fact["kind"] == "task.outcome":
                self.answers[fact["key"]] = fact
            elif fact["subject"].startswith(("p-", "c-")):
                by_id[fact["subject"]].append(fact)
            else:
                self.at_address.append(fact)
        self.aliases = components(by_id)
        for person_id in sorted(by_id):
            canonical = self.aliases[person_id]
            if canonical not in self.persons:
                ids = tuple(sorted(other for other, smallest in self.aliases.items() if smallest == canonical))
                self.persons[canonical] = Person(canonical, ids)
            for fact in by_id[person_id]:
                self.persons[canonical].facts[fact["kind"]].append(fact)

    def person(self, person_id: str) -> Person | None:
        """The person behind any of their ids; None where this household knows nothing of them."""
        return self.persons.get(self.aliases.get(person_id, person_id))

    @cached_property
    def members(self) -> list[Person]:
        """The living who live here now. A roster that does not name somebody closes what began before it."""
        return [
            person
            for person in self.persons.values()
            if person.home == self.id and self._lives_here(person) and person.deceased is None
        ]

    def _lives_here(self, person: Person) -> bool:
        if not person.stays:
            return is_person(person.id)
        here = [stay for stay in person.stays if stay[2] == self.id]
        if not here or here[-1][1]:
            return False
        roster = self._roster
        if roster is None or here[-1][0] > roster["at"]:
            return True
        return bool(set(person.ids) & set((roster["value"] or {}).get("members", ())))

    @cached_property
    def _roster(self) -> Fact | None:
        rosters = [fact for fact in self.at_address if fact["kind"] == "occupancy.roster"]
        return max(rosters, key=lambda fact: tuple(fact["version"]), default=None)

    @cached_property
    def composition_facts(self) -> list[Fact]:
        """The facts from which the composition follows: memberships, their ends, deaths. A roster that only repeats
        who is known to live here changes nothing."""
        facts: list[Fact] = []
        for person in self.persons.values():
            began = [f for f in person.of("membership.start") if f["key"] == self.id]
            facts += began or [f for f in person.of("membership.asserted") if f["key"] == self.id]
            facts += [f for f in person.of("membership.end") if f["key"] == self.id]
        return facts + [
            p.deceased for p in self.persons.values() if p.deceased is not None and self.id in {s[2] for s in p.stays}
        ]

    @cached_property
    def half_told(self) -> bool:
        """Whether the tenancy names somebody of whom nothing has come in yet. One event tells of a flat and of each
        member, by different ways; until all have come, the household only looks smaller than it is."""
        expected = {
            member
            for fact in self.at_address
            if fact["kind"] == "occupancy.start"
            for member in (fact["value"] or {}).get("members", ())
        }
        return not expected <= self.aliases.keys()

    @cached_property
    def address(self) -> Fact | None:
        """Where the household lives now: the latest flat that it moved into and has not left."""
        moved_in: dict[str, Fact] = {}
        moved_out: list[Fact] = []
        for fact in self.at_address:
            if fact["kind"] == "occupancy.end":
                moved_out.append(fact)
            elif fact["kind"] in ("occupancy.start", "occupancy.asserted"):
                known = moved_in.get(fact["key"])
                if known is None or fact["at"] > known["at"]:
                    moved_in[fact["key"]] = fact
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
        """Who cares for a person, each with the fact that says so; only those whom this household knows of."""
        carers: dict[str, tuple[Person, Fact]] = {}
        for fact in person.of("care.receives"):
            carer = self.person((fact["value"] or {})["person"])
            if carer is not None and carer.id != person.id:
                carers.setdefault(carer.id, (carer, fact))
        return [carers[carer_id] for carer_id in sorted(carers)]

    @cached_property
    def cared_for(self) -> list[Person]:
        """Everybody known here who has a carer."""
        return [person for person in self.persons.values() if person.of("care.receives")]


def components(facts_by_id: Mapping[str, Iterable[Fact]]) -> dict[str, str]:
    """Every id, and every id that a link names, with the smallest id of its component (same person, several ids)."""
    parent: dict[str, str] = {person_id: person_id for person_id in facts_by_id}

    def root(person_id: str) -> str:
        while parent.setdefault(person_id, person_id) != person_id:
            person_id = parent[person_id]
        return person_id

    for person_id in sorted(facts_by_id):
        for fact in facts_by_id[person_id]:
            if fact["kind"] == "identity.link":
                one, other = sorted((root(person_id), root(fact["key"])))
                parent[other] = one
    return {person_id: root(person_id) for person_id in list(parent)}
