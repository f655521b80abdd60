"""Facts about who helps already. Pure."""

from contracts.facts import Fact
from services.correlator.episodes import Candidate
from services.correlator.facts.seen import NUMBER, YES_NO, Seen, fact
from services.correlator.kinds import MEMBERS

__all__: list[str] = []


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


@fact("household.known_support", returns=NUMBER, reads=MEMBERS | {"service"})
def known_support(candidate: Candidate) -> Seen:
    """How many welfare services the members are known to use (an emergency alarm alone is no support by a person).
    Unknown where the register says nothing of services for any member. Source: register."""
    if "service" not in candidate.household.kinds:
        return Seen(None, because="now_supported")
    services = [f for member in candidate.household.members for f in member.of("service")]
    active = [f for f in services if (f["value"] or {})["active"] and f["key"] != "emergency_alarm"]
    return Seen(len(active) if services else None, tuple(active or services), because="now_supported")
