"""Facts about deaths. Pure."""

from services.correlator.episodes import Candidate
from services.correlator.episodes.deaths import said_of_death
from services.correlator.facts.seen import Seen, fact, one_of, part
from services.correlator.kinds import DEATH

__all__: list[str] = []


@fact("carer.death", returns=one_of("confirmed", "reported"), reads=DEATH, needs=["carer"])
def carer_death(candidate: Candidate) -> Seen:
    """How sure it is that the carer has died: confirmed (by a hospital or a register that does so), or reported, which
    waits for a human. Unknown where nobody says so any more. Sources: hospital feed, register, housing."""
    carer = part(candidate.carer)
    confirmed = carer.deceased
    if confirmed is not None:
        return Seen("confirmed", (confirmed,), because="death_confirmed", confidence="confirmed")
    told = said_of_death(carer)
    return Seen("reported" if told else None, told, because="death_not_confirmed", confidence="reported")
