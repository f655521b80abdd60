"""Episodes of calls to the hotline. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.episodes.runs import runs
from services.correlator.view import Household

__all__ = ["STRAIN_WINDOW_DAYS", "dangerous_contacts", "strain_runs"]

STRAIN_WINDOW_DAYS = 14
"""Contacts about strain that lie closer together than this are one episode."""

STRAIN_TOPICS = frozenset({"emotional", "care"})
"""Two of the three needs that callers of the hotline name most: emotional 37 %, care 14 % (figures.md)."""


def strain_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each caller's contacts about strain, in runs without a gap of more than `STRAIN_WINDOW_DAYS`."""
    for person in household.living:
        contacts = [contact for contact in person.of("contact") if _about_strain(contact)]
        for run in runs(household, as_of, typology, person, contacts, STRAIN_WINDOW_DAYS):
            if person.home_at(run.episode_at) == household.id:
                yield run


def _about_strain(fact: Fact) -> bool:
    value = fact["value"] or {}
    return value["gravity"] != "routine" or bool(STRAIN_TOPICS & set(value["topics"]))


def dangerous_contacts(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each contact that was assessed as immediate danger."""
    for person in household.living:
        for contact in sorted(person.of("contact"), key=lambda f: f["key"]):
            if (contact["value"] or {})["immediate_danger"] and person.home_at(contact["at"]) == household.id:
                yield Candidate(
                    household,
                    as_of,
                    subject=person.id,
                    episode=contact["key"],
                    episode_at=contact["at"],
                    behind=(contact,),
                    person=person,
                    answer=answer_to(household, typology, person.ids, contact["key"]),
                )
