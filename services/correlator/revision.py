"""A flag's next revision: what it says now, and whether that is news. Pure.

Flags are written as they stand on `risk.flags`, without going through `contracts.flags.Flag`; tests/unit/test_line.py
holds every one of them to that model.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.envelope import Headers
from contracts.facts import Fact
from contracts.flags import ERASED, OPEN, UNLINKED, Status
from contracts.ids import household_of_address
from services.correlator.bounds import EXPIRED
from services.correlator.decided import decided
from services.correlator.episodes import Candidate
from services.correlator.episodes.reports import protected
from services.correlator.evaluate import Decision
from services.correlator.kinds import CONSENT, SERVICE
from services.correlator.place import place_of
from services.correlator.view import Household, Person
from services.runtime.fold import Value

__all__ = ["ELSEWHERE", "Heir", "erased", "gone", "headers", "is_about", "revised", "unlinked"]

UNTIMED = frozenset({"as_of", "revision", "evidence", "not_triggered"})
"""What may differ between two evaluations without being news (of the evidence: `age`)."""


def _status_of(decision: Decision) -> tuple[Status, str | None, list[Value]]:
    """(status, cause, what officers have decided) of a decision's flag."""
    if (answer := decision.candidate.answer) is not None:
        value = answer["value"] or {}
        if closed := value.get("closed"):
            return "closed", closed, [_closing(answer)] if "officer" in value else []
    if decision.fires:
        if decision.rule.rule.mode == "shadow":
            return "shadow", None, []
        decisions = decided(decision.candidate, decision.rule.pattern, decision.level)
        acknowledged = any(one["decision"] == "acknowledge" for one in decisions)
        return ("acknowledged" if acknowledged else "active"), None, decisions
    if decision.cause == EXPIRED:
        return "expired", EXPIRED, []
    return ("mitigated" if decision.mitigated else "retracted"), decision.cause, []


def _closing(answer: Fact) -> Value:
    value = answer["value"] or {}
    return {
        "decision": "close",
        "scope": "flag",
        "officer": value["officer"],
        "reason": value["reason"],
        "at": answer["at"],
        "until": None,
    }


def revised(
    decision: Decision, flag_id: str, before: Value | None, ruleset: str, others: Callable[[], list[Value]]
) -> Value | None:
    """The flag's next revision; None if it says nothing new. `others` tells why the other rules do not fire."""
    status, cause, decisions = _status_of(decision)
    if before is not None and before["status"] not in OPEN and status in (before["status"], "expired"):
        return None  # what has ended says once why; its evidence is not kept up to date
    compiled, candidate = decision.rule, decision.candidate
    rule = compiled.rule
    district, estate, _ = place_of(candidate)
    hidden = protected(candidate.household)
    now: Value = {
        "flag_id": flag_id,
        "household_id": candidate.household.id,
        "revision": 1 if before is None else before["revision"] + 1,
        "status": status,
        "cause": cause,
        "typology": compiled.pattern,
        "rule": rule.id,
        "rule_version": rule.version,
        "title": compiled.title,
        "subject": candidate.subject,
        "episode": candidate.episode,
        "episode_at": candidate.episode_at,
        "received_at": candidate.received_at,
        "district": district,
        "estate": None if hidden else estate,
        "level": decision.level,
        "as_of": candidate.as_of,
        "ruleset": ruleset,
        "asks": compiled.asks[decision.level],
        "then": compiled.then[decision.level],
        "evidence": decision.evidence,
        "not_triggered": others(),
        "protected": hidden,
        "consent": _consent(candidate),
        "known_to": _known_to(candidate),
        "lawful_basis": rule.lawful_basis,
        "linked": [sorted(one.ids) for one in (candidate.person, candidate.carer) if one and len(one.ids) > 1],
        "superseded_by": None,
        "outcome": cause if status == "closed" else None,
        "decisions": decisions,
    }
    return None if before is not None and _says_the_same(before, now) else now


ELSEWHERE = "no_longer_of_this_household"


class Heir(NamedTuple):
    """The flag that tells a need now which another told before; `answered`: the flag to whose tasks people have given
    the answer that counts for it."""

    flag_id: str
    subject: str
    answered: str | None


