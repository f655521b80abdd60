"""Episodes that begin with a death. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household, Person

__all__ = ["deaths_of_carers", "said_of_death"]


def deaths_of_carers(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """The death of each carer of somebody who lived here then, whoever has told of it and however surely. One death is
    one episode, though a hospital, a register and the housing department tell of it on days of their own."""
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            told = said_of_death(carer)
            if not told:
                continue
            died_at = min(fact["at"] for fact in told)
            if person.home_at(died_at) != household.id:
                continue
            keys = [f"death-of-{carer_id}" for carer_id in carer.ids]
            yield Candidate(
                household,
                as_of,
                subject=person.id,
                episode=f"death-of-{carer.id}",
                episode_at=died_at,
                behind=(*told, care),
                person=person,
                carer=carer,
                also=tuple(key for key in keys if not key.endswith(carer.id)),
                answer=answer_to(household, typology, person.ids, *keys),
            )


def said_of_death(person: Person) -> list[Fact]:
    """All that anybody has said of a person's death: registers, and hospitals of a stay that was not cancelled."""
    if "deceased" not in person.facts and "visit.died" not in person.facts:
        return []
    in_hospital = [visit.death for visit in person.visits if visit.death is not None and visit.cancelled is None]
    return [*person.of("deceased"), *in_hospital]
