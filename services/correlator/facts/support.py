"""Facts about who helps already. Pure."""

from typing import get_args

from contracts.events.register import ServiceKind
from contracts.facts import Fact
from services.correlator.episodes import Candidate
from services.correlator.episodes.services import ALARM
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact, part, some_of
from services.correlator.facts.windows import not_come
from services.correlator.kinds import MEMBERS, SERVICE

__all__ = ["ALARM_FITTED_WITHIN_DAYS"]

ALARM_FITTED_WITHIN_DAYS = 30
"""Assumed: by then an emergency alarm that was applied for is fitted, or something has gone wrong."""


@fact("cover_confirmed_by_a_person", returns=YES_NO, reads=frozenset({"observation"}))
def cover_confirmed(candidate: Candidate) -> Seen:
    """Whether a person has said since the episode began that care at home is covered, or that the carer is back:
    a unit's answer, or an observation. True or False. Sources: units, observers."""
    facts: list[Fact] = []
    answer = candidate.answer
    if answer is not None and (answer["value"] or {}).get("cover_confirmed"):
        facts.append(answer)
    for person, concern in ((candidate.person, "care_covered"), (candidate.carer, "carer_home")):
        if person is not None:
            facts += [
                f
                for f in person.of("observation")
                if (f["value"] or {})["concern"] == concern and f["at"] >= candidate.episode_at
            ]
    return Seen(bool(facts), tuple(facts), because="cover_confirmed")


@fact("services.in_use", returns=some_of(*get_args(ServiceKind)), reads=MEMBERS | SERVICE)
def services_in_use(candidate: Candidate) -> Seen:
    """The welfare services that the person to be helped uses (for a household-wide rule: any member); a list of codes.
    Unknown where the register says nothing of services for them. Under `unless` it keeps a rule from asking for what is
    there already. Source: register."""
    persons = [candidate.person] if candidate.person is not None else candidate.household.members
    services = [f for person in persons for f in person.of("service")]
    active = [f for f in services if (f["value"] or {})["active"]]
    codes = sorted({f["key"] for f in active})
    return Seen(codes if services else None, tuple(active or services), because="now_supported")


@fact("alarm.in_use", returns=YES_NO, reads=SERVICE, needs=["person"])
def alarm_in_use(candidate: Candidate) -> Seen:
    """Whether the person has an emergency alarm. True or False. Unknown where the register says nothing of one.
    Source: register."""
    alarms = [f for f in part(candidate.person).of("service") if f["key"] == ALARM]
    active = [f for f in alarms if (f["value"] or {})["active"]]
    return Seen(bool(active) if alarms else None, active or alarms, because="alarm_in_use")


@fact("alarm.overdue", returns=YES_NO, reads=SERVICE, needs=["person", "service"])
def alarm_overdue(candidate: Candidate) -> Seen:
    """Whether the emergency alarm that was applied for has not been fitted within 30 days. True or False. Source:
    register."""
    active = alarm_in_use(candidate)
    overdue, until = not_come(candidate.episode_at, ALARM_FITTED_WITHIN_DAYS, bool(active.value), candidate.as_of)
    return Seen(overdue, [*candidate.behind, *active.facts], until=until, because="alarm_in_use")


@fact("household.known_support", returns=NUMBER, reads=MEMBERS | {"service"})
def known_support(candidate: Candidate) -> Seen:
    """How many welfare services the members are known to use (an emergency alarm alone is no support by a person).
    Unknown where the register says nothing of services for any member. Source: register."""
    if "service" not in candidate.household.kinds:
        return Seen(None, because="now_supported")
    services = [f for member in candidate.household.members for f in member.of("service")]
    active = [f for f in services if (f["value"] or {})["active"] and f["key"] != ALARM]
    return Seen(len(active) if services else None, tuple(active or services), because="now_supported")
