"""The one place where a door, the engine or a real clock asks what time it is."""

import time
from datetime import UTC, datetime

from contracts.instants import write

__all__ = ["now", "now_ms"]


def now() -> str:
    """This moment, as an instant."""
    return write(datetime.now(UTC))


def now_ms() -> int:
    """This moment in Kafka's unit, milliseconds since 1970."""
    return time.time_ns() // 1_000_000
