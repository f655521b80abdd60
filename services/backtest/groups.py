"""Which households there are, in the groups by which a policy's effects are compared. Pure.

A household is what the correlator holds at the end of the feed: its kind, the age group of its oldest member (old age
broken down as the census does), its district.
"""

from collections.abc import Iterator
from typing import NamedTuple

from contracts.instants import day_of
from services.correlator.view import Household, Precedence
from services.runtime.fold import Store

__all__ = ["DIMENSIONS", "Group", "group_of", "households"]

ELDERLY_AGE = 65
"""From this age on the census, and the department's pilots, count a person as elderly."""

_AGES = ((80, "80+"), (75, "75-79"), (65, "65-74"), (0, "under 65"))


class Group(NamedTuple):
    """`kind`: singleton_elderly, doubleton_elderly, elderly_only (three and more), with_elderly, others; or unknown,
    where nobody lives or no age is known. `age` is of the oldest member."""

    kind: str
    age: str
    district: str

    @classmethod
    def unknown(cls) -> "Group":
        return cls("unknown", "unknown", "unknown")


DIMENSIONS = ("kind", "age", "district")


def households(correlator: Store, precedence: Precedence) -> Iterator[Household]:
    """All households that a correlator's state knows, as its rules see them."""
    for household_id, state in correlator.items():
        told = {origin: said["facts"] for origin, said in sorted(state["origins"].items()) if said["facts"]}
        yield Household(household_id, told, frozenset().union(*told.values()), precedence)


def group_of(household: Household, as_of: str) -> Group:
    """The group of a household on a day."""
    year = day_of(as_of).year
    ages = [year - member.birth_year for member in household.members if member.birth_year is not None]
    if not ages:
        return Group("unknown", "unknown", _district(household))
    elderly = [age for age in ages if age >= ELDERLY_AGE]
    if len(elderly) == len(household.members):
        kind = {1: "singleton_elderly", 2: "doubleton_elderly"}.get(len(elderly), "elderly_only")
    else:
        kind = "with_elderly" if elderly else "others"
    age = next(name for least, name in _AGES if max(ages) >= least)
    return Group(kind, age, _district(household))


def _district(household: Household) -> str:
    if household.address is not None:
        return (household.address["value"] or {}).get("district") or "unknown"
    for member in household.members:
        residence = member.one("residence")
        if residence is not None:
            return (residence["value"] or {}).get("district") or "unknown"
    return "unknown"
