"""The life of one task: what an answer, and what the desk does by itself, make of it. Who may do what from where stands
in `contracts.lifecycle`, and nowhere else. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.flags import LEVELS, Ask, Level
from contracts.ids import task_id
from contracts.lifecycle import Action, Refusal, check, step
from contracts.tasks import REASONS, REFERRED_FOR, OfficerSaid, ReferredOn, Task, TaskUpdate
from services.runtime.fold import Refused

__all__ = [
    "HANDED_OVER",
    "NOT_ACKNOWLEDGED",
    "NO_CONSENT",
    "REASSIGNED",
    "answer",
    "called_off",
    "entered_in_error",
    "first_revision",
    "gave_up",
    "hold",
    "lapse",
    "move_on",
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

REASSIGNED = "reassigned"
"""Why a unit is asked to stop: a duty officer has given the task to another."""

_RESTS_ON = ("status", "business_status", "status_reason", "unit_kind", "unit", "for_")
"""What a unit's answer rests on: once one of these has changed, it looks again before it answers."""

_RECEIPTS = frozenset({"receive", "delivery_failed"})

_ASIDES = frozenset({"refer_on", "escalate", "delivery_failed"})
"""What is said on the side: whatever holds the task goes on holding it."""


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


def answer(task: Task, update: TaskUpdate, until: str | None = None, due_visit: str | None = None) -> Task:
    """The task's next revision after an answer. `until`: when it is due again, for a `hold` that does not say;
    `due_visit`: by when the unit says how the visit went that it arranges. Raises Refused for what is stale or not
    possible (contracts.lifecycle)."""
    move = check(task, update)
    if isinstance(move, Refusal):
        raise Refused(move.reason, move.detail)
    action, stops = update.action, "cancellation_requested" in (task.business_status, move.business_status)
    changes: dict[str, Any] = {
        "update_id": update.update_id,
        "status": (task.resumes_as or move.status) if move.resumes else move.status,
        "business_status": move.business_status,
        "filler_id": update.filler_id or task.filler_id,
        "findings": sorted({*task.findings, *update.findings}),
    }
    if action not in _ASIDES:
        changes |= {
            "status_reason": task.status_reason if stops else update.reason,  # why it is to stop, until it has
            **(_NO_VISIT if move.business_status != task.business_status else {}),
            "parked_until": (update.until or until) if action == "hold" else None,
            "resumes_as": None,  # whatever a person does ends our hold
        }
    match action:
        case "attempt" | "no_show":
            changes["attempts_to_reach"] = task.attempts_to_reach + 1
        case "complete" | "fail":
            changes |= {"outcome": update.outcome, "lawful_basis": update.lawful_basis or task.lawful_basis}
        case "confirm_cancel" if task.status_reason in (HANDED_OVER, REASSIGNED):
            changes["business_status"] = HANDED_OVER
        case "schedule":
            changes |= {"visit_at": update.visit_at, "due_visit": due_visit}
        case "delivery_failed":
            changes["status_reason"] = task.status_reason if stops else update.reason
        case "refer_on":
            changes["referred_on"] = [*task.referred_on, _referred(task, update)]
        case "cancel" | "reassign" | "enter_in_error":
            said = {"action": action, "office": update.unit, "reason": update.reason, "at": update.at}
            reason = REASSIGNED if action == "reassign" else update.reason
            changes |= {"officer": OfficerSaid.model_validate(said), "status_reason": reason}
    after = next_revision(task, changes)
    # a unit answers while its adapter's receipt is on the way: it has seen all that its answer rests on
    return after.model_copy(update={"since": task.since}) if action in _RECEIPTS else after


def _referred(task: Task, update: TaskUpdate) -> ReferredOn:
    assert update.refer_to is not None
    return ReferredOn(
        unit_kind=update.refer_to,
        purpose=update.refer_for or REFERRED_FOR[update.refer_to][0],
        priority=update.priority or task.priority,
        at=update.at,
    )


