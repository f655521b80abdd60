"""Facts about calls to the hotline. Pure."""

from contracts.instants import plus
from services.correlator.episodes import Candidate
from services.correlator.episodes.contacts import STRAIN_WINDOW_DAYS
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, one_of
from services.correlator.kinds import CONTACT

__all__: list[str] = []

_GRAVITY = ("routine", "raised", "grave")


@fact("contacts.most_in_14_days", returns=NUMBER, reads=CONTACT, needs=["contacts"])
def most_in_14_days(candidate: Candidate) -> Seen:
    """The largest number of this episode's contacts about strain within any 14 days. Source: hotline."""
    run = candidate.behind
    most = max(
        sum(1 for other in run[i:] if other["at"] <= plus(first["at"], days=STRAIN_WINDOW_DAYS))
        for i, first in enumerate(run)
    )
    return Seen(most, run)


@fact("contacts.gravest", returns=one_of(*_GRAVITY), reads=CONTACT, needs=["contacts"])
def gravest(candidate: Candidate) -> Seen:
    """The gravest assessment among this episode's contacts: routine, raised or grave. Source: hotline."""
    worst = max(candidate.behind, key=lambda f: (_GRAVITY.index((f["value"] or {})["gravity"]), f["at"], f["key"]))
    return Seen((worst["value"] or {})["gravity"], (worst,))


@fact("contact.immediate_danger", returns=YES_NO, reads=CONTACT, needs=["contacts"])
def immediate_danger(candidate: Candidate) -> Seen:
    """Whether the contact was assessed as immediate danger. True or False. Source: hotline."""
    contact = candidate.behind[0]
    return Seen((contact["value"] or {})["immediate_danger"], (contact,))
