"""The correlator's fold: merges what origins say of a household, decides, and publishes flag revisions. Pure.

State per household: the latest projection of every origin, and every flag as it was last published.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from contracts.envelope import Headers
from contracts.flags import OPEN, Flag, Status
from contracts.model import Bilingual
from services.correlator.episodes import Candidate
from services.correlator.evaluate import Decision, at_rest, evaluate, why_not
from services.correlator.rules import Rule, ruleset_hash
from services.correlator.view import Household, Precedence
from services.runtime.fold import TICKS, Processor, Record, Turn, Value

__all__ = ["correlator", "due", "make_correlate"]

EMPTY: Value = {"origins": {}, "flags": {}, "due": None}
UNTIMED = ("as_of", "revision")
"""What may differ between two evaluations without being news (and `age` in the evidence)."""


def correlator(rules: Sequence[Rule], precedence: Precedence) -> Processor:
    """The processor over `household.facts` and ticks, for the rules in force."""
    correlate, wake = make_correlate(rules, precedence)
    return Processor(
        "correlator",
        ("household.facts", TICKS),
        ("risk.flags", "dead.letters"),
        correlate,
        due,
        wake,
    )


def due(state: Value) -> str | None:
    """When a household's flags may change by time alone."""
    instant: str | None = state["due"]
    return instant


def make_correlate(
    rules: Sequence[Rule], precedence: Precedence
) -> tuple[Callable[[Record, Turn], None], Callable[[str, Turn], None]]:
    """The fold and the waking, with the rules bound."""
    in_order = sorted(rules, key=lambda rule: rule.id)
    ruleset = ruleset_hash(in_order)

    def correlate(record: Record, turn: Turn) -> None:
        projection = orjson.loads(record.value)
        household_id = record.key.decode()
        state = turn.get(household_id) or EMPTY
        origin = projection["origin"]
        known = state["origins"].get(origin)
        if known is not None and known["revision"] >= projection["revision"]:
            turn.duplicate = True
            return
        said = {"revision": projection["revision"], "facts": projection["facts"]}
        decide(household_id, {**state, "origins": {**state["origins"], origin: said}}, turn)

    def wake(household_id: str, turn: Turn) -> None:
        state = turn.get(household_id)
        if state is not None:
            decide(household_id, state, turn)

    def decide(household_id: str, state: Value, turn: Turn) -> None:
        origins = state["origins"]
        facts = [fact for origin in sorted(origins) for fact in origins[origin]["facts"]]
        household = Household(household_id, facts, precedence)
        flags = dict(state["flags"])
        if not flags and (rest := at_rest(in_order, household, turn.as_of)) is not None:
            turn.put(household_id, {"origins": origins, "flags": flags, "due": rest.until})
            return
        decisions = evaluate(in_order, household, turn.as_of)
        instants = [decision.until for decision in decisions if decision.until is not None]
        turn.put(household_id, {"origins": origins, "flags": flags, "due": min(instants, default=None)})
        wanted = {decision.candidate.flag_id: decision for decision in decisions}
        for decision in decisions:
            flag_id = decision.candidate.flag_id
            before = flags.get(flag_id)
            if before is None and not decision.fires:
                continue
            flags[flag_id] = _publish(_flag(decision, decisions, in_order, ruleset, before), before, turn)
        for flag_id in sorted(flags.keys() - wanted.keys()):
            if flags[flag_id]["status"] in OPEN:
                flags[flag_id] = _publish(_gone(flags[flag_id], turn.as_of, household), flags[flag_id], turn)

    return correlate, wake


def _flag(
    decision: Decision,
    decisions: Sequence[Decision],
    rules: Sequence[Rule],
    ruleset: str,
    before: Value | None,
) -> Flag:
    rule, candidate = decision.rule, decision.candidate
    answer = (candidate.answer["value"] or {}) if candidate.answer else {}
    closed = answer.get("closed")
    status: Status
    cause: str | None
    if closed:
        status, cause = "closed", closed
    elif decision.fires:
        status, cause = ("shadow" if rule.mode == "shadow" else "active"), None
    else:
        status, cause = ("mitigated" if decision.mitigated else "retracted"), decision.cause
    district, estate = _location(candidate)
    return Flag.model_construct(
        flag_id=candidate.flag_id,
        household_id=candidate.household.id,
        revision=1 if before is None else before["revision"] + 1,
        status=status,
        cause=cause,
        typology=rule.pattern,
        rule=rule.id,
        rule_version=rule.version,
        title=Bilingual(en=rule.title.en, zh_hant=rule.title.zh_hant),
        subject=candidate.subject,
        episode=candidate.episode,
        episode_at=candidate.episode_at,
        received_at=candidate.received_at,
        district=district,
        estate=estate,
        level=decision.level,
        as_of=candidate.as_of,
        ruleset=ruleset,
        asks=list(rule.asks),
        then=list(rule.then),
        evidence=decision.evidence,
        not_triggered=why_not(decisions, rules, decision),
        lawful_basis=rule.lawful_basis,
        outcome=closed,
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


def _gone(before: Value, as_of: str, household: Household) -> Flag:
    """The flag's last revision when what it was about no longer exists here: the evidence stays as it was."""
    subject = before["subject"]
    canonical = household.aliases.get(subject, subject)
    moved = canonical != subject
    return Flag.model_validate(
        {
            **before,
            "revision": before["revision"] + 1,
            "status": "superseded" if moved else "retracted",
            "cause": "identity_merged" if moved else "no_longer_of_this_household",
            "as_of": as_of,
        }
    )


def _publish(flag: Flag, before: Value | None, turn: Turn) -> Value:
    """The flag as published last: this one if it says anything new, else the one before."""
    if before is not None and before["status"] == flag.status and flag.status not in OPEN:
        return before  # what has ended says once why; its evidence is not kept up to date
    now: Value = flag.model_dump(mode="json", by_alias=True)
    if before is not None and _says_the_same(before, now):
        return before
    turn.emit("risk.flags", flag.household_id, now, _headers(now))
    return now


def _says_the_same(before: Value, now: Value) -> bool:
    """Looked at again at one instant, every difference is news; later, that everything has grown older is none."""
    if before["as_of"] == now["as_of"]:
        return {**before, "revision": now["revision"]} == now
    return _news(before) == _news(now)


def _news(flag: Value) -> Value:
    def ageless(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in item.items() if name != "age"} for item in items]

    return {
        **{name: value for name, value in flag.items() if name not in UNTIMED},
        "evidence": ageless(flag["evidence"]),
        "not_triggered": [{**other, "failed": ageless(other["failed"])} for other in flag["not_triggered"]],
    }


def _headers(flag: Value) -> Headers:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{flag['flag_id']}:{flag['revision']}".encode()),
        ("ce_source", b"kithline/correlator"),
        ("ce_type", b"risk.flag"),
        ("ce_time", flag["as_of"].encode()),
        ("ce_subject", flag["subject"].encode()),
    )
