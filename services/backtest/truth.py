"""What was truly the matter: the file of labelled cases that stands beside a feed, and what rules are held against it.

A JSON line each, as `kithline simulate` writes them: `kind`, `needs` (a list; empty: nothing was the matter), and whom
it is about: `household_id`, `person_id`, and for a carer's admission `visit_id`. Kinds that no rule is held against
(`bad_record`) are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from services.runtime.errors import Problem

__all__ = ["MEASURES", "Case", "Measure", "read_truth"]


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


def read_truth(path: Path) -> list[Case]:
    """The cases of a file. Raises Problem naming file and line."""
    cases = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    cases.append(_case(orjson.loads(line)))
                except ValueError as fault:
                    raise Problem(
                        f"{path}:{number}: not a labelled case ({fault}); expected an object with kind, needs (a list "
                        "of codes), and household_id, person_id or visit_id, as `kithline simulate` writes FILE.truth"
                    ) from None
    except OSError as fault:
        raise Problem(f"cannot read {path}: {fault.strerror}") from None
    return [case for case in cases if case is not None]


def _case(said: Any) -> Case | None:
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    kind = said.get("kind")
    if not isinstance(kind, str):
        raise ValueError("kind: should be a text")
    if not any(kind in measure.kinds for measure in MEASURES.values()):
        return None
    needs = said.get("needs")
    if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
        raise ValueError("needs: should be a list of texts")
    for name in ("household_id", "person_id", "visit_id"):
        if not isinstance(said.get(name), str | None):
            raise ValueError(f"{name}: should be a text")
    return Case(kind, said.get("household_id"), said.get("person_id"), said.get("visit_id"), frozenset(needs))
