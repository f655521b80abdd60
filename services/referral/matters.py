"""What is put to a duty officer about a task: which matters there are, and how pressing each is. Pure."""

from collections.abc import Mapping
from typing import Literal

from services.referral.policy import OverdueMatter

__all__ = ["MATTERS", "OF_TERRITORY", "STANDS", "Matter"]

Matter = (
    Literal["review_unreached", "review_late_answer", "review_escalated", "review_undelivered", "decide_disclosure"]
    | OverdueMatter
)

MATTERS: Mapping[str, str] = {
    "review_unreached": "urgent",
    "review_late_answer": "routine",
    "review_escalated": "asap",
    "review_undelivered": "asap",
    "decide_disclosure": "asap",
    "review_unacknowledged": "asap",
    "review_overdue": "asap",
    "review_still_overdue": "asap",
}
"""Each matter's priority."""

OF_TERRITORY = frozenset({"review_still_overdue"})
"""What is put to the territory's officer: the district's has been asked before."""

STANDS = frozenset({"review_late_answer", "review_escalated"})
"""What a person has told the officer: somebody sees it, also when the flag asks for nothing any more."""
