"""Facts about stays in hospital. Pure."""

from typing import get_args

from contracts.events.register import Cohort
from services.correlator.episodes import Candidate
from services.correlator.facts.seen import YES_NO, Seen, fact, part, some_of
from services.correlator.kinds import VISITS

__all__ = ["COHORTS"]

COHORTS: tuple[str, ...] = get_args(Cohort.model_fields["cohort"].annotation)
"""The groups about whose admissions the hospitals tell the department."""


@fact("carer.in_hospital", returns=YES_NO, reads=VISITS, needs=["visit"])
def carer_in_hospital(candidate: Candidate) -> Seen:
    """Whether this visit keeps the carer from home: from the admission to the return home. True or False.
    A discharge with `deceased` is no return. Sources: hospital feed."""
    visit = part(candidate.visit)
    return Seen(visit.away, tuple(visit.facts), because=visit.ended_by)


@fact("carer.died_in_hospital", returns=YES_NO, reads=VISITS, needs=["visit"])
def carer_died_in_hospital(candidate: Candidate) -> Seen:
    """Whether the visit ended with the carer's death. True or False. Source: hospital feed."""
    visit = part(candidate.visit)
    return Seen(visit.died, tuple(fact for fact in (visit.discharged, visit.death) if fact is not None))


@fact("carer.cohort", returns=some_of(*COHORTS), reads=frozenset({"cohort"}), needs=["carer"])
def carer_cohort(candidate: Candidate) -> Seen:
    """The groups about whose admissions the department is told; a list of codes. Source: register."""
    facts = part(candidate.carer).of("cohort")
    return Seen(sorted({f["key"] for f in facts}), facts)


@fact("cared_for.in_hospital", returns=YES_NO, reads=VISITS, needs=["person"])
def cared_for_in_hospital(candidate: Candidate) -> Seen:
    """Whether the cared-for person is in hospital too. True or False. Source: hospital feed."""
    visits = [visit for visit in part(candidate.person).visits if visit.away]
    return Seen(bool(visits), tuple(f for visit in visits for f in visit.facts))
