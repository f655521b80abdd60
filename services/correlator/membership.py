"""Who lived where, and when, and as far as who knew when: membership is bitemporal. Pure.

When somebody moved in or out is the fact's `at`; when we learned of it is `received`. So "what we know now about then"
and "what we knew then" are two questions, and a register that lags by months answers them differently.
"""

from collections.abc import Iterable, Mapping

from contracts.facts import Fact, slot
from services.correlator.kinds import by_kind
from services.correlator.view import Household, Person, Precedence

__all__ = ["as_known", "home_of", "members_at"]


def as_known(versions: Iterable[Fact], known_at: str | None = None) -> list[Fact]:
    """What holds of each slot (no tombstones), as far as had come in by `known_at` (None: by now), in the order of the
    slots' names. `versions` are any number of each slot's: a person's keeper has all, a projection only the last."""
    prevailing: dict[str, Fact] = {}
    for fact in versions:
        if known_at is not None and fact["received"] > known_at:
            continue
        name = slot(fact)
        known = prevailing.get(name)
        if known is None or tuple(fact["version"]) > tuple(known["version"]):
            prevailing[name] = fact
    return [fact for _, fact in sorted(prevailing.items()) if fact["value"] is not None]


def home_of(
    person: str,
    versions: Iterable[Fact],
    at: str,
    known_at: str | None = None,
    precedence: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """The household in which a person lived at an instant, by what was known of their memberships at another."""
    known: Precedence = precedence or {}
    return Person(person, (person,), by_kind(as_known(versions, known_at)), known).home_at(at)


def members_at(household: Household, at: str, known_at: str | None = None) -> list[Person]:
    """Who lived in a household at an instant, by what its correlator holds (of each slot the last version: what a slot
    said before it was corrected, only the person's keeper knows), as far as had come in by `known_at`."""
    persons = household.persons.values()
    if known_at is not None:
        persons = [_as_known(person, known_at) for person in persons]  # type: ignore[assignment]
    roster = _roster(household, at, known_at)
    return [person for person in persons if _lived_here(household, person, at, roster)]


def _as_known(person: Person, known_at: str) -> Person:
    known = as_known((fact for facts in person.facts.values() for fact in facts), known_at)
    return Person(person.id, person.ids, by_kind(known), person.precedence)


def _roster(household: Household, at: str, known_at: str | None) -> Fact | None:
    """The latest list of all who lived here that had been drawn up by then."""
    drawn_up = [fact for fact in as_known(household.of_flat("occupancy.roster"), known_at) if fact["at"] <= at]
    return max(drawn_up, key=lambda fact: (fact["at"], fact["version"]), default=None)


def _lived_here(household: Household, person: Person, at: str, roster: Fact | None) -> bool:
    died = person.deceased
    if died is not None and died["at"] < at:
        return False
    if not person.stays:
        return person.id.startswith("p-") and person.alone == household.id
    within = [stay for stay in person.stays if stay[0] <= at and (not stay[1] or at < stay[1])]
    if not within or within[-1][2] != household.id:
        return False
    if roster is not None and within[-1][0] <= roster["at"]:
        return not set(person.ids).isdisjoint((roster["value"] or {}).get("members", ()))
    return True
