"""Facts about stays in hospital. Pure."""

from collections.abc import Sequence
from typing import get_args

from contracts.events.register import Cohort
from contracts.facts import Fact
from services.correlator.episodes import Candidate
from services.correlator.episodes.homecoming import ADMISSIONS_WINDOW_DAYS
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, part, some_of
from services.correlator.facts.windows import in_order, most_within
from services.correlator.kinds import CARE, DEATH, MEMBERS, VISITS
from services.correlator.view import Person, Visit

__all__ = ["COHORTS", "keeps_away"]

COHORTS: tuple[str, ...] = get_args(Cohort.model_fields["cohort"].annotation)
"""The groups about whose admissions the hospitals tell the department."""


@fact("carer.in_hospital", returns=YES_NO, reads=VISITS, needs=["carer", "visit"])
def carer_in_hospital(candidate: Candidate) -> Seen:
    """Whether this visit keeps the carer (of a couple: the other one) from home: from the admission to the return home.
    True or False. A discharge with `deceased` is no return. Sources: hospital feed."""
    visit = part(candidate.visit)
    return Seen(visit.away, tuple(visit.facts), because=visit.ended_by)


@fact("carer.died_in_hospital", returns=YES_NO, reads=VISITS, needs=["carer", "visit"])
def carer_died_in_hospital(candidate: Candidate) -> Seen:
    """Whether the visit ended with the carer's death. True or False. Source: hospital feed."""
    visit = part(candidate.visit)
    return Seen(visit.died, tuple(fact for fact in (visit.discharged, visit.death) if fact is not None))


@fact("carer.cohort", returns=some_of(*COHORTS), reads=frozenset({"cohort"}), needs=["carer"])
def carer_cohort(candidate: Candidate) -> Seen:
    """The groups about whose admissions the department is told; a list of codes. Source: register."""
    facts = part(candidate.carer).of("cohort")
    return Seen(sorted({f["key"] for f in facts}), facts)


@fact("other_carers.in_hospital", returns=NUMBER, reads=CARE | VISITS, needs=["person", "carer"])
def other_carers_in_hospital(candidate: Candidate) -> Seen:
    """How many further carers of this person are in hospital too. Sources: register, hospital feed."""
    carers = [carer for carer, _ in candidate.household.carers_of(part(candidate.person))]
    away = [carer for carer in carers if carer is not part(candidate.carer) and carer.in_hospital]
    return Seen(len(away), [fact for carer in away for fact in _keeping_away(carer)], because="returned_home")


@fact("person.in_hospital", returns=YES_NO, reads=VISITS, needs=["person"])
def person_in_hospital(candidate: Candidate) -> Seen:
    """Whether the person to be helped is in hospital. True or False. Source: hospital feed."""
    facts = _keeping_away(part(candidate.person))
    return Seen(bool(facts), facts, because="in_hospital")


@fact("person.in_hospital_meanwhile", returns=YES_NO, reads=VISITS, needs=["person", "visit"])
def person_in_hospital_meanwhile(candidate: Candidate) -> Seen:
    """Whether the person to be helped is in hospital too, or has been since the carer's visit began: their own return
    home is another episode then. True or False. Source: hospital feed."""
    began = part(candidate.visit).admitted_at
    facts = [
        fact
        for visit in part(candidate.person).visits
        if visit.away or (_took_place(visit) and in_order(began, visit.discharged and visit.discharged["at"]))
        for fact in visit.facts
    ]
    return Seen(bool(facts), facts, because="in_hospital")


@fact("person.readmitted", returns=YES_NO, reads=VISITS, needs=["person", "homecoming"])
def person_readmitted(candidate: Candidate) -> Seen:
    """Whether the person has been admitted again since this return home. True or False. Source: hospital feed."""
    facts = [
        fact
        for visit in part(candidate.person).visits
        if _took_place(visit) and in_order(candidate.episode_at, visit.admitted_at)
        for fact in visit.facts
    ]
    return Seen(bool(facts), facts, because="in_hospital")


@fact("carers.in_hospital_since_before", returns=NUMBER, reads=CARE | VISITS, needs=["person", "homecoming"])
def carers_in_hospital_since_before(candidate: Candidate) -> Seen:
    """How many carers were in hospital already when the person came home, and are there still. Sources: register,
    hospital feed."""
    facts: list[Fact] = []
    away = 0
    for carer, _ in candidate.household.carers_of(part(candidate.person)):
        visits = [v for v in carer.visits if v.away and in_order(v.admitted_at, candidate.episode_at)]
        away += bool(visits)
        facts += [fact for visit in visits for fact in visit.facts]
    return Seen(away, facts, because="returned_home")


@fact("carers.at_home", returns=NUMBER, reads=CARE | DEATH, needs=["person"])
def carers_at_home(candidate: Candidate) -> Seen:
    """How many carers of this person are alive and not in hospital. Sources: register, hospital feed."""
    carers = candidate.household.carers_of(part(candidate.person))
    there = [care for carer, care in carers if carer.deceased is None and not carer.in_hospital]
    return Seen(len(there), there or [care for _, care in carers], because="returned_home")


@fact("household.nobody_home", returns=YES_NO, reads=MEMBERS)
def nobody_home(candidate: Candidate) -> Seen:
    """Whether all who live here are in hospital: a visit waits for the first who comes home. True or False. Unknown
    where nobody is known to live here. Sources: housing, hospital feed."""
    members = candidate.household.members
    if not members:
        return Seen(None)
    if "visit.admitted" not in candidate.household.kinds:  # nearly everybody
        return Seen(False)
    facts = [fact for member in members for fact in _keeping_away(member)]
    return Seen(all(member.in_hospital for member in members), facts, because="in_hospital")


@fact("admissions.most_in_90_days", returns=NUMBER, reads=VISITS, needs=["person"])
def admissions_most_in_90_days(candidate: Candidate) -> Seen:
    """The largest number of this episode's admissions within any 90 days; a transfer is none. Source: hospital feed."""
    run = candidate.behind
    return Seen(most_within([fact["at"] for fact in run], ADMISSIONS_WINDOW_DAYS), run)


def keeps_away(visit: Visit, since: str, at: str) -> bool:
    """Whether a stay explains that somebody was not at home at some time from `since` to `at`, or is not now."""
    if visit.away:
        return True
    return (
        _took_place(visit)
        and in_order(visit.admitted_at, at)
        and in_order(since, visit.discharged and visit.discharged["at"])
    )


def _took_place(visit: Visit) -> bool:
    return visit.admitted is not None and visit.cancelled is None


def _keeping_away(person: Person) -> Sequence[Fact]:
    return [fact for visit in person.visits if visit.away for fact in visit.facts]
