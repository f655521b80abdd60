"""flags = evaluate(rules, facts of the household, as_of). Pure: the live service, replay and tests all call this.

`unknown` never suppresses contact (an `unless` that is unknown does not hold), and `error` is never a "no": a clause
that fails to compute neither stops a rule from firing nor mitigates a flag.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.flags import Evidence, Level, NotTriggered, Verdict
from contracts.instants import EPOCH, milliseconds
from services.correlator.episodes import EPISODES, Candidate
from services.correlator.facts import FACTS, Seen
from services.correlator.rules import LEVELS, AnyOf, Clause, Rule
from services.correlator.view import Household

__all__ = ["Decision", "Rest", "at_rest", "evaluate", "why_not"]

Part = Literal["when", "unless", "raised_by"]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One clause (or one `any`, with its parts), judged; evidence is written out only when somebody asks why."""

    holds: bool
    verdicts: tuple[tuple[Clause, Seen, Verdict, Part], ...]
    until: str | None
    because: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule says of one candidate."""

    rule: Rule
    candidate: Candidate
    fires: bool
    mitigated: bool
    cause: str | None
    level: Level
    every: tuple[_Judged, ...]
    stopping: tuple[_Judged, ...]
    until: str | None

    @property
    def evidence(self) -> list[Evidence]:
        """Every clause with what was seen and the verdict."""
        return self._written(self.every)

    @property
    def failed(self) -> list[Evidence]:
        """The clauses that kept the rule from firing."""
        return self._written(self.stopping)

    def _written(self, judged: Sequence[_Judged]) -> list[Evidence]:
        return [_evidence(self.rule, self.candidate.as_of, *verdict) for one in judged for verdict in one.verdicts]


def evaluate(rules: Sequence[Rule], household: Household, as_of: str) -> list[Decision]:
    """Every rule's decision on each of its candidates, in the order of rules and episodes."""
    return [_decide(rule, candidate) for rule, candidate in _candidates(rules, household, as_of)]


def _candidates(rules: Sequence[Rule], household: Household, as_of: str) -> Iterator[tuple[Rule, Candidate]]:
    for rule in rules:
        if rule.mode != "off":
            enumerate_episodes = EPISODES[rule.raises.episode][1]
            for candidate in enumerate_episodes(household, as_of, rule.pattern):
                yield rule, candidate


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing fires. `until`: when that may change by time alone (None: never)."""

    until: str | None


def at_rest(rules: Sequence[Rule], household: Household, as_of: str) -> Rest | None:
    """Whether no rule fires, found out with as little looking as possible: the first clause that keeps a rule from
    firing settles it, and only that clause's own change can unsettle it. None if something fires.

    Most households, most of the time; the whole of `evaluate` is for those with a flag."""
    instants = []
    for rule, candidate in _candidates(rules, household, as_of):
        stopping = _first_that_stops(rule, candidate)
        if stopping is None:
            return None
        if stopping.until is not None and stopping.until > as_of:
            instants.append(stopping.until)
    return Rest(min(instants, default=None))


def _first_that_stops(rule: Rule, candidate: Candidate) -> _Judged | None:
    for clause in rule.when:
        if not (judged := _judge(clause, candidate)).holds:
            return judged
    for exception in rule.unless:
        if (judged := _judge_clause(exception, candidate, "unless")).holds:
            return judged
    return None


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
        failed = about[0].failed if about else [_no_episode(rule)]
        others.append(NotTriggered(rule=rule.id, version=rule.version, failed=failed))
    return others


def _decide(rule: Rule, candidate: Candidate) -> Decision:
    when = [_judge(clause, candidate) for clause in rule.when]
    unless = [_judge_clause(clause, candidate, "unless") for clause in rule.unless]
    raised = [_judge_clause(clause, candidate, "raised_by") for clause in rule.raises.raised_by]
    level = rule.raises.level
    for clause, judged in zip(rule.raises.raised_by, raised, strict=True):
        if judged.holds and LEVELS.index(clause.level) > LEVELS.index(level):
            level = clause.level
    failing = [judged for judged in when if not judged.holds]
    mitigating = [judged for judged in unless if judged.holds]
    stopping = (*failing, *mitigating)
    every = (*when, *unless, *raised)
    instants = [judged.until for judged in every if judged.until is not None and judged.until > candidate.as_of]
    return Decision(
        rule=rule,
        candidate=candidate,
        fires=not stopping,
        mitigated=not failing and bool(mitigating),
        cause=(stopping[0].because or "no_longer_met") if stopping else None,
        level=level,
        every=every,
        stopping=stopping,
        until=min(instants, default=None),
    )


def _judge(clause: Clause | AnyOf, candidate: Candidate) -> _Judged:
    if isinstance(clause, Clause):
        return _judge_clause(clause, candidate, "when")
    parts = [_judge_clause(part, candidate, "when") for part in clause.any]
    return _Judged(
        any(part.holds for part in parts),
        tuple(verdict for part in parts for verdict in part.verdicts),
        min((part.until for part in parts if part.until is not None), default=None),
        next((part.because for part in parts if part.because), None),
    )


def _judge_clause(clause: Clause, candidate: Candidate, part: Part) -> _Judged:
    _, limit, test = clause.comparison
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
    return _Judged(holds, ((clause, seen, verdict, part),), seen.until, seen.because)


def _evidence(rule: Rule, as_of: str, clause: Clause, seen: Seen, verdict: Verdict, part: Part) -> Evidence:
    latest = max(seen.facts, key=lambda fact: (fact["at"], tuple(fact["version"])), default=None)
    return Evidence.model_construct(
        rule=rule.id,
        version=rule.version,
        clause=clause.text,
        value=seen.value,
        limit=clause.comparison[1],
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
