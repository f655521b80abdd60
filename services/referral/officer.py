"""What is put to the district's duty officer, as tasks of their own: nothing that a person must see is a mere message.
Pure.

They hang on the task that they are about (`part_of`), are no part of what the flag asks, and never close it.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from contracts.flags import Ask
from contracts.tasks import TERMINAL, Task
from services.calendar import ROUND_THE_CLOCK
from services.referral.case import Case, unseen
from services.referral.lifecycle import first_revision, gave_up, next_revision, reissue, take_back
from services.referral.matters import MATTERS, OF_TERRITORY, STANDS, Matter
from services.referral.policy import OVERDUE_MATTERS
from services.referral.requesting import times_for

__all__ = ["no_more_to_decide", "put", "put_again"]


def put(
    case: Case,
    about: Task,
    matter: Matter,
    at: str,
    *codes: str,
    besides: Collection[str] = (),
    to: str | None = None,
    by: str | None = None,
) -> None:
    """Asks the duty officer, unless they are asked already. `codes` say what there is to know; `besides`: offices that
    know it already; `to`: the office that another (`by`) chose by name."""
    mine = _asked(case, about, matter)
    asked = {"unit": "district_office", "for": matter, "priority": MATTERS[matter]}
    # what does not wait for the morning does not wait for the officer's either
    round_the_clock = case.task(case.state["tasks"][about.task_id]).hours == ROUND_THE_CLOCK
    ask = Ask.model_validate({**asked, "round_the_clock": round_the_clock})
    flag = case.state["flags"][case.heir(about.flag_id)]
    place: tuple[str | None, str | None] = (flag["district"], flag["estate"])
    if matter in OF_TERRITORY:
        place = (None, None)
    declined = [*besides, *(task.unit for task in mine if gave_up(task))]
    kind, unit = case.policy.directory.route("district_office", *place, case.household, declined, waits=case.waits)
    going = next((task for task in mine if task.status not in TERMINAL and task.business_status != _STOP), None)
    if going is None and mine and (again := reissue(mine[-1])) is not None:
        case.publish(again)
        going = again
    if going is not None:
        # nobody has seen it yet: it goes where the household lives now, whichever record told us first
        now = {"flag_id": flag["flag_id"], "for_": flag["subject"], "level": flag["level"]}
        if unseen(case.state["tasks"][going.task_id]) and going.placed_by is None:
            asked_at = going.contact_from or at
            times = times_for(case, ask, unit, (asked_at, asked_at), (asked_at, asked_at))
            now |= {"unit": unit, "district": flag["district"], **asdict(times)}
        now["reason"] = [*going.reason, *(code for code in codes if code not in going.reason)]
        if any(getattr(going, name) != value for name, value in now.items()):
            case.publish(next_revision(going, now))
        return
    attempt = case.next_attempt(flag["flag_id"], ask)
    times = times_for(case, ask, to or unit, (at, at), (at, at))
    due = (times.due_ack, times.due_contact)
    task = first_revision(flag, ask, (kind, to or unit), attempt, at, due, about.task_id)
    more = {"reason": [*task.reason, *codes], "contact_from": at, **asdict(times), "placed_by": by}
    case.publish(task.model_copy(update=more))


_STOP = "cancellation_requested"
_OF_A_TASK = tuple(one for one in MATTERS if one not in STANDS | OVERDUE_MATTERS)


def put_again(case: Case, declined: Task, at: str, to: str | None = None, by: str | None = None) -> None:
    """After an officer has declined: the next office, or the queue; or the office `to` that another (`by`) chose."""
    about = case.task(case.state["tasks"][declined.part_of])
    put(case, about, declined.purpose, at, *declined.reason[1:], to=to, by=by)  # type: ignore[arg-type]


def no_more_to_decide(case: Case, about: Task, cause: str, matters: Collection[str] = _OF_A_TASK) -> None:
    """Takes back what was put to the officer about a task that has ended. (What they were asked since a clock has run
    out goes when that is no longer so: another unit may have the task now.)"""
    for matter in matters:
        for task in _asked(case, about, matter):
            case.publish(take_back(task, cause))


def _asked(case: Case, about: Task, matter: str) -> list[Task]:
    tasks: list[dict[str, Any]] = list(case.state["tasks"].values())
    mine = [case.task(raw) for raw in tasks if raw["purpose"] == matter and raw["part_of"] == about.task_id]
    return sorted(mine, key=lambda task: task.attempt)
