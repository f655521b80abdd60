"""Episodes of a household as a whole. Pure."""

from collections.abc import Iterator

from contracts.instants import day_of
from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household

__all__ = ["composition"]


def composition(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """The household as it has been composed since the last change."""
    if household.half_told or not (facts := household.composition_facts):
        return
    changes = {fact["at"] for fact in facts}
    since = max(changes)
    days = {f"since-{day_of(at).isoformat()}" for at in changes}
    episode = f"since-{day_of(since).isoformat()}"
    yield Candidate(
        household,
        as_of,
        subject=household.id,
        episode=episode,
        episode_at=since,
        behind=tuple(facts),
        also=tuple(days - {episode}),
        answer=answer_to(household, typology, (household.id,), episode),
    )
