"""A person as the facts tell it: stays in hospital, homes, year of birth, death. Pure.

Everything here is a function of the facts alone; where time matters, an instant is an argument.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from contracts.facts import Fact
from contracts.ids import household_of_person
from services.correlator.hospital import Visit, joined
from services.correlator.lazy import lazy

__all__ = ["Person", "Precedence", "Visit"]

Precedence = Mapping[str, tuple[str, ...]]
"""Which source prevails, by kind of fact: earlier named ones over later ones, unnamed ones last. Policy."""

_KEY = itemgetter("key")


class Person:
    """One person under all linked ids; `id` is the smallest of them. `facts` are by kind, each in a fixed order."""

    def __init__(
        self, person_id: str, ids: tuple[str, ...], facts: dict[str, list[Fact]], precedence: Precedence
    ) -> None:
        self.id = person_id
        self.ids = ids
        self.facts = facts
        self.precedence = precedence

    def of(self, kind: str) -> Sequence[Fact]:
        """The facts of one kind, in a fixed order."""
        return self.facts.get(kind, ())

    def one(self, kind: str, key: str | None = None) -> Fact | None:
        """The fact that prevails among those of a kind (and key): by the sources' precedence, then by version."""
        found = self.facts.get(kind)
        if not found:
            return None
        if key is not None:
            found = [fact for fact in found if fact["key"] == key]
        if len(found) < 2:
            return found[0] if found else None
        return max(found, key=lambda fact: (-self._rank(fact), fact["version"]))

    def prevailing(self, kind: str, about: Callable[[Fact], str]) -> Sequence[Fact]:
        """The facts of one kind, without those that speak of the same matter (`about`) as a source that outranks
        theirs."""
        found = self.of(kind)
        if len(found) < 2 or kind not in self.precedence:
            return found
        best: dict[str, int] = {}
        for fact in found:
            best[about(fact)] = min(self._rank(fact), best.get(about(fact), 99))
        return [fact for fact in found if self._rank(fact) == best[about(fact)]]

    def _rank(self, fact: Fact) -> int:
        """0 for the source that policy names first for this kind of fact; sources that it does not name come last."""
        order = self.precedence.get(fact["kind"], ())
        return order.index(fact["source"]) if fact["source"] in order else len(order)

    @lazy
    def visits(self) -> list[Visit]:
        """The stays in hospital by the id of their first visit, with the fact that prevails for each of their parts."""
        kinds = [kind for kind in ("visit.admitted", "visit.discharged", "visit.cancelled") if kind in self.facts]
        if not kinds:
            return []
        ids = sorted({fact["key"] for kind in kinds for fact in self.of(kind)})
        visits = [
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
        return visits if len(visits) < 2 else joined(visits, self._hospital)

    def _hospital(self, visit: str) -> str | None:
        """Where a visit is, as a code."""
        fact = self.one("visit.hospital", visit)
        return None if fact is None else str((fact["value"] or {}).get("hospital"))

    @lazy
    def stays(self) -> list[tuple[str, str, str]]:
        """Memberships as `(from, until, household)`, sorted; `until` is empty while it lasts."""
        if "membership.asserted" not in self.facts and "membership.end" not in self.facts:
            begun = self.of("membership.start")
            if len(begun) < 2:  # nearly everybody
                return [(fact["at"], "", fact["key"]) for fact in begun]
        starts: dict[str, str] = {}
        for kind in ("membership.start", "membership.asserted"):
            for fact in self.prevailing(kind, _KEY):
                latest = starts.get(fact["key"])
                if kind == "membership.start" or latest is None:
                    starts[fact["key"]] = fact["at"] if latest is None else max(latest, fact["at"])
        stays = []
        for household, start in starts.items():
            end = self.one("membership.end", household)
            stays.append((start, end["at"] if end is not None and end["at"] >= start else "", household))
        return sorted(stays)

    def joined(self, household: str) -> list[Fact]:
        """The facts that say that the person lives in a household."""
        said = self.of("membership.start")
        if "membership.asserted" in self.facts or len(said) > 1:
            said = [*self.prevailing("membership.start", _KEY), *self.prevailing("membership.asserted", _KEY)]
        return [fact for fact in said if fact["key"] == household]

    def home_at(self, instant: str) -> str:
        """The household where the person lived then; before the first known membership the first, after the last
        the last. A person without a tenancy is a household of one. Every household that knows the person's facts
        answers alike."""
        stays = self.stays
        if not stays:
            return self.alone
        if len(stays) == 1:
            return stays[0][2]
        within = [stay for stay in stays if stay[0] <= instant and (not stay[1] or instant < stay[1])]
        if within:
            return within[-1][2]
        earlier = [stay for stay in stays if stay[0] <= instant]
        return (max(earlier, key=lambda stay: stay[1:]) if earlier else stays[0])[2]

    @lazy
    def alone(self) -> str:
        """The household of one, of this person if nobody tells of a tenancy."""
        return household_of_person(self.id)

    @lazy
    def home(self) -> str:
        """The household where the person lives now, as far as anybody has said."""
        return self.home_at("9999")

    @lazy
    def birth_year(self) -> int | None:
        for kind in ("membership.start", "membership.asserted", "residence"):
            if kind in self.facts:
                fact = self.one(kind)
                if fact is not None and (year := (fact["value"] or {}).get("birth_year")) is not None:
                    return int(year)
        return None

    @lazy
    def cares_for(self) -> Sequence[Fact]:
        """Whom the person cares for: of each cared-for person, what the sources say that prevail."""
        return self.prevailing("care.gives", _person_of)

    @lazy
    def deceased(self) -> Fact | None:
        """The fact of a confirmed death (a reported one waits for a human). Of several sources' claims that of the
        prevailing one counts."""
        if "deceased" not in self.facts and "visit.died" not in self.facts:
            return None
        claims = [(-self._rank(fact), _confirmed(fact), fact["version"], fact) for fact in self.of("deceased")]
        if claims and (prevailing := max(claims, key=itemgetter(0, 1, 2)))[1]:
            return prevailing[-1]
        return next((visit.death for visit in self.visits if visit.died and not visit.cancelled), None)

    @property
    def in_hospital(self) -> bool:
        return any(visit.away and not visit.died for visit in self.visits)


def _person_of(fact: Fact) -> str:
    return str((fact["value"] or {})["person"])


def _confirmed(fact: Fact) -> bool:
    return (fact["value"] or {}).get("confidence") == "confirmed"
