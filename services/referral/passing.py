"""What a person passes to somebody else: a task handed over by its unit, or given to another by a duty officer, or
something referred on. Pure."""

from contracts.flags import OPEN
from contracts.lifecycle import PROTECTED_TO
from contracts.tasks import REFERRED_FOR, Task, TaskUpdate
from services.referral import officer
from services.referral.asking import asked_for, reconcile
from services.referral.case import Case
from services.referral.closing import BY_A_PERSON
from services.referral.deciding import reopen
from services.referral.matters import MATTERS, STANDS
from services.referral.reading import is_snoozed
from services.referral.requesting import request
from services.runtime.fold import Refused, Value

__all__ = ["must_be_possible", "pass_on", "refer_on"]


def must_be_possible(case: Case, task: Task, update: TaskUpdate) -> None:
    """What only the desk knows of an answer that the task's state allows: who serves the place, and whether it is asked
    still. Raises Refused."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    if update.actor == "officer":
        _must_be_an_office(case, flag, update.unit)
    if update.to_unit is not None and update.action in ("hand_over", "reassign"):
        _must_be_able(case, flag, task, update.to_unit, update)
    if update.action == "reassign" and not _asks(case, flag) and task.purpose not in STANDS:
        raise Refused(
            "illegal_transition",
            f"the flag is {flag['status']} and asks for nothing now; cancel the task, or let it be",
        )
    if update.action == "refer_on" and update.refer_to is not None:
        purpose = update.refer_for or REFERRED_FOR[update.refer_to][0]
        if any(
            raw["status"] in BY_A_PERSON and (raw["purpose"], raw["asked_of"]) == (purpose, update.refer_to)
            for raw in case.tasks_of(flag["flag_id"])
        ):
            raise Refused(
                "illegal_transition",
                f"{purpose} has been asked for, and answered; escalate to the duty officer if it is needed again",
            )


def _must_be_an_office(case: Case, flag: Value, unit: str) -> None:
    known, place = case.policy.directory.unit(unit), (flag["district"], flag["estate"])
    if known is None or not case.policy.directory.serves("district_office", unit, *place):
        raise Refused(
            "illegal_transition",
            f"only a district office that serves {flag['district'] or 'the territory'} decides as actor 'officer'; "
            "a unit answers as actor 'unit'",
        )


def _must_be_able(case: Case, flag: Value, task: Task, name: str, update: TaskUpdate) -> None:
    unit = case.policy.directory.unit(name)
    if unit is None:
        raise Refused("illegal_transition", "to_unit is no unit of the directory; see deploy/policy/units.yaml")
    if name == task.unit:
        raise Refused("illegal_transition", "to_unit has the task already")
    if task.purpose in MATTERS and unit.kind != "district_office":
        raise Refused("illegal_transition", "what is put to a duty officer goes to a district office only")
    if unit.kind not in PROTECTED_TO.get(task.asked_of, (unit.kind,)):
        raise Refused(
            "illegal_transition",
            "what is reported of violence or of a child at risk goes on only to "
            + ", ".join(sorted(PROTECTED_TO[task.asked_of])),
        )
    if update.action == "reassign":
        return
    if unit.kind != task.unit_kind:
        raise Refused(
            "illegal_transition", f"to_unit is no {task.unit_kind}: refer on, or escalate to the duty officer"
        )
    if not case.policy.directory.serves(unit.kind, name, flag["district"], flag["estate"]):
        raise Refused("illegal_transition", "to_unit does not serve the place; leave it out, and the nearest is asked")


def _asks(case: Case, flag: Value) -> bool:
    return flag["status"] in OPEN and not is_snoozed(flag) and not case.answered(flag["flag_id"])


def pass_on(case: Case, task: Task, update: TaskUpdate) -> None:
    """Asks who has the task next: the unit that was chosen by name, else the nearest that has not had it."""
    if task.purpose in MATTERS:
        officer.put_again(case, task, update.at, to=update.to_unit, by=update.to_unit and update.unit)
        return
    flag = case.state["flags"][case.heir(task.flag_id)]
    ask = asked_for(case, flag, task)
    if ask is None or not _asks(case, flag):
        return
    if update.to_unit is None:
        request(case, flag, ask, update.at, task.part_of, before=task)
        return
    unit = case.policy.directory.unit(update.to_unit)
    assert unit is not None  # must_be_possible has seen to it
    request(
        case,
        flag,
        ask,
        update.at,
        task.part_of,
        before=task,
        owner=(unit.kind, unit.id),
        more={"placed_by": update.unit},
    )


def refer_on(case: Case, task: Task, update: TaskUpdate) -> None:
    """Asks another kind of unit, as a part of this task. A person has seen that it is needed; what was decided before
    did not know of it."""
    flag_id = case.heir(task.flag_id)
    reopen(case, flag_id, update.at)
    reconcile(case, flag_id, update.at)
