"""What is put to the district's duty officer, as tasks of their own: nothing that a person must see is a mere message.
Pure.

They hang on the task that they are about (`part_of`), are no part of what the flag asks, and never close it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from contracts.flags import Ask
from contracts.tasks import TERMINAL, Task
from services.referral.case import Case, unseen
from services.referral.lifecycle import first_revision, next_revision, reissue, take_back

__all__ = ["MATTERS", "Matter", "no_more_to_decide", "put", "put_again"]

Matter = Literal["review_unreached", "review_late_answer", "decide_disclosure"]

MATTERS: Mapping[str, str] = {
    "review_unreached": "urgent",
    "review_late_answer": "routine",
    "decide_disclosure": "asap",
}
"""Each matter's priority."""


def put(case: Case, about: Task, matter: Matter, at: str, *codes: str) -> None:
    """Asks the duty officer, unless they are asked already. `codes` say what there is to know."""
    mine = _asked(case, about, matter)
    flag = case.state["flags"][case.heir(about.flag_id)]
    place = (flag["district"], flag["estate"])
    declined = [task.unit for task in mine if task.status == "rejected"]
    kind, unit = case.policy.directory.route("district_office", *place, case.household, declined, waits=case.waits)
    going = next((task for task in mine if task.status not in TERMINAL), None)
    if going is None and mine and (again := reissue(mine[-1])) is not None:
        case.publish(again)
        going = again
    if going is not None:
        # nobody has seen it yet: it goes where the household lives now, whichever record told us first
        now = {"flag_id": flag["flag_id"], "for_": flag["subject"], "level": flag["level"]}
        now |= {"unit": unit, "district": flag["district"]} if unseen(case.state["tasks"][going.task_id]) else {}
        if any(getattr(going, name) != value for name, value in now.items()):
            case.publish(next_revision(going, now))
        return
    ask = Ask.model_validate({"unit": "district_office", "for": matter, "priority": MATTERS[matter]})
    attempt = case.next_attempt(flag["flag_id"], ask)
    due = case.policy.clocks[ask.priority].due(at, at)
    task = first_revision(flag, ask, (kind, unit), attempt, at, due, about.task_id)
    case.publish(task.model_copy(update={"reason": [*task.reason, *codes]}))


def put_again(case: Case, declined: Task, at: str) -> None:
    """After an officer has declined: the next office, or the queue."""
    about = case.task(case.state["tasks"][declined.part_of])
    put(case, about, declined.purpose, at, *declined.reason[1:])  # type: ignore[arg-type]


def no_more_to_decide(case: Case, about: Task, cause: str) -> None:
    """Takes back what was put to the officer about a task that has ended."""
    for matter in ("review_unreached", "decide_disclosure"):
        for task in _asked(case, about, matter):
            case.publish(take_back(task, cause))


def _asked(case: Case, about: Task, matter: str) -> list[Task]:
    tasks: list[dict[str, Any]] = list(case.state["tasks"].values())
    mine = [case.task(raw) for raw in tasks if raw["purpose"] == matter and raw["part_of"] == about.task_id]
    return sorted(mine, key=lambda task: task.attempt)
