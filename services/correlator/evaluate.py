"""flags = evaluate(rules, facts of the household, as_of). Pure: the live service, replay and tests all call this.

`unknown` never suppresses contact (an `unless` that is unknown does not hold), and `error` is never a "no": a clause
that fails to compute neither stops a rule from firing nor mitigates a flag.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.flags import Level
from contracts.instants import EPOCH, milliseconds
from services.correlator.check import Judged
from services.correlator.compiled import Compiled
from services.correlator.episodes import Candidate, Enumerator
from services.correlator.lazy import lazy
from services.correlator.rules import LEVELS
from services.correlator.view import Household
from services.runtime.fold import Value

__all__ = ["Decision", "Rest", "Sight", "at_rest", "evaluate", "why_not"]


class Sight:
    """A household as it looks at one instant: its candidates, enumerated once for all rules that ask about them."""

    def __init__(self, household: Household, as_of: str) -> None:
        self.household = household
        self.as_of = as_of
        self._candidates: dict[tuple[Enumerator, str], list[Candidate]] = {}

    def candidates(self, rule: Compiled) -> list[Candidate]:
        """What a rule is asked about. Where nobody has answered anything, all typologies see the same."""
        episode, household = rule.episode, self.household
        key = (episode.enumerate, rule.pattern if household.answers else "")
        found = self._candidates.get(key)
        if found is None:
            found = self._candidates[key] = list(episode.enumerate(household, self.as_of, rule.pattern))
        return found


@dataclass(eq=False)
class Decision:
    """What one rule says of one candidate. `cause`: why it does not fire. `until`: when that may change by time alone
    (None: never)."""

    rule: Compiled
    candidate: Candidate
    fires: bool
    mitigated: bool
    cause: str | None
    level: Level
    every: Sequence[Judged]
    stopping: Sequence[Judged]
    until: str | None

    @lazy
    def evidence(self) -> list[Value]:
        """Every clause with what was seen and the verdict: `contracts.flags.Evidence`, as it is written."""
        return [_evidence(self.rule, self.candidate.as_of, judged) for judged in self.every]

    @lazy
    def failed(self) -> list[Value]:
        """The clauses that kept the rule from firing."""
        return [_evidence(self.rule, self.candidate.as_of, judged) for judged in self.stopping]


def evaluate(rules: Iterable[Compiled], sight: Sight) -> list[Decision]:
    """Every rule's decision on each of its candidates, in the order of rules and episodes."""
    return [_decide(rule, candidate) for rule in rules for candidate in sight.candidates(rule)]


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing fires. `until`: when that may change by time alone (None: never)."""

    until: str | None


def at_rest(rules: Iterable[Compiled], sight: Sight) -> Rest | None:
    """Whether none of these rules fires, found out with as little looking as possible: the first clause that keeps a
    rule from firing settles it, and only that clause's own change can unsettle it. None if something fires.

    Most households, most of the time; the whole of `evaluate` is for those with a flag."""
    first: str | None = None
    for rule in rules:
        for candidate in sight.candidates(rule):
            stopping = _first_that_stops(rule, candidate)
            if not stopping:
                return None
            first = _next_change(stopping, sight.as_of, first)
    return Rest(first)


def _next_change(judged: Iterable[Judged], as_of: str, first: str | None = None) -> str | None:
    """When the first of these clauses (or what came `first` so far) may be judged otherwise by time alone."""
    for one in judged:
        until = one.seen.until
        if until is not None and until > as_of and (first is None or until < first):
            first = until
    return first


def _first_that_stops(rule: Compiled, candidate: Candidate) -> Sequence[Judged]:
    for group in rule.when:
        judged = []
        for check in group:
            judged.append(one := check.judge(candidate))
            if one.holds:
                break
        else:
            return judged
    for check in rule.unless:
        if (exception := check.judge(candidate)).holds:
            return (exception,)
    return ()


def _decide(rule: Compiled, candidate: Candidate) -> Decision:
    every: list[Judged] = []
    failing: list[Judged] = []
    first: Sequence[Judged] = ()
    for group in rule.when:
        judged = [check.judge(candidate) for check in group]
        every += judged
        for one in judged:
            if one.holds:
                break
        else:
            failing += judged
            first = first or judged
    unless = [check.judge(candidate) for check in rule.unless]
    mitigating = [one for one in unless if one.holds]
    first = first or mitigating[:1]
    every += unless
    level = rule.rule.raises.level
    for check, higher in rule.raised_by:
        every.append(one := check.judge(candidate))
        if one.holds and LEVELS.index(higher) > LEVELS.index(level):
            level = higher
    return Decision(
        rule=rule,
        candidate=candidate,
        fires=not first,
        mitigated=not failing and bool(mitigating),
        cause=next((one.seen.because for one in first if one.seen.because), "no_longer_met") if first else None,
        level=level,
        every=every,
        stopping=failing + mitigating,
        until=_next_change(every, candidate.as_of),
    )


def why_not(decisions: Sequence[Decision], fired: Decision) -> list[Value]:
    """For every other rule that had an episode to look at for this subject (or its household): the clauses that kept
    it from firing, as `contracts.flags.NotTriggered` is written. So a flag does not grow with the number of rules;
    `kithline explain --rule` answers for the others, too."""
    subjects = (fired.candidate.subject, fired.candidate.household.id)
    about: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.candidate.subject in subjects:
            about.setdefault(decision.rule.rule.id, []).append(decision)
    about.pop(fired.rule.rule.id, None)
    return [
        {"rule": name, "version": decided[0].rule.rule.version, "failed": decided[0].failed}
        for name, decided in about.items()
        if not any(decision.fires for decision in decided)
    ]


def _evidence(rule: Compiled, as_of: str, judged: Judged) -> Value:
    check, seen, verdict, _ = judged
    latest = max(seen.facts, key=lambda fact: (fact["at"], fact["version"]), default=None)
    return {
        "rule": rule.rule.id,
        "version": rule.rule.version,
        "clause": check.text,
        "value": seen.value,
        "limit": check.limit,
        "verdict": verdict,
        "source": latest["source"] if latest else None,
        "age": _hours(latest["at"], as_of) if latest else None,
        "event_ids": sorted({fact["version"][2] for fact in seen.facts}),
        "confidence": seen.confidence,
        "part": check.part,
    }


def _hours(at: str, as_of: str) -> float | None:
    """Age in hours, to a tenth; null before the first tick."""
    if as_of == EPOCH:
        return None
    return max(0.0, round((milliseconds(as_of) - milliseconds(at)) / 3_600_000, 1))
