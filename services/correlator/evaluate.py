"""flags = evaluate(rules, facts of the household, as_of). Pure: the live service, replay and tests all call this.

`unknown` never suppresses contact (an `unless` that is unknown does not hold), and `error` is never a "no": a clause
that fails to compute neither stops a rule from firing nor mitigates a flag.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.facts import Fact
from contracts.flags import Evidence, Level, NotTriggered, Verdict
from contracts.instants import EPOCH, milliseconds
from services.correlator.episodes import EPISODES, Candidate
from services.correlator.facts import FACTS, Seen
from services.correlator.rules import LEVELS, AnyOf, Clause, Rule
from services.correlator.view import Household

__all__ = ["Decision", "evaluate", "why_not"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule says of one candidate."""

    rule: Rule
    candidate: Candidate
    fires: bool
    mitigated: bool
    cause: str | None
    level: Level
    evidence: tuple[Evidence, ...]
    failed: tuple[Evidence, ...]
    until: str | None

    @property
    def behind(self) -> tuple[Fact, ...]:
        return self.candidate.behind


@dataclass(frozen=True, slots=True)
class _Judged:
    holds: bool
    evidence: tuple[Evidence, ...]
    until: str | None
    because: str | None


def evaluate(rules: Sequence[Rule], household: Household, as_of: str) -> list[Decision]:
    """Every rule's decision on each of its candidates, in the order of rules and episodes."""
    return [
        _decide(rule, candidate)
        for rule in rules
        if rule.mode != "off"
        for candidate in EPISODES[rule.raises.episode][1](household, as_of, rule.pattern)
    ]


def why_not(decisions: Sequence[Decision], rules: Sequence[Rule], fired: Decision) -> list[NotTriggered]:
    """For every other rule: the clauses that kept it from firing for this subject (or its household)."""
    subjects = (fired.candidate.subject, fired.candidate.household.id)
    others = []
    for rule in rules:
        if rule.mode == "off" or rule.id == fired.rule.id:
            continue
        about = [d for d in decisions if d.rule.id == rule.id and d.candidate.subject in subjects]
        if any(d.fires for d in about):
            continue
        failed = about[0].failed if about else (_no_episode(rule),)
        others.append(NotTriggered(rule=rule.id, version=rule.version, failed=list(failed)))
    return others


def _decide(rule: Rule, candidate: Candidate) -> Decision:
    when = [_judge(rule, clause, candidate) for clause in rule.when]
    unless = [_judge_clause(rule, clause, candidate, "unless") for clause in rule.unless]
    raised = [_judge_clause(rule, clause, candidate, "raised_by") for clause in rule.raises.raised_by]
    level = rule.raises.level
    for clause, judged in zip(rule.raises.raised_by, raised, strict=True):
        if judged.holds and LEVELS.index(clause.level) > LEVELS.index(level):
            level = clause.level
    failing = next((judged for judged in when if not judged.holds), None)
    mitigating = next((judged for judged in unless if judged.holds and judged.evidence[0].verdict != "error"), None)
    stopping = failing or mitigating
    every = [*when, *unless, *raised]
    instants = [judged.until for judged in every if judged.until is not None and judged.until > candidate.as_of]
    return Decision(
        rule=rule,
        candidate=candidate,
        fires=stopping is None,
        mitigated=failing is None and mitigating is not None,
        cause=None if stopping is None else stopping.because or "no_longer_met",
        level=level,
        evidence=tuple(item for judged in every for item in judged.evidence),
        failed=tuple(
            item
            for j in [*(j for j in when if not j.holds), *([mitigating] if mitigating else [])]
            for item in j.evidence
        ),
        until=min(instants, default=None),
    )


def _judge(rule: Rule, clause: Clause | AnyOf, candidate: Candidate) -> _Judged:
    if isinstance(clause, Clause):
        return _judge_clause(rule, clause, candidate, "when")
    parts = [_judge_clause(rule, part, candidate, "when") for part in clause.any]
    return _Judged(
        any(part.holds for part in parts),
        tuple(item for part in parts for item in part.evidence),
        min((part.until for part in parts if part.until is not None), default=None),
        next((part.because for part in parts if part.because), None),
    )


def _judge_clause(rule: Rule, clause: Clause, candidate: Candidate, part: str) -> _Judged:
    word, limit, test = clause.comparison
    verdict: Verdict
    try:
        seen = FACTS[clause.fact](candidate)
        verdict = "unknown" if seen.value is None else "met" if test(seen.value, limit) else "not_met"
    except Exception as fault:  # whatever went wrong is evidence, and never a "no"
        seen, verdict = Seen(None, because=f"error_{type(fault).__name__.lower()}"), "error"
    holds = {
        "met": True,
        "not_met": False,
        "unknown": clause.if_unknown == "met",
        "error": part == "when",
    }[verdict]
    evidence = _evidence(rule, clause, candidate.as_of, seen, limit, verdict, part)
    return _Judged(holds, (evidence,), seen.until, seen.because)


def _evidence(
    rule: Rule, clause: Clause, as_of: str, seen: Seen, limit: object, verdict: Verdict, part: str
) -> Evidence:
    latest = max(seen.facts, key=lambda fact: (fact["at"], tuple(fact["version"])), default=None)
    return Evidence.model_construct(
        rule=rule.id,
        version=rule.version,
        clause=clause.text,
        value=seen.value,
        limit=limit,
        verdict=verdict,
        source=latest["source"] if latest else None,
        age=_hours(latest["at"], as_of) if latest else None,
        event_ids=sorted({fact["version"][2] for fact in seen.facts}),
        part=part,
    )


def _hours(at: str, as_of: str) -> float | None:
    """Age in hours, to a tenth; null before the first tick."""
    if as_of == EPOCH:
        return None
    return max(0.0, round((milliseconds(as_of) - milliseconds(at)) / 3_600_000, 1))


def _no_episode(rule: Rule) -> Evidence:
    return Evidence.model_construct(
        rule=rule.id,
        version=rule.version,
        clause=f"an episode of kind {rule.raises.episode} exists",
        value=0,
        limit=1,
        verdict="not_met",
        source=None,
        age=None,
        event_ids=[],
        part="when",
    )
