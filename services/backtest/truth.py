"""The file of labelled cases that stands beside a feed: what was truly the matter.

A JSON line each, as `kithline simulate` writes them: `kind`, `needs` (a list; empty: nothing was the matter), and whom
it is about: `household_id`, `person_id`, and for a carer's admission `visit_id`. Kinds that no rule is held against
(`bad_record`) are passed over.
"""

from pathlib import Path
from typing import Any

import orjson

from services.backtest.cases import MEASURES, Case
from services.runtime.errors import Problem

__all__ = ["read_truth"]


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
