"""How units stand by what they have declared, as `units.status` tells it. Pure."""

from collections.abc import Mapping
from typing import Any

__all__ = ["holds", "waits"]


def holds(declared: Mapping[str, Any], now: str) -> bool:
    """Whether a declaration still counts."""
    until = declared["valid_until"]
    return until is None or now < until


def waits(intake: Mapping[str, Any] | None, now: str) -> int | None:
    """After how many days a unit takes on somebody new, by the `intake` of its status: 0 at once, None not at all. Who
    has said nothing, or nothing that still counts, is asked: it can decline."""
    if intake is None or not holds(intake, now):
        return 0
    match intake["intake"]:
        case "closed":
            return None
        case "waiting_list":
            # one that knows no end of its wait still comes after those that accept
            return max(1, int(intake["waiting_days"]))
        case _:
            return 0
