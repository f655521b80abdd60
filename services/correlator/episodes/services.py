"""Episodes of services that end, or that do not begin. Pure."""

from collections.abc import Iterator

from contracts.facts import Fact
from contracts.instants import day_of
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household, Person

__all__ = ["ALARM", "alarm_applications", "alarms_ended"]

ALARM = "emergency_alarm"


def alarms_ended(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each emergency alarm that has been given up by somebody who lived here then."""
    for person in household.living:
        for fact in person.of("service"):
            if fact["key"] == ALARM and not (fact["value"] or {})["active"]:
                yield from _of_alarm(household, as_of, typology, fact, person)


def alarm_applications(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each application for an emergency alarm by somebody who lived here then."""
    for person in household.living:
        for fact in person.of("application"):
            if fact["key"] == ALARM:
                yield from _of_alarm(household, as_of, typology, fact, person)


def _of_alarm(household: Household, as_of: str, typology: str, fact: Fact, person: Person) -> Iterator[Candidate]:
    if person.home_at(fact["at"]) != household.id:
        return
    episode = f"since-{day_of(fact['at']).isoformat()}"
    yield Candidate(
        household,
        as_of,
        subject=person.id,
        episode=episode,
        episode_at=fact["at"],
        behind=(fact,),
        person=person,
        answer=answer_to(household, typology, person.ids, episode),
    )
