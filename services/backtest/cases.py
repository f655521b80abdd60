"""Labelled cases: what was truly the matter, and which flags are held against which. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["MEASURES", "Case", "Measure"]


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled case. `needs` is empty where nothing was the matter."""

    kind: str
    household: str | None
    person: str | None
    visit: str | None
    needs: frozenset[str]


Everybody = Literal["cases", "callers", "announcers"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What the flags of one kind of episode are held against.

    `kinds` of cases; of their `needs` those that count (None: any). A flag and a case are of one thing by the same
    `by`: the cared-for person and the hospital's visit, the household, or a person. `everybody` is who would be
    contacted if all were: the cases themselves (they say too where nothing was the matter), or all whom the feed knows
    to have called or to have announced an absence, of whom the truth lists only those in need.
    """

    kinds: tuple[str, ...]
    by: Literal["visit", "household", "person"]
    everybody: Everybody
    whom: str
    needs: frozenset[str] | None = None

    def concerns(self, case: Case) -> bool:
        """Whether a case is of a kind that this is about, and can be told from others."""
        return case.kind in self.kinds and self.name(case) is not None

    def in_need(self, case: Case) -> bool:
        return bool(case.needs if self.needs is None else case.needs & self.needs)

    def name(self, case: Case) -> str | None:
        """By what the case is found; None where the truth does not say whom it is about."""
        match self.by:
            case "visit":
                return f"{case.person} {case.visit}" if case.person and case.visit else None
            case "household":
                return case.household
            case _:
                return case.person


MEASURES: Mapping[str, Measure] = {
    "hospital_visit": Measure(
        ("carer_admitted",), "visit", "cases", "persons cared for by somebody who is admitted, each time"
    ),
    "composition": Measure(
        ("household_support",), "household", "cases", "elderly households of one or two, and households of carers"
    ),
    "strain_run": Measure(
        ("strain", "call"), "person", "callers", "known callers of the hotline", frozenset({"outreach"})
    ),
    "dangerous_contact": Measure(
        ("call",), "person", "callers", "known callers of the hotline", frozenset({"immediate_help"})
    ),
    "planned_absence": Measure(("absence",), "person", "announcers", "carers who announced an absence"),
}
"""By kind of episode: of the others nobody has written down what was the matter."""
