"""Episodes: what a rule is asked about, with natural keys that never depend on what arrived first. Pure.

Each enumerator lists the candidates of one kind in a household. A candidate belongs to exactly one household, so that
each flag has one writer: that of the person to be helped *when the episode began*. So a flag stays where it was
raised when the person, the carer or the household moves in its course.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.facts import Fact
from contracts.ids import flag_id
from contracts.instants import day_of, plus
from services.correlator.kinds import ABSENCE, CARE, CONTACT, DEATH, MEMBERS, STAYS, VISITS, Kinds
from services.correlator.view import Household, Person, Visit

__all__ = ["EPISODES", "STRAIN_WINDOW_DAYS", "Candidate", "Enumerator", "EpisodeKind", "flag_of"]

STRAIN_WINDOW_DAYS = 14
"""Contacts about strain that lie closer together than this are one episode."""

STRAIN_TOPICS = frozenset({"emotional", "care"})
"""Two of the three needs that callers of the hotline name most: emotional 37 %, care 14 % (figures.md)."""


@dataclass(slots=True, eq=False)
class Candidate:
    """One subject in one episode: what rules' clauses look at. Rules that ask about the same episodes share it, and
    what was `seen` of it, by the facts' names. (Not frozen: that would triple the cost of making one.)"""

    household: Household
    as_of: str
    subject: str
    episode: str
    episode_at: str
    behind: tuple[Fact, ...]
    person: Person | None = None
    carer: Person | None = None
    visit: Visit | None = None
    answer: Fact | None = None
    """What people have answered to the flag's tasks so far, under any id that the person had then: a merge of
    identities takes no answer back."""
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def received_at(self) -> str:
        """When the latest of the events behind the episode came in."""
        return max(fact["received"] for fact in self.behind)


def flag_of(household: str, typology: str, subject: str, episode: str) -> str:
    """One flag for each subject, typology and episode, in the household where the episode began."""
    return flag_id(subject, typology, f"{episode}@{household}")


def _answer(household: Household, typology: str, subjects: tuple[str, ...], episode: str) -> Fact | None:
    if not household.answers:
        return None
    answers = [household.answers.get(flag_of(household.id, typology, subject, episode)) for subject in subjects]
    return max(
        (answer for answer in answers if answer is not None),
        key=lambda answer: (bool((answer["value"] or {}).get("closed")), answer["version"]),
        default=None,
    )


Enumerator = Callable[[Household, str, str], Iterator[Candidate]]
"""`(household, as_of, typology) -> candidates`. The typology matters only for what people have answered: in a
household without answers the candidates are the same for all."""


@dataclass(frozen=True, slots=True)
class EpisodeKind:
    """A kind of episode that rules may name: whom it is about, how it is enumerated, and from which kinds of facts.
    There is none where a household knows no fact of any kind in one of the sets of `needs`."""

    subject: str
    enumerate: Enumerator
    reads: Kinds
    needs: tuple[Kinds, ...]

    def possible(self, kinds: Kinds) -> bool:
        """Whether a household that knows facts of these kinds may have such an episode."""
        return not any(need.isdisjoint(kinds) for need in self.needs)


def _visits_of_carers(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.cared_for:
        for carer, care in household.carers_of(person):
            for visit in carer.visits:
                admitted = visit.admitted
                if admitted is None or person.home_at(admitted["at"]) != household.id:
                    continue
                yield Candidate(
                    household,
                    as_of,
                    subject=person.id,
                    episode=visit.id,
                    episode_at=admitted["at"],
                    behind=(admitted, care),
                    person=person,
                    carer=carer,
                    visit=visit,
                    answer=_answer(household, typology, person.ids, visit.id),
                )


def _composition(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    if household.half_told or not (facts := household.composition_facts):
        return
    since = max([fact["at"] for fact in facts])
    episode = f"since-{day_of(since).isoformat()}"
    yield Candidate(
        household,
        as_of,
        subject=household.id,
        episode=episode,
        episode_at=since,
        behind=tuple(facts),
        answer=_answer(household, typology, (household.id,), episode),
    )


def _strain_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    for person in household.persons.values():
        contacts = sorted((f for f in person.of("contact") if _about_strain(f)), key=lambda f: (f["at"], f["key"]))
        while contacts:
            run = _leading_run(contacts)
            first = run[0]
            answered = _answer(household, typology, person.ids, first["key"])
            if answered is not None and (answered["value"] or {}).get("closed"):
                # What comes in after a person's answer is a new episode: it always re-arms. By when it came in, not by
                # when the call was: whoever answered did not know of it.
                run = [f for f in run if f["received"] <= answered["at"]] or [first]
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
                    answer=answered,
                )


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
                    subject=person.id,
                    episode=contact["key"],
                    episode_at=contact["at"],
                    behind=(contact,),
                    person=person,
                    answer=_answer(household, typology, person.ids, contact["key"]),
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
                        subject=person.id,
                        episode=absence["key"],
                        episode_at=starts_at,
                        behind=(absence, care),
                        person=person,
                        carer=carer,
                        answer=_answer(household, typology, person.ids, absence["key"]),
                    )


EPISODES: Mapping[str, EpisodeKind] = {
    "hospital_visit": EpisodeKind(
        "cared_for_person", _visits_of_carers, CARE | VISITS | STAYS, (CARE, frozenset({"visit.admitted"}))
    ),
    "composition": EpisodeKind("household", _composition, MEMBERS | {"occupancy.start"}, (STAYS | DEATH,)),
    "strain_run": EpisodeKind("person", _strain_runs, CONTACT | STAYS, (CONTACT,)),
    "dangerous_contact": EpisodeKind("person", _dangerous_contacts, CONTACT | STAYS, (CONTACT,)),
    "planned_absence": EpisodeKind("cared_for_person", _planned_absences, CARE | ABSENCE | STAYS, (CARE, ABSENCE)),
}
"""The kinds of episode a rule may name."""
