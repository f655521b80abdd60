"""Runs: things of one sort that happen again and again, without a long gap, are one episode. Pure."""

from collections.abc import Iterator, Sequence

from contracts.facts import Fact
from contracts.instants import plus
from services.correlator.episodes.candidate import Candidate, answer_to, flag_of
from services.correlator.view import Household, Person

__all__ = ["runs"]


def runs(
    household: Household, as_of: str, typology: str, person: Person | None, facts: Sequence[Fact], days: float
) -> Iterator[Candidate]:
    """The runs of `facts` without a gap of more than `days`, of a person (None: of the household), each with what
    people have answered to its flag. It is named after its first fact's key; a key of a later one may have named it
    before the first was known."""
    subjects = (household.id,) if person is None else person.ids
    left = sorted(facts, key=lambda fact: (fact["at"], fact["key"]))
    while left:
        run = _leading_run(left, days)
        answered = _closing(household, typology, subjects, run)
        if answered is not None:
            # What comes in after a person's answer is a new episode: it always re-arms. By when it came in, not by
            # when it happened: whoever answered did not know of it.
            flags = {answered["key"], *(answered["value"] or {}).get("also", ())}
            run = [
                fact
                for fact in run
                if fact["received"] <= answered["at"]
                or not flags.isdisjoint(flag_of(household.id, typology, subject, fact["key"]) for subject in subjects)
            ]
        else:
            answered = answer_to(household, typology, subjects, *[fact["key"] for fact in run])
        left = [fact for fact in left if fact not in run]
        yield Candidate(
            household,
            as_of,
            subject=household.id if person is None else person.id,
            episode=run[0]["key"],
            episode_at=run[0]["at"],
            behind=tuple(run),
            person=person,
            also=tuple([fact["key"] for fact in run[1:]]),
            answer=answered,
        )


def _leading_run(facts: list[Fact], days: float) -> list[Fact]:
    run = facts[:1]
    for fact in facts[1:]:
        if fact["at"] > plus(run[-1]["at"], days=days):
            break
        run.append(fact)
    return run


def _closing(household: Household, typology: str, subjects: tuple[str, ...], run: list[Fact]) -> Fact | None:
    """The answer that closed a run, under whichever fact was the first that was known of then."""
    for fact in run if household.answers else ():
        answered = answer_to(household, typology, subjects, fact["key"])
        if answered is not None and (answered["value"] or {}).get("closed"):
            return answered
    return None
