"""Facts about incidents in a block. Pure."""

from typing import get_args

from contracts.events.community import IncidentKind
from contracts.instants import plus
from services.correlator.episodes import Candidate
from services.correlator.facts.seen import IDS, YES_NO, Seen, fact, one_of
from services.correlator.kinds import INCIDENT

__all__ = ["INCIDENT_WINDOW_DAYS"]

INCIDENT_WINDOW_DAYS = 14
"""Assumed: after a fortnight an incident needs no coordinated response any more; whoever is affected for longer is
somebody's case by then."""


@fact("incident.kind", returns=one_of(*get_args(IncidentKind)), reads=INCIDENT, needs=["incident"])
def incident_kind(candidate: Candidate) -> Seen:
    """What has happened in the block; a code. Source: observers."""
    return Seen((candidate.behind[0]["value"] or {})["kind"], candidate.behind)


@fact("incident.recent", returns=YES_NO, reads=INCIDENT, needs=["incident"])
def incident_recent(candidate: Candidate) -> Seen:
    """Whether it happened within the last 14 days. True or False. Source: observers."""
    until = plus(candidate.episode_at, days=INCIDENT_WINDOW_DAYS)
    return Seen(candidate.as_of < until, candidate.behind, until=until, because="window_over")


@fact("incident.households", returns=IDS, reads=INCIDENT, needs=["incident"])
def incident_households(candidate: Candidate) -> Seen:
    """The households that lived in the block when it happened, as we know it now; a list of ids. Sources: housing,
    observers."""
    return Seen((candidate.behind[0]["value"] or {})["households"], candidate.behind)
