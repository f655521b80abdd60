"""What comes of a clock that has run out: nobody has acknowledged, nobody was reached, or what was parked is due again.
Pure.

A tick only reveals it. What is written says when it was due, so it is the same however often ticks come; and a clock
that has run out is written into the task, so it runs out once, also across a restart.
"""

from services.referral.asking import hand_on
from services.referral.case import Case
from services.referral.clocks import falls_due
from services.referral.lifecycle import next_revision, unpark

__all__ = ["run_out"]


def run_out(case: Case, as_of: str) -> None:
    """Everything that was due by `as_of`, in the order in which it was."""
    while overdue := _first(case, as_of):
        at, task_id, what = overdue
        task = case.task(case.state["tasks"][task_id])
        if what == "parked":
            case.publish(unpark(task))
            continue
        breached = task.model_copy(update={"breaches": [*task.breaches, what]})
        if not (what == "acknowledge" and hand_on(case, breached, at)):
            case.publish(next_revision(breached, {}))


def _first(case: Case, as_of: str) -> tuple[str, str, str] | None:
    dues = [(falls_due(raw), task_id) for task_id, raw in case.state["tasks"].items()]
    return min(
        ((due[0], task_id, due[1]) for due, task_id in dues if due is not None and due[0] <= as_of), default=None
    )