def gone(before: Value, as_of: str, household: Household, heir: Heir | None, patterns: frozenset[str]) -> Value:
    """The flag's last revision when what it was about no longer exists here under its name: the evidence stays as it
    was. `heir`: the flag under which the same need is told now; `patterns`: those of the rules in force."""
    now = {**before, "revision": before["revision"] + 1, "as_of": as_of, "decisions": []}
    if heir is not None:
        merged = heir.subject != before["subject"]
        cause = "identity_merged" if merged else "same_episode"
        return {**now, "status": "superseded", "cause": cause, "superseded_by": heir.flag_id}
    if unlinked(before, household):
        # what a person has closed stays closed; but whoever was told was told of a stranger
        return {**now, "status": before["status"] if before["status"] == "closed" else "retracted", "cause": UNLINKED}
    return {**now, "status": "retracted", "cause": _why_gone(before, household, patterns)}


def _why_gone(flag: Value, household: Household, patterns: frozenset[str]) -> str:
    """Why a flag is gone without an heir: the person needs nobody any more, or who lives in the flat is known now (and
    is told of under their own household), or it belongs elsewhere."""
    if flag["typology"] not in patterns:
        return "rule_withdrawn"
    person = household.person(flag["subject"])
    if person is not None and person.deceased is not None:
        return "deceased"
    unit = flag["episode"].partition("@")[2]
    if unit and household_of_address(unit) == household.id:
        return "household_known"
    return "no_longer_of_this_household"


def is_about(person: str, flag: Value) -> bool:
    """Whether a flag is about a person, under this id or one that it is linked with."""
    subject = flag["subject"]
    return bool(subject == person or any(person in ids and subject in ids for ids in flag["linked"]))


def erased(before: Value, as_of: str) -> Value:
    """The flag's last revision when the person is to be forgotten: how it ended, but no longer why. What a person has
    closed stays closed, so that counts of the past stay as they were."""
    rule = {"rule": before["rule"], "version": before["rule_version"], "part": "when", "clause": "the person is known"}
    unsaid: Value = dict.fromkeys(("value", "limit", "source", "age", "confidence"))
    nothing: Value = {**unsaid, "verdict": "unknown", "event_ids": []}
    return {
        **before,
        "revision": before["revision"] + 1,
        "as_of": as_of,
        "status": "retracted" if before["status"] in OPEN else before["status"],
        "cause": ERASED,
        "linked": [],
        "decisions": [],
        "evidence": [rule | nothing],
        "not_triggered": [],
    }


def unlinked(flag: Value, household: Household) -> bool:
    """Whether ids that counted as one person when the flag was written are several persons now, as far as one of them
    is still known here."""
    for ids in flag.get("linked", ()):
        known = any(one in household.by_id for one in ids)
        if known and len({household.aliases.get(one, one) for one in ids}) > 1:
            return True
    return False


def headers(flag: Value) -> Headers:
    """CloudEvents headers of a revision."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{flag['flag_id']}:{flag['revision']}".encode()),
        ("ce_source", b"kithline/correlator"),
        ("ce_type", b"risk.flag"),
        ("ce_time", flag["as_of"].encode()),
        ("ce_subject", flag["subject"].encode()),
    )


def _about(candidate: Candidate) -> Sequence[Person]:
    """Whom a flag is about: the person, else everybody who lives there."""
    return candidate.household.members if candidate.person is None else (candidate.person,)


def _consent(candidate: Candidate) -> str | None:
    if CONSENT.isdisjoint(candidate.household.kinds):
        return None
    for person in _about(candidate):
        for scope in {fact["key"] for fact in person.of("consent")}:
            fact = person.one("consent", scope)
            if fact is not None and not (fact["value"] or {})["granted"]:
                return "withdrawn"
    return None


def _known_to(candidate: Candidate) -> list[str]:
    if SERVICE.isdisjoint(candidate.household.kinds):
        return []
    persons = {person.id: person for person in (*candidate.household.members, *_about(candidate))}
    services = [fact["value"] or {} for person in persons.values() for fact in person.of("service")]
    return sorted({value["unit"] for value in services if value["active"] and value.get("unit")})


def _says_the_same(before: Value, now: Value) -> bool:
    """Looked at again at one instant, every difference is news; later, that everything has grown older is none."""
    if before["as_of"] == now["as_of"]:
        return {**before, "revision": now["revision"]} == now
    return all(before.get(name) == now[name] for name in now if name not in UNTIMED) and _ageless(before) == _ageless(
        now
    )


def _ageless(flag: Value) -> Sequence[Value]:
    evidence = [*flag["evidence"], *[one for other in flag["not_triggered"] for one in other["failed"]]]
    return [{name: value for name, value in one.items() if name != "age"} for one in evidence]
