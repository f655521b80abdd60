"""What officers decide about flags. Pure.

A decision is about a revision that the officer saw. If the flag has since changed in what matters (status, level, the
clauses that are met), it is refused and says so: a stale decision never wins. One about a revision that has not come
here yet waits for it. The correlator is told what holds as facts, so that a flag has one writer.
"""

from typing import Any, cast

from contracts.control import OfficerDecision
from contracts.facts import Fact
from contracts.flags import OPEN
from services.referral.asking import reconcile
from services.referral.case import Case
from services.runtime.fold import Record, Refused, Value

__all__ = ["reopen", "take_decision", "take_waiting"]

TOPIC = "officer.decisions"

MAX_WAITING = 100
"""Decisions of one household about revisions that have not come here. An officer sees a flag a moment before the desk
does; so many are a mistake."""

_DECIDABLE: dict[str, frozenset[str]] = {
    "acknowledge": OPEN,
    "snooze": OPEN,
    "unsnooze": OPEN,
    "close": OPEN | {"mitigated"},
}


def take_decision(case: Case, decision: OfficerDecision) -> None:
    """Applies an officer's decision. Raises Refused for one that is stale, or that the flag's state does not allow."""
    if decision.decision == "release":
        _release(case, decision)
        return
    said = decision.model_dump(mode="json")
    known = case.state["decisions"].get(decision.decision_id)
    if known is not None:
        if known != said:
            raise Refused("id_reused", "this decision_id was used for another decision; give each an id of its own")
        case.turn.duplicate = True
        return
    flag = case.state["flags"].get(decision.flag_id)
    if flag is None or flag["revision"] < decision.seen_revision:
        if len(case.state["waiting"]) >= MAX_WAITING:
            raise Refused("stale_revision", "no such revision of that flag is known here; check flag_id, seen_revision")
        case.state["waiting"][decision.decision_id] = said
    else:
        _apply(case, decision, flag)
    case.state["decisions"][decision.decision_id] = said


def take_waiting(case: Case, flag: Value) -> None:
    """Applies what was decided about this revision before it came here."""
    for decision_id, said in sorted(case.state["waiting"].items(), key=lambda one: (one[1]["at"], one[0])):
        if said["flag_id"] != flag["flag_id"] or said["seen_revision"] > flag["revision"]:
            continue
        del case.state["waiting"][decision_id]
        decision = OfficerDecision.model_validate(said)
        try:
            _apply(case, decision, flag)
        except Refused as refused:
            record = Record(TOPIC, case.household.encode(), decision.model_dump_json().encode())
            case.turn.bury(record, refused.reason, refused.detail)


def _release(case: Case, decision: OfficerDecision) -> None:
    if decision.flag_id in case.state["released"]:
        case.turn.duplicate = True
        return
    case.state["released"][decision.flag_id] = {
        "at": decision.at,
        "clocks_from": decision.clocks_from or decision.at,
        "wave": decision.wave,
    }
    if decision.flag_id in case.state["flags"]:
        reconcile(case, decision.flag_id, decision.at)


def _apply(case: Case, decision: OfficerDecision, flag: Value) -> None:
    _must_be_current(decision, flag)
    if flag["status"] not in _DECIDABLE[decision.decision]:
        raise Refused("illegal_transition", f"a flag that is {flag['status']} cannot be {_DONE[decision.decision]}")
    match decision.decision:
        case "acknowledge":
            _decide(case, decision, f"acknowledge|{decision.flag_id}", {decision.flag_id: flag["level"]})
        case "snooze":
            _decide(case, decision, _slot(decision, flag), _covered(case, decision, flag))
        case "unsnooze":
            _lift(case, decision, flag)
        case "close":
            _close(case, decision)


_DONE = {"acknowledge": "acknowledged", "snooze": "snoozed", "unsnooze": "unsnoozed", "close": "closed"}


