"""What officers have decided about flags, as far as it holds now. Pure.

The referral desk tells it as facts of kind `flag.decided`, one slot for each thing decided: an acknowledgement of a
flag, the snooze of a flag, of a member, of the household. So lifting one lifts no other. Each names the flags that it
covers with the level that the officer saw: what comes in later, or rises above that level, is not covered.
"""

from contracts.flags import Level
from services.correlator.episodes import Candidate
from services.correlator.rules import LEVELS
from services.correlator.view import Household
from services.runtime.fold import Value

__all__ = ["decided", "next_end"]

_KIND = "flag.decided"


def decided(candidate: Candidate, typology: str, level: Level) -> list[Value]:
    """`contracts.flags.Decided`, as it is written: of the flag of this candidate under any of its names."""
    if _KIND not in candidate.household.kinds:
        return []
    names = candidate.flags_of(typology)
    found = []
    for fact in candidate.household.of_flat(_KIND):
        value = fact["value"] or {}
        seen = [value["flags"][name] for name in names if name in value["flags"]]
        if not seen or LEVELS.index(level) > max(map(LEVELS.index, seen)):
            continue
        if value["until"] is not None and value["until"] <= candidate.as_of:
            continue
        said = {name: value[name] for name in ("decision", "scope", "officer", "reason", "until")}
        found.append({**said, "at": fact["at"]})
    return sorted(found, key=lambda one: (one["decision"], one["scope"], one["at"]))


def next_end(household: Household, as_of: str) -> str | None:
    """When the first snooze ends that has not ended yet."""
    if _KIND not in household.kinds:
        return None
    ends = [(fact["value"] or {})["until"] for fact in household.of_flat(_KIND)]
    return min((end for end in ends if end is not None and end > as_of), default=None)
