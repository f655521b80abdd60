"""The facts that a rule may name: documented functions of a candidate, each with the evidence behind its value. Pure.

A fact function returns what was seen (None: unknown, nobody has said), the facts it came from, the instant at which
the answer may change by time alone, and a code for why it is as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from contracts.facts import Fact
from contracts.instants import day_of, plus
from services.correlator.episodes import STRAIN_WINDOW_DAYS, Candidate
from services.correlator.kinds import ABSENCE, ADDRESS, BIRTH, CARE, CONTACT, MEMBERS, VISITS, Kinds
from services.correlator.view import Person

__all__ = ["FACTS", "NAMES", "READS", "FactFunction", "Seen"]

T = TypeVar("T")

ELDERLY_AGE = 65
"""From this age on a person counts as elderly (the census's and the pilots' measure; figures.md)."""
ABLE_UNTIL_AGE = 75
"""A co-resident adult below this age, not in hospital and not cared for, counts as able to step in."""
ADULT_AGE = 18


class Seen(NamedTuple):
    """What a fact function saw. `value` None is *unknown*, or `failed`: it could not be computed."""

    value: Any
    facts: Sequence[Fact] = ()
    until: str | None = None
    because: str | None = None
    failed: bool = False


FactFunction = Callable[[Candidate], Seen]
FACTS: dict[str, FactFunction] = {}
READS: dict[str, Kinds] = {}
"""The kinds of facts that each looks at, beside those that its candidates come from."""


def fact(name: str, reads: Kinds) -> Callable[[FactFunction], FactFunction]:
    """Registers a fact function under the name that rules use. `reads`: the kinds of facts that it looks at; when
    none of them has changed (nor the episode, nor `until` passed), it is not asked again."""

    def register(function: FactFunction) -> FactFunction:
        FACTS[name] = function
        READS[name] = reads
        return function

    return register


@fact("carer.in_hospital", reads=VISITS)
def carer_in_hospital(candidate: Candidate) -> Seen:
    """Whether this visit keeps the carer from home: from the admission to the return home. True or False.
    A discharge with `deceased` is no return. Sources: hospital feed."""
    visit = _need(candidate.visit)
    return Seen(visit.away, tuple(visit.facts), because=visit.ended_by)


@fact("carer.died_in_hospital", reads=VISITS)
def carer_died_in_hospital(candidate: Candidate) -> Seen:
    """Whether the visit ended with the carer's death. True or False. Source: hospital feed."""
    visit = _need(candidate.visit)
    return Seen(visit.died, tuple(fact for fact in (visit.discharged, visit.death) if fact is not None))


@fact("carer.cohort", reads=frozenset({"cohort"}))
def carer_cohort(candidate: Candidate) -> Seen:
    """The groups about whose admissions the department is told; a list of codes. Source: register."""
    facts = _need(candidate.carer).of("cohort")
    return Seen(sorted({f["key"] for f in facts}), facts)


@fact("cared_for.in_hospital", reads=VISITS)
def cared_for_in_hospital(candidate: Candidate) -> Seen:
    """Whether the cared-for person is in hospital too. True or False. Source: hospital feed."""
    visits = [visit for visit in _need(candidate.person).visits if visit.away]
    return Seen(bool(visits), tuple(f for visit in visits for f in visit.facts))


@fact("other_able_adults_at_home", reads=MEMBERS | BIRTH | VISITS | CARE)
def other_able_adults(candidate: Candidate) -> Seen:
    """How many members other than carer and cared-for person are 18 to 74, at home, and not cared for themselves.
    Unknown where nobody able is known and somebody's age is not, and where the cared-for person has left this
    household for a place that nobody has told: who stayed behind is not at their home. Sources: housing, register,
    hospital."""
    household, as_of = candidate.household, candidate.as_of
    if _need(candidate.person).id not in {member.id for member in household.members}:
        return Seen(None, tuple(_need(candidate.person).of("membership.end")))
    away = {_need(candidate.person).id, _need(candidate.carer).id}
    others = [m for m in household.members if m.id not in away and not m.in_hospital and not m.of("care.receives")]
    ages = _ages(others, as_of)
    able = sum(1 for age in ages if age is not None and ADULT_AGE <= age < ABLE_UNTIL_AGE)
    unknown = able == 0 and None in ages
    return Seen(None if unknown else able, household.memberships, until=_next_new_year(as_of) if others else None)


@fact("cover_confirmed_by_a_person", reads=frozenset({"observation"}))
def cover_confirmed(candidate: Candidate) -> Seen:
    """Whether a person has said since the episode began that care at home is covered, or that the carer is back:
    a unit's answer, or an observation. True or False. Sources: units, observers."""
    facts: list[Fact] = []
    answer = candidate.answer
    if answer is not None and (answer["value"] or {}).get("cover_confirmed"):
        facts.append(answer)
    for person, concern in ((candidate.person, "care_covered"), (candidate.carer, "carer_home")):
        if person is not None:
            facts += [
                f
                for f in person.of("observation")
                if (f["value"] or {})["concern"] == concern and f["at"] >= candidate.episode_at
            ]
    return Seen(bool(facts), tuple(facts), because="cover_confirmed")


