"""Facts about what is still to come, or has not come. Pure."""

from services.correlator.episodes import Candidate
from services.correlator.facts.seen import YES_NO, Seen, fact
from services.correlator.kinds import ABSENCE

__all__: list[str] = []


@fact("absence.still_to_come_or_on", returns=YES_NO, reads=ABSENCE, needs=["absence"])
def absence_ahead(candidate: Candidate) -> Seen:
    """Whether the planned absence has not ended yet. True or False. Sources: register, hotline."""
    absence = candidate.behind[0]
    ends_at = (absence["value"] or {})["ends_at"]
    return Seen(candidate.as_of < ends_at, (absence,), until=ends_at, because="absence_over")