def gave_up(task: Task) -> bool:
    """Whether its unit does not have it again by itself: it has declined, or handed it over, or a duty officer has
    given it to another."""
    if task.officer is not None and task.officer.action == "reassign":
        return True
    return task.status == "rejected" or (
        task.business_status == HANDED_OVER and task.status_reason in REASONS["hand_over"]
    )


def called_off(task: Task, level: Level) -> bool:
    """Whether a duty officer has cancelled it at this level or a higher one: it is not asked again by itself."""
    cancelled = task.officer is not None and task.officer.action == "cancel"
    return cancelled and LEVELS.index(level) <= LEVELS.index(task.level)


def _by_the_desk(task: Task, action: Action, **changes: Any) -> Task | None:
    """The next revision after what the desk does by itself; None where there is nothing (more) to do."""
    move = step(task.status, task.business_status, action, "referral_desk")
    if isinstance(move, Refusal):
        return None
    status = (task.resumes_as or move.status) if move.resumes else move.status
    return next_revision(task, {"status": status, "business_status": move.business_status, **changes})


_NO_VISIT = {"visit_at": None, "due_visit": None}
_FREE = {"parked_until": None, "resumes_as": None}


def lapse(task: Task) -> Task:
    """The next revision of a task that nobody has acknowledged in time and that goes to somebody else."""
    return _must(_by_the_desk(task, "lapse", status_reason=NOT_ACKNOWLEDGED))


def park(task: Task, until: str) -> Task:
    """The next revision after as many attempts in vain as policy allows: it rests until then, and is not forgotten."""
    return _must(_by_the_desk(task, "park", status_reason=None, parked_until=until))


def unpark(task: Task) -> Task:
    """The next revision when a task that rests is due again."""
    stops = task.business_status == "cancellation_requested"
    return _must(_by_the_desk(task, "unpark", parked_until=None, status_reason=task.status_reason if stops else None))


def _must(task: Task | None) -> Task:
    assert task is not None, "the desk did to a task what its state does not allow"
    return task


def hold(task: Task, cause: str) -> Task | None:
    """The next revision while nothing can be done: a unit that has the task keeps it. None if it is held already."""
    if task.resumes_as is not None:
        return None
    # one that rests until a day goes on when our hold is over: nothing else would wake it
    resumes_as = "in-progress" if task.parked_until else task.status
    return _by_the_desk(task, "hold", status_reason=cause, resumes_as=resumes_as, parked_until=None)


def next_revision(task: Task, changes: Mapping[str, Any]) -> Task:
    """The task with changes, one revision on. `since` moves with what an answer rests on, and with every answer."""
    revision = task.revision + 1
    said = {"update_id": None, **changes}
    rests = any(name in said and said[name] != getattr(task, name) for name in _RESTS_ON)
    since = revision if rests or said["update_id"] else task.since
    return task.model_copy(update={**said, "revision": revision, "since": since})


def take_back(task: Task, cause: str) -> Task | None:
    """The next revision when what the task was for has gone: cancelled if nobody has accepted it, else the unit is
    asked and decides. None if there is nothing (more) to do."""
    return _by_the_desk(task, "take_back", status_reason=cause, **_FREE)


def move_on(task: Task) -> Task | None:
    """The next revision when the household lives elsewhere now: like `take_back`, and says that another is asked."""
    return _by_the_desk(task, "hand_over", status_reason=HANDED_OVER, **_FREE)


def entered_in_error(task: Task, cause: str) -> Task | None:
    """The next revision of a task that should never have been: what was answered is kept, and does not count."""
    return _by_the_desk(task, "enter_in_error", status_reason=cause)


def reissue(task: Task) -> Task | None:
    """The next revision when a task that was taken back is wanted after all; None if that needs a new attempt.

    Before any unit has seen it, a cancelled task is the same task again: whether the cancellation came to us between
    two other records must not change what is asked. Once a unit has had it, a further attempt is a task of its own."""
    if task.officer is not None or (task.status == "on-hold" and not _waits_for_us(task)):
        return None
    return _by_the_desk(task, "reissue", status_reason=None, resumes_as=None)


def _waits_for_us(task: Task) -> bool:
    return task.resumes_as is not None or task.business_status == "cancellation_requested"
