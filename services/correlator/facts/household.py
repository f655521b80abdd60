"""Facts about who lives together. Pure."""

from services.correlator.episodes import Candidate
from services.correlator.facts.ages import ABLE_UNTIL_AGE, ADULT_AGE, ELDERLY_AGE, ages, next_new_year
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, part, some_of
from services.correlator.kinds import ADDRESS, BIRTH, CARE, MEMBERS, VISITS

__all__: list[str] = []


@fact("other_able_adults_at_home", returns=NUMBER, reads=MEMBERS | BIRTH | VISITS | CARE, needs=["person", "carer"])
def other_able_adults(candidate: Candidate) -> Seen:
    """How many members other than carer and cared-for person are 18 to 74, at home, and not cared for themselves.
    Unknown where nobody able is known and somebody's age is not, and where the cared-for person has left this
    household for a place that nobody has told: who stayed behind is not at their home. Sources: housing, register,
    hospital."""
    household, as_of = candidate.household, candidate.as_of
    if part(candidate.person).id not in {member.id for member in household.members}:
        return Seen(None, tuple(part(candidate.person).of("membership.end")))
    away = {part(candidate.person).id, part(candidate.carer).id}
    others = [m for m in household.members if m.id not in away and not m.in_hospital and not m.of("care.receives")]
    known = ages(others, as_of)
    able = sum(1 for age in known if age is not None and ADULT_AGE <= age < ABLE_UNTIL_AGE)
    unknown = able == 0 and None in known
    return Seen(None if unknown else able, household.memberships, until=next_new_year(as_of) if others else None)


@fact(
    "household.kind",
    returns=some_of("singleton_elderly", "doubleton_elderly", "carer_of_elderly", "carer_of_disabled"),
    reads=MEMBERS | BIRTH | {"care.gives"},
)
def household_kind(candidate: Candidate) -> Seen:
    """Which kinds of household this is; a list of singleton_elderly, doubleton_elderly, carer_of_elderly,
    carer_of_disabled. Unknown where no member's age is known. Sources: housing, register."""
    household, as_of = candidate.household, candidate.as_of
    members = household.members
    known = ages(members, as_of) if len(members) <= 2 else []  # of more than two, none matters
    facts = household.memberships
    kinds = set()
    if known and all(age is not None and age >= ELDERLY_AGE for age in known):
        kinds.add("singleton_elderly" if len(members) == 1 else "doubleton_elderly")
    if "care.gives" in household.kinds:
        of_groups = [
            care
            for member in members
            for care in member.cares_for
            if (care["value"] or {})["group"] in ("elderly", "disabled")
        ]
        kinds.update(f"carer_of_{(care['value'] or {})['group']}" for care in of_groups)
        facts = [*facts, *of_groups]
    unknown = not kinds and bool(known) and known.count(None) == len(known)
    return Seen(
        None if unknown else sorted(kinds),
        facts,
        until=next_new_year(as_of),
        because="moved_or_changed",
    )


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
