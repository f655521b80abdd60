"""Episodes: what a rule is asked about, with natural keys that never depend on what arrived first. Pure.

Each enumerator lists the candidates of one kind in a household. A candidate belongs to exactly one household, so that
each flag has one writer: that of the person to be helped *when the episode began*. So a flag stays where it was
raised when the person, the carer or the household moves in its course.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from contracts.facts import Fact
from contracts.ids import flag_id
from contracts.instants import day_of, plus
from services.correlator.view import Household, Person, Visit

__all__ = ["EPISODES", "STRAIN_WINDOW_DAYS", "Candidate", "Enumerator"]

STRAIN_WINDOW_DAYS = 14
"""Contacts about strain that lie closer together than this are one episode."""

STRAIN_TOPICS = frozenset({"emotional", "care"})
"""Two of the three needs that callers of the hotline name most: emotional 37 %, care 14 % (figures.md)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One subject in one episode: what a rule's clauses look at."""

    household: Household
    as_of: str
    typology: str
    subject: str
    episode: str
    episode_at: str
    behind: tuple[Fact, ...]
    person: Person | None = None
    carer: Person | None = None
    visit: Visit | None = None

    @property
    def flag_id(self) -> str:
        """One flag for each subject, typology and episode, in the household where the episode began."""
        return self._flag_of(self.subject)

    def _flag_of(self, subject: str) -> str:
        return flag_id(subject, self.typology, f"{self.episode}@{self.household.id}")

    @property
    def answer(self) -> Fact | None:
        """What people have answered to the flag's tasks so far, under any id that the person had then: a merge of
        identities takes no answer back."""
        subjects = self.person.ids if self.person is not None else (self.subject,)
        answers = [self.household.answers.get(self._flag_of(subject)) for subject in subjects]
        return max(
            (answer for answer in answers if answer is not None),
            key=lambda answer: (bool((answer["value"] or {}).get("closed")), tuple(answer["version"])),
            default=None,
        )

    @property
    def received_at(self) -> str:
        """When the latest of the events behind the episode came in."""
        return max(fact["received"] for fact in self.behind)


Enumerator = Callable[[Household, str, str], Iterator[Candidate]]
"""`(household, as_of, typology) -> candidates`."""


def _visits_of_carers(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for visit in carer.visits:
                if visit.admitted is None or person.home_at(visit.admitted["at"]) != household.id:
                    continue
                yield Candidate(
                    household,
                    as_of,
                    typology,
                    subject=person.id,
                    episode=visit.id,
                    episode_at=visit.admitted["at"],
                    behind=(visit.admitted, care),
                    person=person,
                    carer=carer,
                    visit=visit,
                )


def _composition(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    if household.half_told or not (facts := household.composition_facts):
        return
    since = max(fact["at"] for fact in facts)
    yield Candidate(
        household,
        as_of,
        typology,
        subject=household.id,
        episode=f"since-{day_of(since).isoformat()}",
        episode_at=since,
        behind=tuple(facts),
    )


def _strain_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.persons.values():
        contacts = sorted((f for f in person.of("contact") if _about_strain(f)), key=lambda f: (f["at"], f["key"]))
        while contacts:
            run = _leading_run(contacts)
            first = run[0]
            candidate = Candidate(
                household,
                as_of,
                typology,
                subject=person.id,
                episode=first["key"],
                episode_at=first["at"],
                behind=tuple(run),
                person=person,
            )
            answered = candidate.answer
            if answered is not None and (answered["value"] or {}).get("closed"):
                # What comes in after a person's answer is a new episode: it always re-arms. By when it came in, not by
                # when the call was: whoever answered did not know of it.
                run = [f for f in run if f["received"] <= answered["at"]] or [first]
            contacts = [contact for contact in contacts if contact not in run]
            if person.home_at(first["at"]) == household.id:
                yield replace(candidate, behind=tuple(run))


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


def _dangerous_contacts(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.persons.values():
        for contact in sorted(person.of("contact"), key=lambda f: f["key"]):
            if (contact["value"] or {})["immediate_danger"] and person.home_at(contact["at"]) == household.id:
                yield Candidate(
                    household,
                    as_of,
                    typology,
                    subject=person.id,
                    episode=contact["key"],
                    episode_at=contact["at"],
                    behind=(contact,),
                    person=person,
                )


def _planned_absences(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for absence in sorted(carer.of("absence"), key=lambda f: f["key"]):
                starts_at = (absence["value"] or {})["starts_at"]
                if person.home_at(starts_at) == household.id:
                    yield Candidate(
                        household,
                        as_of,
                        typology,
                        subject=person.id,
                        episode=absence["key"],
                        episode_at=starts_at,
                        behind=(absence, care),
                        person=person,
                        carer=carer,
                    )


EPISODES: Mapping[str, tuple[str, Enumerator]] = {
    "hospital_visit": ("cared_for_person", _visits_of_carers),
    "composition": ("household", _composition),
    "strain_run": ("person", _strain_runs),
    "dangerous_contact": ("person", _dangerous_contacts),
    "planned_absence": ("cared_for_person", _planned_absences),
}
"""The kinds of episode a rule may name, each with its kind of subject."""
