"""Facts about who lives together. Pure."""

from collections.abc import Sequence

from services.correlator.episodes import Candidate
from services.correlator.facts.ages import ABLE_UNTIL_AGE, ADULT_AGE, ELDERLY_AGE, ages, next_new_year
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, one_of, part, some_of
from services.correlator.kinds import ADDRESS, BIRTH, CARE, MEMBERS, VISITS
from services.correlator.membership import members_at
from services.correlator.view import Person

__all__: list[str] = []


@fact("other_able_adults_at_home", returns=NUMBER, reads=MEMBERS | BIRTH | VISITS | CARE, needs=["person"])
def other_able_adults(candidate: Candidate) -> Seen:
    """How many members other than the carer and the person to be helped are 18 to 74, at home, and not cared for
    themselves. Unknown where nobody able is known and somebody's age is not, and where that person has left this
    household for a place that nobody has told: who stayed behind is not at their home. Sources: housing, register,
    hospital."""
    household, as_of = candidate.household, candidate.as_of
    if part(candidate.person).id not in {member.id for member in household.members}:
        return Seen(None, tuple(part(candidate.person).of("membership.end")))
    away = {one.id for one in (candidate.person, candidate.carer) if one is not None}
    others = [m for m in household.members if m.id not in away and not m.in_hospital and not m.of("care.receives")]
    known = ages(others, as_of)
    able = sum(1 for age in known if age is not None and ADULT_AGE <= age < ABLE_UNTIL_AGE)
    unknown = able == 0 and None in known
    return Seen(None if unknown else able, household.memberships, until=next_new_year(as_of) if others else None)


_BY_AGE = ("singleton_elderly", "doubleton_elderly")
_OF_GROUPS = ("elderly", "disabled", "mental_recovery")
_BY_CARE = tuple(f"carer_of_{group}" for group in _OF_GROUPS)


@fact("household.kind", returns=some_of(*_BY_AGE, *_BY_CARE), reads=MEMBERS | BIRTH | {"care.gives"})
def household_kind(candidate: Candidate) -> Seen:
    """Which kinds of household this is; a list of singleton_elderly, doubleton_elderly, carer_of_elderly,
    carer_of_disabled, carer_of_mental_recovery. Unknown where no member's age is known. Sources: housing, register."""
    household, as_of = candidate.household, candidate.as_of
    members = household.members
    kinds, known = _kind_by_age(members, as_of)
    facts = household.memberships
    if "care.gives" in household.kinds:
        of_groups = [
            care for member in members for care in member.cares_for if (care["value"] or {})["group"] in _OF_GROUPS
        ]
        kinds = sorted({*kinds, *(f"carer_of_{(care['value'] or {})['group']}" for care in of_groups)})
        facts = [*facts, *of_groups]
    return Seen(
        kinds if kinds or known else None,
        facts,
        until=next_new_year(as_of),
        because="moved_or_changed",
    )


@fact("household.kind_when_it_began", returns=some_of(*_BY_AGE), reads=MEMBERS | BIRTH)
def household_kind_then(candidate: Candidate) -> Seen:
    """Which kind of household this was, by its members' ages, when the episode began, as we know it now; a list of
    singleton_elderly, doubleton_elderly. Unknown where no member's age is known. Sources: housing, register."""
    household, then = candidate.household, candidate.episode_at
    members = members_at(household, then)
    kind, known = _kind_by_age(members, then)
    facts = [fact for member in members for fact in member.joined(household.id)]
    return Seen(kind if kind or known else None, facts, because="moved_or_changed")


def _kind_by_age(members: Sequence[Person], at: str) -> tuple[list[str], bool]:
    """(kinds by the members' ages, whether that is known). Of more than two, no age matters."""
    if len(members) > 2:
        return [], True
    known = ages(members, at)
    if known and all(age is not None and age >= ELDERLY_AGE for age in known):
        return [_BY_AGE[len(members) - 1]], True
    return [], not known or known.count(None) < len(known)


@fact("person.lives_alone", returns=YES_NO, reads=MEMBERS, needs=["person"])
def lives_alone(candidate: Candidate) -> Seen:
    """Whether the person is the only one who lives here. True or False. Unknown where they do not live here any more.
    Source: housing."""
    members = candidate.household.members
    if part(candidate.person) not in members:
        return Seen(None, part(candidate.person).of("membership.end"))
    return Seen(len(members) == 1, candidate.household.memberships, because="moved_or_changed")


@fact(
    "care_between_the_two",
    returns=one_of("none", "notified_carer_admitted", "other_carer_admitted", "cared_for_admitted"),
    reads=CARE | {"cohort"},
    needs=["person", "carer"],
)
def care_between_the_two(candidate: Candidate) -> Seen:
    """Whether the one of two who was admitted cares for the other: notified_carer_admitted (and is in a group about
    whose admissions the department is told), other_carer_admitted; or is cared for by the other, cared_for_admitted; or
    none of that is registered, none. Source: register."""
    household, person, admitted = candidate.household, part(candidate.person), part(candidate.carer)
    gives = [care for carer, care in household.carers_of(person) if carer is admitted]
    if gives:
        cohort = admitted.of("cohort")
        return Seen("notified_carer_admitted" if cohort else "other_carer_admitted", [*gives, *cohort])
    receives = [care for carer, care in household.carers_of(admitted) if carer is person]
    return Seen("cared_for_admitted" if receives else "none", receives)


@fact("household.in_public_housing", returns=YES_NO, reads=ADDRESS)
def in_public_housing(candidate: Candidate) -> Seen:
    """Whether the household has a public-housing tenancy now. True or False. Source: housing."""
    address = candidate.household.address
    return Seen(address is not None, (address,) if address else (), because="tenancy_ended")


@fact("household.oldest_age", returns=NUMBER, reads=MEMBERS | BIRTH)
def oldest_age(candidate: Candidate) -> Seen:
    """The age of the oldest member in years, from the year of birth. Unknown where none is known. Source: housing."""
    household = candidate.household
    of_members = zip(ages(household.members, candidate.as_of), household.members, strict=True)
    known = [(age, member.id, member) for age, member in of_members if age is not None]
    if not known:
        return Seen(None)
    age, _, oldest = max(known)
    return Seen(age, oldest.joined(household.id), until=next_new_year(candidate.as_of))
