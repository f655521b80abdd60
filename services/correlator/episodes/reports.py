"""Episodes that begin with what somebody noticed, or has told of themselves. Pure.

What is reported is never put together with anything else here: a report of violence, of a child at risk or of a crisis
is an episode because somebody has said so, and for no other reason.
"""

from collections.abc import Iterator, Mapping

from contracts.facts import Fact
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.episodes.runs import runs
from services.correlator.kinds import CONTACT, OBSERVATION
from services.correlator.view import Household, Person

__all__ = ["ATTEMPTS_WINDOW_DAYS", "CALLED_FOR", "attempt_runs", "protected", "reports"]

ATTEMPTS_WINDOW_DAYS = 30
"""Assumed: visits in vain that lie closer together than a month are one episode."""

CALLED_FOR: Mapping[str, str] = {
    "violence": "violence_reported",
    "child_at_risk": "child_at_risk_reported",
    "mental_health_crisis": "mental_health_crisis_reported",
    "youth_distress": "youth_distress_reported",
}
"""Topics of a call that are a report by the caller, and the concern that an observer would name."""


PROTECTED = frozenset({"violence_reported", "child_at_risk_reported"})
"""Concerns after which nobody may learn from us where the household lives, or has moved to."""


def protected(household: Household) -> bool:
    """Whether violence or a child at risk has ever been reported here, by whomever."""
    if (OBSERVATION | CONTACT).isdisjoint(household.kinds):
        return False
    told = [fact for person in household.persons.values() for fact in person.of("contact")]
    if any(CALLED_FOR.get(topic) in PROTECTED for fact in told for topic in (fact["value"] or {})["topics"]):
        return True
    noticed = [fact for person in household.persons.values() for fact in person.of("observation")]
    noticed += household.of_flat("observation")
    return any((fact["value"] or {})["concern"] in PROTECTED for fact in noticed)


def reports(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each observation of a person who lived here then, each of this flat, and each call that is a report."""
    for person in household.living:
        for fact in (*person.of("observation"), *person.of("contact")):
            if fact["kind"] == "contact" and CALLED_FOR.keys().isdisjoint((fact["value"] or {})["topics"]):
                continue
            if person.home_at(fact["at"]) == household.id:
                yield _report(household, as_of, typology, fact, person)
    for fact in household.of_flat("observation"):
        yield _report(household, as_of, typology, fact, None)


def _report(household: Household, as_of: str, typology: str, fact: Fact, person: Person | None) -> Candidate:
    subjects = (household.id,) if person is None else person.ids
    return Candidate(
        household,
        as_of,
        subject=household.id if person is None else person.id,
        episode=fact["key"],
        episode_at=fact["at"],
        behind=(fact,),
        person=person,
        answer=answer_to(household, typology, subjects, fact["key"]),
    )


def attempt_runs(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Visits to this home at which nobody opened, whomever they were to, in runs without a gap of more than
    `ATTEMPTS_WINDOW_DAYS`."""
    attempts = [
        fact
        for person in household.living
        for fact in person.of("observation")
        if _in_vain(fact) and person.home_at(fact["at"]) == household.id
    ]
    attempts += [fact for fact in household.of_flat("observation") if _in_vain(fact)]
    yield from runs(household, as_of, typology, None, attempts, ATTEMPTS_WINDOW_DAYS)


def _in_vain(fact: Fact) -> bool:
    return bool((fact["value"] or {})["concern"] == "no_answer")
