"""The one place where a door, or a real clock, asks what time it is."""

from datetime import UTC, datetime

from contracts.instants import write

__all__ = ["now"]


def now() -> str:
    """This moment, as an instant."""
    return write(datetime.now(UTC))
