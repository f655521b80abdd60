"""Episodes of calls to the hotline. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from contracts.instants import plus
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household

__all__ = ["STRAIN_WINDOW_DAYS", "dangerous_contacts", "strain_runs"]

STRAIN_WINDOW_DAYS = 14
"""Contacts about strain that lie closer together than this are one episode."""

STRAIN_TOPICS = frozenset({"emotional", "care"})
"""Two of the three needs that callers of the hotline name most: emotional 37 %, care 14 % (figures.md)."""


def strain_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each caller's contacts about strain, in runs without a gap of more than `STRAIN_WINDOW_DAYS`."""
    for person in household.persons.values():
        contacts = sorted((f for f in person.of("contact") if _about_strain(f)), key=lambda f: (f["at"], f["key"]))
        while contacts:
            run = _leading_run(contacts)
            answered = _closing(household, typology, person.ids, run)
            if answered is not None:
                # What comes in after a person's answer is a new episode: it always re-arms. By when it came in, not by
                # when the call was: whoever answered did not know of it.
                run = [f for f in run if f["received"] <= answered["at"]] or run[:1]
            else:
                answered = answer_to(household, typology, person.ids, *[f["key"] for f in run])
            first = run[0]
            contacts = [contact for contact in contacts if contact not in run]
            if person.home_at(first["at"]) == household.id:
                yield Candidate(
                    household,
                    as_of,
                    subject=person.id,
                    episode=first["key"],
                    episode_at=first["at"],
                    behind=tuple(run),
                    person=person,
                    also=tuple([f["key"] for f in run[1:]]),
                    answer=answered,
                )


def _closing(household: Household, typology: str, ids: tuple[str, ...], run: list[Fact]) -> Fact | None:
    """The answer that closed a run, under whichever call was the first that was known of then."""
    for contact in run if household.answers else ():
        answered = answer_to(household, typology, ids, contact["key"])
        if answered is not None and (answered["value"] or {}).get("closed"):
            return answered
    return None


def _about_strain(fact: Fact) -> bool:
    value = fact["value"] or {}
    return value["gravity"] != "routine" or bool(STRAIN_TOPICS & set(value["topics"]))


def _leading_run(contacts: list[Fact]) -> list[Fact]:
    run = contacts[:1]
    for contact in contacts[1:]:
        if contact["at"] > plus(run[-1]["at"], days=STRAIN_WINDOW_DAYS):
            break
        run.append(contact)
    return run


def dangerous_contacts(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each contact that was assessed as immediate danger."""
    for person in household.persons.values():
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
