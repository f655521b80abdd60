"""When and where a rule counts: its days and districts, as clauses like any other. Pure.

They come before the rule's own clauses, so that a rule which does not count says so, and nothing else is looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from operator import ge, le
from typing import Any

from contracts.instants import day_of, plus
from services.correlator.check import Check
from services.correlator.episodes import Candidate
from services.correlator.facts import FactFunction, Seen
from services.correlator.kinds import PLACE, Kinds
from services.correlator.place import place_of
from services.correlator.rules import Rule

__all__ = ["EXPIRED", "bounds", "read_by_bounds"]

EXPIRED = "rule_expired"
"""Why a flag asks nothing more: the last day of its rule is over."""


def bounds(rule: Rule) -> Iterator[Check]:
    """The clauses that a rule's days and districts stand for; none for a rule that counts always and everywhere."""

    def check(text: str, look: FactFunction, test: Callable[[Any, Any], bool], limit: Any, name: str = "") -> Check:
        return Check(rule.id, name or text.split()[0], look, test, limit, text, "when", unknown_holds=True)

    if rule.valid_until is not None:
        last = rule.valid_until.isoformat()
        # a name of its own for each day: what was seen of a candidate is shared by all rules
        yield check(f"today until {last}", _today(rule.valid_until), le, last, f"today until {last}")
        yield check(f"episode.began_on until {last}", _began, le, last)
    if rule.valid_from is not None:
        first = rule.valid_from.isoformat()
        yield check(f"episode.began_on from {first}", _began, ge, first)
    if rule.districts is not None:
        only, left_out = rule.districts.only, rule.districts.except_ or []
        if only is not None:
            yield check(f"household.district in {', '.join(only)}", _district, _is_in, only)
        else:
            yield check(f"household.district not in {', '.join(left_out)}", _district, _is_not_in, left_out)


def read_by_bounds(rule: Rule) -> Kinds:
    """The kinds of facts that they look at."""
    return PLACE if rule.districts is not None else frozenset()


def _is_in(value: str, codes: Sequence[str]) -> bool:
    return value in codes


def _is_not_in(value: str, codes: Sequence[str]) -> bool:
    return value not in codes


def _today(last: date) -> FactFunction:
    """The day in Hong Kong, and the instant at which the rule's last day is over."""
    over = plus(f"{last + timedelta(days=1):%Y-%m-%d}T00:00:00.000Z", hours=-8)

    def today(candidate: Candidate) -> Seen:
        return Seen(day_of(candidate.as_of).isoformat(), until=over, because=EXPIRED)

    return today


def _began(candidate: Candidate) -> Seen:
    """The day in Hong Kong on which the episode began."""
    return Seen(day_of(candidate.episode_at).isoformat(), candidate.behind, because="outside_the_rules_days")


def _district(candidate: Candidate) -> Seen:
    """The household's district; unknown where nobody has said, and then it is served."""
    district, _, fact = place_of(candidate)
    return Seen(district, () if fact is None else (fact,), because="district_not_served")
