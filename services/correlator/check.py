"""One clause, ready to be judged on a candidate. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from contracts.flags import Verdict
from services.correlator.episodes import Candidate
from services.correlator.facts import FactFunction, Seen

__all__ = ["Check", "Judged", "Part"]

Part = Literal["when", "unless", "raised_by"]


class Judged(NamedTuple):
    """A clause's verdict on a candidate. `seen` goes with it; evidence is written only when somebody asks why."""

    check: "Check"
    seen: Seen
    verdict: Verdict
    holds: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One clause, ready to be judged. `name`: under which a candidate keeps what was seen, for all rules that ask."""

    rule: str
    name: str
    look: FactFunction
    test: Callable[[Any, Any], bool]
    limit: Any
    text: str
    part: Part
    unknown_holds: bool

    def judge(self, candidate: Candidate) -> Judged:
        """`unknown` holds only where the clause says so. An error is never a "no": it neither stops a rule from firing
        nor mitigates a flag."""
        seen: Seen | None = candidate.seen.get(self.name)
        if seen is None:
            try:
                seen = self.look(candidate)
            except Exception as fault:  # whatever went wrong is evidence
                seen = _failed(fault)
            candidate.seen[self.name] = seen
        if seen.value is not None:
            try:
                met = self.test(seen.value, self.limit)
            except Exception as fault:
                candidate.household.faults.append(self.rule)
                return Judged(self, _failed(fault), "error", self.part == "when")
            return Judged(self, seen, "met", True) if met else Judged(self, seen, "not_met", False)
        if seen.failed:
            candidate.household.faults.append(self.rule)
            return Judged(self, seen, "error", self.part == "when")
        return Judged(self, seen, "unknown", self.unknown_holds)


def _failed(fault: Exception) -> Seen:
    return Seen(None, because=f"error_{type(fault).__name__.lower()}", failed=True)
