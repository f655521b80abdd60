"""Facts about what somebody noticed, or has told of themselves. Pure."""

from typing import get_args

from contracts.events.community import Concern, Observer
from contracts.instants import plus
from services.correlator.episodes import Candidate
from services.correlator.episodes.reports import ATTEMPTS_WINDOW_DAYS, CALLED_FOR
from services.correlator.facts.hospital import keeps_away
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, one_of
from services.correlator.facts.windows import most_within
from services.correlator.kinds import CONTACT, MEMBERS, OBSERVATION
from services.correlator.membership import members_at

__all__: list[str] = []

NOBODY_MET = frozenset({"no_answer", "not_seen", "hidden_household"})
"""Concerns of people who have met nobody."""


@fact("report.concern", returns=one_of(*get_args(Concern)), reads=OBSERVATION | CONTACT, needs=["report"])
def report_concern(candidate: Candidate) -> Seen:
    """What was reported, as an observer names it; a code. Of a call that reports several things, the gravest. Sources:
    observers, hotline."""
    report = candidate.behind[0]
    value = report["value"] or {}
    if report["kind"] == "observation":
        return Seen(value["concern"], candidate.behind)
    return Seen(next(concern for topic, concern in CALLED_FOR.items() if topic in value["topics"]), candidate.behind)


@fact("report.by", returns=one_of(*get_args(Observer)), reads=OBSERVATION | CONTACT, needs=["report"])
def report_by(candidate: Candidate) -> Seen:
    """Who reported it; a code. Somebody's own call is by self. Sources: observers, hotline."""
    report = candidate.behind[0]
    return Seen("self" if report["kind"] == "contact" else (report["value"] or {})["by"], candidate.behind)


@fact("report.days", returns=NUMBER, reads=OBSERVATION, needs=["report"])
def report_days(candidate: Candidate) -> Seen:
    """For how many days somebody has not been seen. Unknown where the report does not say. Source: observers."""
    return Seen((candidate.behind[0]["value"] or {}).get("days"), candidate.behind)


@fact("report.explained_by_hospital", returns=YES_NO, reads=OBSERVATION | CONTACT | MEMBERS, needs=["report"])
def explained_by_hospital(candidate: Candidate) -> Seen:
    """Whether the hospital knows why nobody was seen: all whom the report is about have been in hospital in the days of
    which it speaks, or are now. True or False. Unknown where nobody is known to have lived there. Sources: hospital
    feed, housing."""
    report = candidate.behind[0]
    since = plus(report["at"], days=-((report["value"] or {}).get("days") or 0))
    about = [candidate.person] if candidate.person is not None else members_at(candidate.household, report["at"])
    if not about:
        return Seen(None)
    stays = [[visit for visit in person.visits if keeps_away(visit, since, report["at"])] for person in about]
    facts = [fact for of_one in stays for visit in of_one for fact in visit.facts]
    return Seen(all(stays), facts, because="in_hospital")


@fact("attempts.most_in_30_days", returns=NUMBER, reads=OBSERVATION, needs=["attempts"])
def attempts_most_in_30_days(candidate: Candidate) -> Seen:
    """The largest number of this episode's visits in vain within any 30 days. Source: observers."""
    run = candidate.behind
    return Seen(most_within([fact["at"] for fact in run], ATTEMPTS_WINDOW_DAYS), run)


@fact("attempts.met_since", returns=YES_NO, reads=OBSERVATION | CONTACT | MEMBERS, needs=["attempts"])
def met_since(candidate: Candidate) -> Seen:
    """Whether somebody of this household has been met, or has called, since the last visit in vain. True or False.
    Sources: observers, hotline."""
    household, last = candidate.household, candidate.behind[-1]["at"]
    told = [f for member in household.members for f in (*member.of("observation"), *member.of("contact"))]
    facts = [
        fact
        for fact in (*told, *household.of_flat("observation"))
        if fact["at"] > last and (fact["value"] or {}).get("concern") not in NOBODY_MET
    ]
    return Seen(bool(facts), facts, because="met_since")
