"""How a flag ends, from all that people found. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

__all__ = ["BY_A_PERSON", "Closure", "closure", "covered"]

BY_A_PERSON = ("completed", "failed")
"""The states of a task in which a person has given an outcome."""

Closure = Literal["confirmed_need", "arranged_already", "no_need", "unreachable", "wrong_person"]


def covered(tasks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether people have confirmed that care is covered."""
    return any("cover_confirmed" in task["findings"] and task["status"] != "entered-in-error" for task in tasks)


def closure(tasks: Sequence[Mapping[str, Any]]) -> Closure:
    """How the flag ends, from all that people found: the gravest finding names it."""
    findings = {finding for task in tasks for finding in task["findings"]}
    outcomes = {task["outcome"] for task in tasks}
    if findings - {"cover_confirmed", "unreachable"} or outcomes & {
        "placement_arranged",
        "service_delivered",
        "follow_up_planned",
        "hospital_referral_made",
    }:
        return "confirmed_need"
    if "cover_confirmed" in findings or outcomes & {"already_supported", "care_resumed"}:
        return "arranged_already"
    if outcomes & {"moved"}:
        return "wrong_person"
    return "unreachable" if "not_located" in outcomes else "no_need"
