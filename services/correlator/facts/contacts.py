"""Facts about calls to the hotline. Pure."""

from services.correlator.episodes import Candidate
from services.correlator.episodes.contacts import STRAIN_WINDOW_DAYS
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, one_of
from services.correlator.facts.windows import gaps_in_days, most_within
from services.correlator.kinds import CONTACT

__all__: list[str] = []

_GRAVITY = ("routine", "raised", "grave")


@fact("contacts.most_in_14_days", returns=NUMBER, reads=CONTACT, needs=["contacts"])
def most_in_14_days(candidate: Candidate) -> Seen:
    """The largest number of this episode's contacts about strain within any 14 days. Source: hotline."""
    run = candidate.behind
    return Seen(most_within([contact["at"] for contact in run], STRAIN_WINDOW_DAYS), run)


@fact("contacts.gravest", returns=one_of(*_GRAVITY), reads=CONTACT, needs=["contacts"])
def gravest(candidate: Candidate) -> Seen:
    """The gravest assessment among this episode's contacts: routine, raised or grave. Source: hotline."""
    worst = max(candidate.behind, key=lambda f: (_GRAVITY.index((f["value"] or {})["gravity"]), f["at"], f["key"]))
    return Seen((worst["value"] or {})["gravity"], (worst,))


@fact("contacts.trend", returns=one_of("rising", "steady", "falling"), reads=CONTACT, needs=["contacts"])
def trend(candidate: Candidate) -> Seen:
    """Whether this episode's contacts grow graver: rising, steady or falling. By the assessment of the last against the
    first; where those are equal, rising if the last came after less than half the time that lay between the first two,
    falling if after more than double. Source: hotline."""
    run = candidate.behind
    first, *_, last = [_GRAVITY.index((contact["value"] or {})["gravity"]) for contact in (*run, run[-1])]
    if first != last:
        return Seen("rising" if last > first else "falling", (run[0], run[-1]))
    gaps = gaps_in_days([contact["at"] for contact in run])
    if len(gaps) > 1 and gaps[-1] < gaps[0] / 2:
        return Seen("rising", run)
    return Seen("falling" if len(gaps) > 1 and gaps[-1] > gaps[0] * 2 else "steady", run)


@fact("contact.immediate_danger", returns=YES_NO, reads=CONTACT, needs=["contacts"])
def immediate_danger(candidate: Candidate) -> Seen:
    """Whether the contact was assessed as immediate danger. True or False. Source: hotline."""
    contact = candidate.behind[0]
    return Seen((contact["value"] or {})["immediate_danger"], (contact,))
