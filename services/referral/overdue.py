"""What comes of a clock: a reminder, its end, a further step; and what was parked is due again. Pure.

A tick only reveals it. What is written says when it was due, so it is the same however often ticks come; and what has
come is written into the task, so it comes once, also across a restart.
"""

from typing import cast

from contracts.tasks import Task
from services.calendar.running import ACKNOWLEDGED_BY_NOBODY, is_held
from services.referral import officer
from services.referral.asking import hand_on
from services.referral.case import Case
from services.referral.clocks import Due, clocks_of, falls_due
from services.referral.lifecycle import next_revision, take_back, unpark
from services.referral.policy import OVERDUE_MATTERS, OverdueMatter
from services.referral.requesting import restarted

__all__ = ["run_out", "withdraw_moot"]


def run_out(case: Case, as_of: str) -> None:
    """Everything that was due by `as_of`, in the order in which it was. Of what a flag of that very instant asks, the
    next tick looks at the clocks: a tick and a flag that it raised may reach the desk in either order."""
    while (first := _first(case, as_of)) is not None and first[0].at <= as_of:
        due, task_id = first
        task = case.task(case.state["tasks"][task_id])
        match due.kind:
            case "parked":
                held = is_held(task.parked_until, task.resumes_as, task.status_reason)
                case.publish(restarted(case, unpark(task), due.at) if held else unpark(task))
            case "remind":
                case.publish(next_revision(task, {"warnings": [*task.warnings, due.what]}))
            case "breach":
                _breach(case, task, due)
            case _:
                case.publish(next_revision(task, {"escalations": [*task.escalations, due.what]}))
                officer.put(case, task, cast("OverdueMatter", due.what), due.at, task.purpose)


def withdraw_moot(case: Case) -> None:
    """Takes back what an officer was asked to look at, once it is no longer so: somebody has acknowledged the task, or
    made contact, or it is over."""
    for raw in list(case.state["tasks"].values()):
        asked_to_stop = raw["business_status"] == "cancellation_requested"
        if raw["purpose"] in OVERDUE_MATTERS and not asked_to_stop and not _is_overdue(case, case.task(raw)):
            case.publish(take_back(case.task(raw), "no_longer_overdue"))


def _breach(case: Case, task: Task, due: Due) -> None:
    breached = task.model_copy(update={"breaches": [*task.breaches, due.what]})
    if not (due.what == "acknowledge" and hand_on(case, breached, due.at)):
        case.publish(next_revision(breached, {}))


def _first(case: Case, as_of: str) -> tuple[Due, str] | None:
    tasks = ((task_id, raw) for task_id, raw in case.state["tasks"].items() if case.told_at(raw) < as_of)
    dues = ((falls_due(raw, case.policy.clocks), task_id) for task_id, raw in tasks)
    return min(((due, task_id) for due, task_id in dues if due is not None), default=None)


def _is_overdue(case: Case, matter: Task) -> bool:
    about = case.state["tasks"].get(matter.part_of)
    if about is None:
        return False
    if matter.purpose == "review_unacknowledged":
        return about["status"] in ACKNOWLEDGED_BY_NOBODY
    # another unit may have been asked since, or a visit be arranged: contact with the person is still due
    return any(
        "contact" in clocks_of(raw)
        for raw in case.tasks_of(case.heir(about["flag_id"]))
        if (raw["purpose"], raw["asked_of"]) == (about["purpose"], about["asked_of"])
    )
