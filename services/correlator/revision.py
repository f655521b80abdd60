"""A flag's next revision: what it says now, and whether that is news. Pure.

Flags are written as they stand on `risk.flags`, without going through `contracts.flags.Flag`; tests/unit/test_line.py
holds every one of them to that model.
"""

from collections.abc import Callable, Sequence

from contracts.envelope import Headers
from contracts.flags import ERASED, OPEN, UNLINKED, Status
from services.correlator.episodes import Candidate
from services.correlator.evaluate import Decision
from services.correlator.view import Household
from services.runtime.fold import Value

__all__ = ["erased", "gone", "headers", "is_about", "revised", "unlinked"]

UNTIMED = frozenset({"as_of", "revision", "evidence", "not_triggered"})
"""What may differ between two evaluations without being news (of the evidence: `age`)."""


def _status_of(decision: Decision) -> tuple[Status, str | None]:
    """(status, cause) of a decision's flag."""
    answer = decision.candidate.answer
    if answer is not None and (closed := (answer["value"] or {}).get("closed")):
        return "closed", closed
    if decision.fires:
        return ("shadow" if decision.rule.rule.mode == "shadow" else "active"), None
    return ("mitigated" if decision.mitigated else "retracted"), decision.cause


def revised(
    decision: Decision, flag_id: str, before: Value | None, ruleset: str, others: Callable[[], list[Value]]
) -> Value | None:
    """The flag's next revision; None if it says nothing new. `others` tells why the other rules do not fire."""
    status, cause = _status_of(decision)
    if before is not None and before["status"] == status and status not in OPEN:
        return None  # what has ended says once why; its evidence is not kept up to date
    compiled, candidate = decision.rule, decision.candidate
    rule = compiled.rule
    district, estate = _location(candidate)
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
        "estate": estate,
        "level": decision.level,
        "as_of": candidate.as_of,
        "ruleset": ruleset,
        "asks": compiled.asks,
        "then": compiled.then,
        "evidence": decision.evidence,
        "not_triggered": others(),
        "lawful_basis": rule.lawful_basis,
        "linked": [sorted(one.ids) for one in (candidate.person, candidate.carer) if one and len(one.ids) > 1],
        "superseded_by": None,
        "outcome": cause if status == "closed" else None,
    }
    return None if before is not None and _says_the_same(before, now) else now


def gone(before: Value, as_of: str, household: Household, heir: tuple[str, str] | None) -> Value:
    """The flag's last revision when what it was about no longer exists here under its name: the evidence stays as it
    was. `heir`: (flag id, subject) under which the same need is told now."""
    now = {**before, "revision": before["revision"] + 1, "as_of": as_of}
    if heir is not None:
        merged = heir[1] != before["subject"]
        cause = "identity_merged" if merged else "same_episode"
        return {**now, "status": "superseded", "cause": cause, "superseded_by": heir[0]}
    if unlinked(before, household):
        # what a person has closed stays closed; but whoever was told was told of a stranger
        return {**now, "status": before["status"] if before["status"] == "closed" else "retracted", "cause": UNLINKED}
    return {**now, "status": "retracted", "cause": "no_longer_of_this_household"}


def unlinked(flag: Value, household: Household) -> bool:
    """Whether ids that counted as one person when the flag was written are several persons now. One that tells this
    household nothing any more is linked no longer: that comes in by another way than that the link is gone."""
def is_about(person: str, flag: Value) -> bool:
    """Whether a flag is about a person, under this id or one that it is linked with."""
    subject = flag["subject"]
    return bool(subject == person or any(person in ids and subject in ids for ids in flag["linked"]))


def erased(before: Value, as_of: str) -> Value:
    """The flag's last revision when the person is to be forgotten: how it ended, but no longer why. What a person has
    closed stays closed, so that counts of the past stay as they were."""
    rule = {"rule": before["rule"], "version": before["rule_version"], "part": "when", "clause": "the person is known"}
    nothing = {"value": None, "limit": None, "verdict": "unknown", "source": None, "age": None, "event_ids": []}
    return {
        **before,
        "revision": before["revision"] + 1,
        "as_of": as_of,
        "status": "retracted" if before["status"] in OPEN else before["status"],
        "cause": ERASED,
        "linked": [],
        "evidence": [rule | nothing],
        "not_triggered": [],
    }


    for ids in flag.get("linked", ()):
        if any(one not in household.by_id for one in ids) or len({household.aliases[one] for one in ids}) > 1:
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


def _location(candidate: Candidate) -> tuple[str | None, str | None]:
    """(district, estate), as far as anybody has said: the flat, else the register, else the caller."""
    household = candidate.household
    if household.address is not None:
        value = household.address["value"] or {}
        return value["district"], value["estate"]
    for person in (candidate.person, *household.members):
        residence = person.one("residence") if person is not None else None
        if residence is not None:
            return (residence["value"] or {})["district"], None
    for fact in candidate.behind:
        if fact["kind"] == "contact" and (district := (fact["value"] or {}).get("district")):
            return district, None
    return None, None


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
