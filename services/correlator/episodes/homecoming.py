"""Episodes of stays in hospital of the persons to be helped themselves, and of who lives with them. Pure."""

from collections.abc import Iterator

from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.episodes.hospital import of_stay
from services.correlator.episodes.runs import runs
from services.correlator.membership import members_at
from services.correlator.view import Household

__all__ = ["ADMISSIONS_WINDOW_DAYS", "admission_runs", "homecomings", "visits_of_couples"]

ADMISSIONS_WINDOW_DAYS = 90
"""Assumed: admissions of one person that lie closer together than a quarter of a year are one episode. (Readmission is
counted over 28 or 30 days where a hospital's work is judged, over months where need at home is.)"""


def homecomings(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each return from hospital of somebody who has a carer, to a home here."""
    for person in household.cared_for:
        for visit in person.visits:
            if (home := visit.discharged) is None or visit.died or visit.cancelled is not None:
                continue
            if person.home_at(home["at"]) != household.id:
                continue
            carers = household.carers_of(person)
            yield Candidate(
                household,
                as_of,
                subject=person.id,
                episode=visit.id,
                episode_at=home["at"],
                behind=(home, *(care for _, care in carers)),
                person=person,
                also=visit.also,
                answer=answer_to(household, typology, person.ids, visit.id, *visit.also),
            )


def visits_of_couples(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each stay of one of two who lived here together when it began; the subject is the other one."""
    for admitted in household.persons.values():
        for visit in admitted.visits:
            if visit.admitted is None or admitted.home_at(began := visit.admitted["at"]) != household.id:
                continue
            lived_here = members_at(household, began)
            if len(lived_here) != 2 or admitted not in lived_here:
                continue
            person = next(member for member in lived_here if member is not admitted)
            if person.deceased is not None:
                continue
            told = (visit.admitted, *person.joined(household.id))
            yield of_stay(household, as_of, typology, person, admitted, visit, told)


def admission_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each person's admissions, in runs without a gap of more than `ADMISSIONS_WINDOW_DAYS`."""
    for person in household.living:
        admissions = [v.admitted for v in person.visits if v.admitted is not None and v.cancelled is None]
        for run in runs(household, as_of, typology, person, admissions, ADMISSIONS_WINDOW_DAYS):
            if person.home_at(run.episode_at) == household.id:
                yield run
