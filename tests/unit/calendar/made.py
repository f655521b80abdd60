"""The calendar of the repository's own policy, and how a test writes an instant in Hong Kong."""

from functools import cache
from pathlib import Path

from contracts.instants import canonical
from services.calendar import Calendar
from services.policy import load_calendar

__all__ = ["calendar", "hk"]

POLICY = Path(__file__).parents[3] / "deploy" / "policy"


@cache
def calendar() -> Calendar:
    """Read once."""
    return load_calendar(POLICY)


def hk(instant: str) -> str:
    """`2026-07-10 17:00` in Hong Kong as it stands on the wire."""
    return canonical(instant.replace(" ", "T") + "+08:00")
