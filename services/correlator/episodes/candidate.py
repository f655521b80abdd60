"""What an episode is: one subject in one course of events, with a natural key that never depends on what arrived
first. Pure.

Each enumerator lists the candidates of one kind in a household. A candidate belongs to exactly one household, so that
each flag has one writer: that of the person to be helped *when the episode began*. So a flag stays where it was
raised when the person, the carer or the household moves in its course.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.facts import Fact
from contracts.ids import flag_id
from services.correlator.kinds import Kinds
from services.correlator.view import Household, Person, Visit

__all__ = ["Candidate", "Enumerator", "EpisodeKind", "Part", "answer_to", "flag_of"]

Part = Literal[
    "person", "carer", "visit", "contacts", "absence", "homecoming", "report", "attempts", "service", "incident"
]
"""What the candidates of some kinds of episode have, and facts may need: a person to be helped, their carer, the stay
in hospital of a carer or co-resident; and what `behind` begins with: contacts, a planned absence, the person's own
discharge, a report (an observation or a call), visits in vain, what the register says of a service, an incident."""


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
    """Who cares, or the other one of two who live together."""
    visit: Visit | None = None
    also: tuple[str, ...] = ()
    """Other keys under which this same episode may have been told before more was known: of the later calls of a run,
    of a stay's other visits. They never name it."""
    answer: Fact | None = None
    """What people have answered to the flag's tasks so far, under any id that the person had then: a merge of
    identities takes no answer back."""
    seen: dict[str, Any] = field(default_factory=dict)

    def flags_of(self, typology: str) -> list[str]:
        """Every flag id under which this need may stand or have stood, of whichever id the person had then."""
        subjects = (self.subject,) if self.person is None else self.person.ids
        episodes = (self.episode, *self.also)
        return [flag_of(self.household.id, typology, subject, key) for subject in subjects for key in episodes]

    @property
    def received_at(self) -> str:
        """When the latest of the events behind the episode came in."""
        return max(fact["received"] for fact in self.behind)


def flag_of(household: str, typology: str, subject: str, episode: str) -> str:
    """One flag for each subject, typology and episode, in the household where the episode began."""
    return flag_id(subject, typology, f"{episode}@{household}")


def answer_to(household: Household, typology: str, subjects: tuple[str, ...], *episodes: str) -> Fact | None:
    """What people have answered to the flag of any of these ids of one subject, under any of these keys of one
    episode; the last word prevails, one that closed the flag over others."""
    if not household.answers:
        return None
    names = [flag_of(household.id, typology, subject, episode) for subject in subjects for episode in episodes]
    answers = [household.answers.get(name) for name in names]
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
    There is none where a household knows no fact of any kind in one of the sets of `needs`. `parts`: what its
    candidates have."""

    subject: str
    enumerate: Enumerator
    reads: Kinds
    needs: tuple[Kinds, ...]
    parts: frozenset[Part]

    def possible(self, kinds: Kinds) -> bool:
        """Whether a household that knows facts of these kinds may have such an episode."""
        return not any(need.isdisjoint(kinds) for need in self.needs)
