"""Episodes that begin with an admission. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household, Person, Visit

__all__ = ["of_stay", "visits_of_carers"]


def visits_of_carers(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each stay of each carer of somebody who lived here when it began."""
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for visit in carer.visits:
                admitted = visit.admitted
                if admitted is None or person.home_at(admitted["at"]) != household.id:
                    continue
                yield of_stay(household, as_of, typology, person, carer, visit, (admitted, care))


def of_stay(
    household: Household,
    as_of: str,
    typology: str,
    person: Person,
    carer: Person,
    visit: Visit,
    behind: tuple[Fact, ...],
) -> Candidate:
    """A stay of the one who cares, or of the other one of two, as an episode of `person`; its admission comes first in
    `behind`."""
    return Candidate(
        household,
        as_of,
        subject=person.id,
        episode=visit.id,
        episode_at=behind[0]["at"],
        behind=behind,
        person=person,
        carer=carer,
        visit=visit,
        also=visit.also,
        answer=answer_to(household, typology, person.ids, visit.id, *visit.also),
    )
