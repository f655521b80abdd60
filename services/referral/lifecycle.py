"""The life of one task: which answer is allowed from where, and what it makes of the task. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.flags import Ask
from contracts.ids import task_id
from contracts.tasks import TERMINAL, Task, TaskUpdate
from services.runtime.fold import Refused

__all__ = [
    "ALLOWED",
    "HANDED_OVER",
    "NOT_ACKNOWLEDGED",
    "NO_CONSENT",
    "answer",
    "entered_in_error",
    "first_revision",
    "hold",
    "lapse",
    "next_revision",
    "park",
    "reissue",
    "take_back",
    "unpark",
]

NO_CONSENT = "consent_withdrawn"
"""Why a task waits for the duty officer, or was taken back: the person has withdrawn their consent."""

HANDED_OVER = "handed_over"
"""Why a unit is asked to stop: the household lives elsewhere now, and a unit of that place has been asked."""

NOT_ACKNOWLEDGED = "not_acknowledged"
"""Why a task went to somebody else: nobody has acknowledged it in time."""

_ENDS = {
    "complete": ("completed", "contact_made"),
    "fail": ("failed", "no_show"),
    "confirm_cancel": ("cancelled", "cancellation_requested"),
}
_AT_WORK = {
    "start": ("in-progress", "contact_made"),
    "attempt": ("in-progress", "contact_attempted"),
    "hold": ("on-hold", "visit_scheduled"),
    **_ENDS,
}
_ACKNOWLEDGES = {"accept": ("accepted", "delivered"), "reject": ("rejected", "delivered")}

ALLOWED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "requested": {"receive": ("received", "delivered"), **_ACKNOWLEDGES},
    "received": _ACKNOWLEDGES,
    "accepted": _AT_WORK,
    "in-progress": _AT_WORK,
    "on-hold": {"resume": ("in-progress", "contact_made"), **_ENDS},
}
"""status -> action -> (next status, business status). What is not here is refused."""


def first_revision(
    flag: Mapping[str, Any],
    ask: Ask,
    owner: tuple[str, str],
    attempt: int,
    requested_at: str,
    due: tuple[str, str],
    part_of: str | None,
) -> Task:
    """The task that a flag asks for, as `owner` (unit kind, unit) first sees it; `due`: (acknowledge, contact) by."""
    new_id = task_id(flag["flag_id"], ask.purpose, ask.unit, attempt)
    return Task.model_validate(
        {
            "task_id": new_id,
            "placer_id": new_id,
            "attempt": attempt,
            "part_of": part_of,
            "revision": 1,
            "status": "requested",
            "business_status": "queued",
            "for": flag["subject"],
            "household_id": flag["household_id"],
            "flag_id": flag["flag_id"],
            "typology": flag["typology"],
            "level": flag["level"],
            "priority": ask.priority,
            "purpose": ask.purpose,
            "reason": [flag["typology"]],
            "reason_text": flag["title"],
            "asked_of": ask.unit,
            "unit_kind": owner[0],
            "unit": owner[1],
            "district": flag["district"],
            "requested_at": requested_at,
            "due_ack": due[0],
            "due_contact": due[1],
            "lawful_basis": flag["lawful_basis"],
        }
    )


def answer(task: Task, update: TaskUpdate) -> Task:
    """The task's next revision after a unit's answer. Raises Refused for a stale or impossible one."""
    if update.expected_revision != task.revision:
        raise Refused(
            "stale_revision",
            f"the task is at revision {task.revision}; read it again and answer that revision",
        )
    if update.unit != task.unit:
        raise Refused("illegal_transition", f"the task is with unit {task.unit}; only its owner answers")
    allowed = ALLOWED.get(task.status, {})
    if update.action not in allowed:
        can = ", ".join(allowed) or "nothing"
        raise Refused("illegal_transition", f"a task that is {task.status} allows {can}, not {update.action}")
    if update.action == "confirm_cancel" and task.business_status != "cancellation_requested":
        raise Refused(
            "illegal_transition",
            "nobody asked to cancel this task; complete it or let it fail, with an outcome",
        )
    if task.status_reason == NO_CONSENT and task.status == "on-hold":
        raise Refused("illegal_transition", "the task waits for the duty officer's decision on its disclosure")
    status, business_status = allowed[update.action]
    if update.action == "confirm_cancel" and task.status_reason == HANDED_OVER:
        business_status = HANDED_OVER
    if update.action == "complete" and update.outcome in ("service_delivered", "placement_arranged"):
        business_status = "service_started"
    if task.business_status == "cancellation_requested" and status not in TERMINAL:
        business_status = "cancellation_requested"  # the request stands until the unit decides
    return next_revision(
        task,
        {
            "status": status,
            "business_status": business_status,
            "status_reason": update.reason or task.status_reason,
            "attempts_to_reach": task.attempts_to_reach + (update.action == "attempt"),
            "findings": sorted({*task.findings, *update.findings}),
            "outcome": update.outcome or task.outcome,
            "lawful_basis": update.lawful_basis or task.lawful_basis,
            "filler_id": update.filler_id or task.filler_id,
            "parked_until": None,
            "resumes_as": None,  # whatever the unit does ends our hold
        },
    )


def lapse(task: Task) -> Task:
    """The next revision of a task that nobody has acknowledged in time and that goes to somebody else."""
    changes = {"status": "cancelled", "business_status": "escalated", "status_reason": NOT_ACKNOWLEDGED}
    return next_revision(task, changes)


def park(task: Task, until: str) -> Task:
    """The next revision after as many attempts in vain as policy allows: it rests until then, and is not forgotten."""
    return next_revision(task, {"status": "on-hold", "business_status": "escalated", "parked_until": until})


def unpark(task: Task) -> Task:
    """The next revision when a parked task is due again."""
    return next_revision(task, {"status": "in-progress", "parked_until": None})


def hold(task: Task, cause: str) -> Task | None:
    """The next revision while nothing can be done: a unit that has the task keeps it. None if it is held already."""
    if task.resumes_as is not None:
        return None
    return next_revision(task, {"status": "on-hold", "status_reason": cause, "resumes_as": task.status})


def next_revision(task: Task, changes: Mapping[str, Any]) -> Task:
    """The task with changes, one revision on."""
    return task.model_copy(update={"revision": task.revision + 1, **changes})


def take_back(task: Task, cause: str) -> Task | None:
    """The next revision when what the task was for has gone: cancelled if nobody has accepted it, else the unit is
    asked and decides. None if there is nothing (more) to do."""
    if task.status in TERMINAL or task.business_status == "cancellation_requested":
        return None
    if task.status in ("requested", "received") or task.business_status == "queued":
        changes = {"status": "cancelled", "status_reason": cause}
    else:
        status = task.resumes_as or task.status
        changes = {"status": status, "business_status": "cancellation_requested", "status_reason": cause}
    return next_revision(task, {**changes, "parked_until": None, "resumes_as": None})


def entered_in_error(task: Task, cause: str) -> Task | None:
    """The next revision of a task that should never have been: what was answered is kept, and does not count."""
    if task.status == "entered-in-error":
        return None
    return next_revision(task, {"status": "entered-in-error", "status_reason": cause})


def reissue(task: Task) -> Task | None:
    """The next revision when a task that was taken back is wanted after all; None if that needs a new attempt.

    Before any unit has seen it, a cancelled task is the same task again: whether the cancellation came to us between
    two other records must not change what is asked. Once a unit has had it, a further attempt is a task of its own."""
    if task.status == "cancelled" and task.business_status == "queued":
        return next_revision(task, {"status": "requested", "status_reason": None})
    if task.status not in TERMINAL and task.business_status == "cancellation_requested":
        return next_revision(task, {"business_status": "delivered", "status_reason": None})
    if task.resumes_as is not None:
        return next_revision(task, {"status": task.resumes_as, "status_reason": None, "resumes_as": None})
    return None