@fact("household.kind", reads=MEMBERS | BIRTH | {"care.gives"})
def household_kind(candidate: Candidate) -> Seen:
    """Which kinds of household this is; a list of singleton_elderly, doubleton_elderly, carer_of_elderly,
    carer_of_disabled. Unknown where no member's age is known. Sources: housing, register."""
    household, as_of = candidate.household, candidate.as_of
    members = household.members
    ages = _ages(members, as_of) if len(members) <= 2 else []  # of more than two, none matters
    facts = household.memberships
    kinds = set()
    if ages and all(age is not None and age >= ELDERLY_AGE for age in ages):
        kinds.add("singleton_elderly" if len(members) == 1 else "doubleton_elderly")
    if "care.gives" in household.kinds:
        of_groups = [
            care
            for member in members
            for care in member.of("care.gives")
            if (care["value"] or {})["group"] in ("elderly", "disabled")
        ]
        kinds.update(f"carer_of_{(care['value'] or {})['group']}" for care in of_groups)
        facts = [*facts, *of_groups]
    unknown = not kinds and bool(ages) and ages.count(None) == len(ages)
    return Seen(
        None if unknown else sorted(kinds),
        facts,
        until=_next_new_year(as_of),
        because="moved_or_changed",
    )


@fact("household.in_public_housing", reads=ADDRESS)
def in_public_housing(candidate: Candidate) -> Seen:
    """Whether the household has a public-housing tenancy now. True or False. Source: housing."""
    address = candidate.household.address
    return Seen(address is not None, (address,) if address else (), because="tenancy_ended")


@fact("household.known_support", reads=MEMBERS | {"service"})
def known_support(candidate: Candidate) -> Seen:
    """How many welfare services the members are known to use (an emergency alarm alone is no support by a person).
    Unknown where the register says nothing of services for any member. Source: register."""
    if "service" not in candidate.household.kinds:
        return Seen(None, because="now_supported")
    services = [f for member in candidate.household.members for f in member.of("service")]
    active = [f for f in services if (f["value"] or {})["active"] and f["key"] != "emergency_alarm"]
    return Seen(len(active) if services else None, tuple(active or services), because="now_supported")


@fact("household.oldest_age", reads=MEMBERS | BIRTH)
def oldest_age(candidate: Candidate) -> Seen:
    """The age of the oldest member in years, from the year of birth. Unknown where none is known. Source: housing."""
    household = candidate.household
    ages = _ages(household.members, candidate.as_of)
    known = [(age, member.id, member) for age, member in zip(ages, household.members, strict=True) if age is not None]
    if not known:
        return Seen(None)
    age, _, oldest = max(known)
    return Seen(age, oldest.joined(household.id), until=_next_new_year(candidate.as_of))


@fact("contacts.most_in_14_days", reads=CONTACT)
def most_in_14_days(candidate: Candidate) -> Seen:
    """The largest number of this episode's contacts about strain within any 14 days. Source: hotline."""
    run = candidate.behind
    most = max(
        sum(1 for other in run[i:] if other["at"] <= plus(first["at"], days=STRAIN_WINDOW_DAYS))
        for i, first in enumerate(run)
    )
    return Seen(most, run)


@fact("contacts.gravest", reads=CONTACT)
def gravest(candidate: Candidate) -> Seen:
    """The gravest assessment among this episode's contacts: routine, raised or grave. Source: hotline."""
    order = ("routine", "raised", "grave")
    worst = max(candidate.behind, key=lambda f: (order.index((f["value"] or {})["gravity"]), f["at"], f["key"]))
    return Seen((worst["value"] or {})["gravity"], (worst,))


@fact("contact.immediate_danger", reads=CONTACT)
def immediate_danger(candidate: Candidate) -> Seen:
    """Whether the contact was assessed as immediate danger. True or False. Source: hotline."""
    contact = candidate.behind[0]
    return Seen((contact["value"] or {})["immediate_danger"], (contact,))


@fact("absence.still_to_come_or_on", reads=ABSENCE)
def absence_ahead(candidate: Candidate) -> Seen:
    """Whether the planned absence has not ended yet. True or False. Sources: register, hotline."""
    absence = candidate.behind[0]
    ends_at = (absence["value"] or {})["ends_at"]
    return Seen(candidate.as_of < ends_at, (absence,), until=ends_at, because="absence_over")


def _need(value: T | None) -> T:
    """A part of the candidate that this kind of episode has; a rule that asks another kind gets verdict `error`."""
    if value is None:
        raise LookupError("this kind of episode has no such part")
    return value


@lru_cache(maxsize=64)  # of one `as_of` for a while
def _year(as_of: str) -> int:
    return day_of(as_of).year


def _ages(persons: Sequence[Person], as_of: str) -> list[int | None]:
    year = _year(as_of)
    return [None if (born := person.birth_year) is None else year - born for person in persons]


@lru_cache(maxsize=64)
def _next_new_year(as_of: str) -> str:
    """When ages next change: New Year in Hong Kong, since only the year of birth is known. Before the first tick that
    is in 1970, so that the first tick wakes everybody whose age matters."""
    return f"{_year(as_of):04d}-12-31T16:00:00.000Z"


NAMES: Mapping[str, str] = {name: (function.__doc__ or "").split(".")[0] for name, function in FACTS.items()}
"""Every fact's name with the first sentence of its documentation."""
