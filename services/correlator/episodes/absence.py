"""Episodes of care that will be missing, as announced. Pure."""

from collections.abc import Iterator

from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household

__all__ = ["planned_absences"]


def planned_absences(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each announced absence of each carer of somebody who lived here when it began."""
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for absence in sorted(carer.of("absence"), key=lambda f: f["key"]):
                starts_at = (absence["value"] or {})["starts_at"]
                if person.home_at(starts_at) == household.id:
                    yield Candidate(
                        household,
                        as_of,
                        subject=person.id,
                        episode=absence["key"],
                        episode_at=starts_at,
                        behind=(absence, care),
                        person=person,
                        carer=carer,
                        answer=answer_to(household, typology, person.ids, absence["key"]),
                    )
