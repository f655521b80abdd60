"""Episodes of care that will be missing, as announced. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from contracts.ids import is_person
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household, Person

__all__ = ["planned_absences"]


def planned_absences(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each announced absence of each carer of somebody who lived here when it began; and of a helper, of whom whoever
    announces it is in need if they care for nobody."""
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for absence in carer.of("absence"):
                yield from _missing(household, as_of, typology, absence, (absence, care), person, carer)
    for person in household.living:
        if person.of("absence") and is_person(person.id) and not person.of("care.gives"):
            for absence in person.of("absence"):
                if (absence["value"] or {})["reason"] == "helper_absent":
                    yield from _missing(household, as_of, typology, absence, (absence,), person, None)


def _missing(
    household: Household,
    as_of: str,
    typology: str,
    absence: Fact,
    behind: tuple[Fact, ...],
    person: Person,
    carer: Person | None,
) -> Iterator[Candidate]:
    starts_at = (absence["value"] or {})["starts_at"]
    if person.home_at(starts_at) == household.id:
        yield Candidate(
            household,
            as_of,
            subject=person.id,
            episode=absence["key"],
            episode_at=starts_at,
            behind=behind,
            person=person,
            carer=carer,
            answer=answer_to(household, typology, person.ids, absence["key"]),
        )
