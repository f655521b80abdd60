"""Where a household is: its flat, else as the register says, else as what is behind the episode says. Pure."""

from contracts.facts import Fact
from services.correlator.episodes import Candidate

__all__ = ["place_of"]


def place_of(candidate: Candidate) -> tuple[str | None, str | None, Fact | None]:
    """(district, estate, the fact that says so)."""
    household = candidate.household
    if (address := household.address) is not None:
        value = address["value"] or {}
        return value["district"], value["estate"], address
    for person in (candidate.person, *household.members):
        residence = person.one("residence") if person is not None else None
        if residence is not None:
            return (residence["value"] or {})["district"], None, residence
    for fact in candidate.behind:  # a call, a flat of which nobody knows who lives there, a block
        if district := (fact["value"] or {}).get("district"):
            return district, (fact["value"] or {}).get("estate"), fact
    return None, None, None
