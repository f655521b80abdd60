"""Episodes that concern a whole block. Pure."""

from collections.abc import Iterator

from services.correlator.episodes.candidate import Candidate, answer_to
from services.correlator.view import Household

__all__ = ["incidents"]


def incidents(household: Household, as_of: str, typology: str) -> Iterator[Candidate]:
    """Each incident in a block; told to the block's own household alone, so that one coordinated response is asked for
    and not one for each of the households concerned."""
    for fact in household.of_flat("incident"):
        block = (fact["value"] or {})["block"]
        yield Candidate(
            household,
            as_of,
            subject=block,
            episode=fact["key"],
            episode_at=fact["at"],
            behind=(fact,),
            answer=answer_to(household, typology, (block,), fact["key"]),
        )