def _must_be_current(decision: OfficerDecision, flag: Value) -> None:
    if decision.seen_revision >= flag["since"]:
        return
    cause = f" ({flag['cause']})" if flag["cause"] else ""
    raise Refused(
        "stale_revision",
        f"since revision {decision.seen_revision} the flag has changed in what matters: it is {flag['status']}{cause}, "
        f"level {flag['level']}, since revision {flag['since']}; look at it again (kithline explain) and decide about "
        f"revision {flag['revision']}",
    )


def _slot(decision: OfficerDecision, flag: Value) -> str:
    target = {"flag": decision.flag_id, "member": flag["subject"], "household": ""}[decision.scope]
    return f"snooze|{decision.scope}|{target}"


def _covered(case: Case, decision: OfficerDecision, flag: Value) -> dict[str, str]:
    """What a snooze covers, of what stands now: flag ids with the level that was to be seen."""
    standing = [one for one in case.state["flags"].values() if one["status"] in OPEN]
    if decision.scope == "member":
        standing = [one for one in standing if one["subject"] == flag["subject"]]
    if decision.scope == "flag":
        standing = [flag]
    return {one["flag_id"]: one["level"] for one in standing}


def _decide(case: Case, decision: OfficerDecision, slot: str, flags: dict[str, str]) -> None:
    value = {
        "decision": decision.decision,
        "scope": decision.scope,
        "officer": decision.officer,
        "reason": decision.reason,
        "until": decision.until,
        "flags": flags,
    }
    case.decide(slot, _fact(case, decision, "flag.decided", slot, value))


def _fact(case: Case, decision: OfficerDecision, kind: str, key: str, value: dict[str, Any]) -> Fact:
    return Fact(
        subject=case.household,
        kind=kind,
        key=key,
        source=decision.officer,
        version=(decision.at, decision.seen_revision, decision.decision_id, 0, ""),
        at=decision.at,
        received=decision.at,
        value=value,
    )


def _lift(case: Case, decision: OfficerDecision, flag: Value) -> None:
    slot = _slot(decision, flag)
    if (snooze := case.state["decided"].get(slot)) is None:
        there = ", ".join(sorted(name.split("|")[1] for name in case.state["decided"] if name.startswith("snooze|")))
        what = {"flag": "this flag", "member": "this flag's subject", "household": "the household"}[decision.scope]
        raise Refused("illegal_transition", f"no snooze covers {what} as such; there is one for: {there or 'nothing'}")
    for flag_id in snooze["value"]["flags"]:
        case.state["resumed"][flag_id] = decision.at
    case.decide(slot, None)


def _close(case: Case, decision: OfficerDecision) -> None:
    before = case.state["found"].get(decision.flag_id)
    cover = before is not None and before["value"]["cover_confirmed"]
    value = {
        "cover_confirmed": cover,
        "closed": decision.outcome,
        "officer": decision.officer,
        "reason": decision.reason,
    }
    case.found(decision.flag_id, _fact(case, decision, "task.outcome", decision.flag_id, value))


def reopen(case: Case, flag_id: str, at: str) -> None:
    """A unit has found something that asks for more: what officers decided before did not know of it. The snoozes of
    this flag end, and an officer's closing does."""
    for slot, fact in sorted(case.state["decided"].items()):
        if slot.startswith("snooze|") and flag_id in (value := fact["value"])["flags"]:
            others = {name: level for name, level in value["flags"].items() if name != flag_id}
            left = cast("Fact", {**fact, "value": {**value, "flags": others}})
            case.decide(slot, left if others else None)
            case.state["resumed"][flag_id] = at
    found = case.state["found"].get(flag_id)
    if found is not None and found["value"].get("closed") and "officer" in found["value"]:
        value = {"cover_confirmed": found["value"]["cover_confirmed"], "closed": None}
        case.found(flag_id, cast("Fact", {**found, "at": at, "received": at, "value": value}))
