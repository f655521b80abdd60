"""What units answer, and what comes of it: the next unit, the next step, the flag's end. Pure."""

from hashlib import blake2b

from contracts.facts import Fact
from contracts.instants import plus
from contracts.tasks import TERMINAL, Task, TaskUpdate
from services.referral import officer
from services.referral.asking import found_steps, next_unit, reconcile
from services.referral.case import Case
from services.referral.closing import BY_A_PERSON, closure, covered
from services.referral.deciding import reopen
from services.referral.lifecycle import answer, called_off, park
from services.referral.matters import MATTERS
from services.referral.passing import must_be_possible, pass_on, refer_on
from services.referral.reading import ask_of, is_snoozed
from services.referral.sharing import came_from, sharers, unknown_to
from services.referral.voiding import make_void
from services.runtime.fold import Refused, Value

__all__ = ["take_answer"]


def take_answer(case: Case, update: TaskUpdate) -> None:
    """Applies a unit's answer. Raises Refused for one that is stale, impossible, or of a task that nobody asked."""
    said = _digest(update)
    if (known := case.state["answered"].get(update.update_id)) is not None:
        if known != said:
            raise Refused("id_reused", "this update_id was used for another answer; give each an id of its own")
        case.turn.duplicate = True
        return
    raw = case.state["tasks"].get(update.task_id)
    if raw is None:
        raise Refused("unknown_task", "no such task was asked of this household; check task_id and household_id")
    before = case.task(raw)
    try:
        clocks = case.policy.clocks
        arranged = update.visit_at if update.action == "schedule" else None
        told_by = None if arranged is None else clocks.due_visit(before.hours, arranged)
        task = answer(before, update, plus(update.at, days=clocks[before.priority].parked_days), told_by)
        must_be_possible(case, before, update)
    except Refused as refused:
        if not (before.status in TERMINAL and update.outcome and update.unit == before.unit):
            raise
        # An outcome that comes too late changes nothing by itself, and is not lost: the coordinator sees it.
        assert case.turn.record is not None
        case.turn.bury(case.turn.record, refused.reason, refused.detail)
        case.state["answered"][update.update_id] = said
        officer.put(case, before, "review_late_answer", update.at, update.outcome, *update.findings)
        return
    case.state["answered"][update.update_id] = said
    case.publish(task)
    _follow(case, before, task, update)
    if task.status in TERMINAL:
        officer.no_more_to_decide(case, task, "answered")
    if task.status in BY_A_PERSON:
        _heed(case, task, update.at)
        reconcile(case, case.heir(task.flag_id), update.at)
    if task.status in TERMINAL and task.purpose not in MATTERS:
        _found(case, task, update)


def _follow(case: Case, before: Task, task: Task, update: TaskUpdate) -> None:
    """What else comes of an answer than the task's next revision."""
    match update.action:
        case "reject" if task.purpose in MATTERS:
            officer.put_again(case, task, update.at)
        case "reject":
            next_unit(case, task, update.at)
        case "cancel":
            for flag_id in unknown_to(case, task, update.at):
                reconcile(case, flag_id, update.at)
        case "receive":
            officer.no_more_to_decide(case, task, "delivered", ("review_undelivered",))
        case "delivery_failed" if update.reason == "gave_up" and task.purpose not in MATTERS:
            officer.put(case, task, "review_undelivered", update.at, task.unit_kind, besides=[task.unit])
        case "attempt" | "no_show":
            _in_vain(case, task, update.at)
        case "escalate":
            officer.put(case, task, "review_escalated", update.at, str(update.reason), besides=[update.unit])
        case "hand_over" | "reassign":
            pass_on(case, task, update)
        case "refer_on":
            refer_on(case, task, update)
        case "enter_in_error":
            make_void(case, before, update)


def _in_vain(case: Case, task: Task, at: str) -> None:
    """After as many attempts as policy allows: the task rests for a while, and the duty officer is asked what next."""
    clock = case.policy.clocks[task.priority]
    if task.attempts_to_reach >= clock.attempts and task.business_status != "cancellation_requested":
        case.publish(park(task, plus(at, days=clock.parked_days)))
        officer.put(case, task, "review_unreached", at)


def _heed(case: Case, task: Task, at: str) -> None:
    """A finding that asks for a next step is news to whoever has decided before."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    if any(step["on"] in task.findings for step in flag["then"]):
        reopen(case, flag["flag_id"], at)


def _found(case: Case, task: Task, update: TaskUpdate) -> None:
    """Keeps what people found about the flag; `closed` once nothing that it asked for is open any more."""
    flag_id = case.heir(task.flag_id)
    tasks = [raw for raw in case.tasks_of(flag_id) if raw["purpose"] not in MATTERS]
    by_people = [raw for raw in tasks if raw["status"] in BY_A_PERSON]
    cover = covered(tasks)
    done = all(raw["status"] in TERMINAL for raw in tasks) and (
        cover or _all_answered(case, case.state["flags"][flag_id])
    )
    before = case.state["found"].get(flag_id)
    if before is not None and "officer" in before["value"]:
        return  # an officer has closed it, and what was found asks for nothing more
    if not by_people or (not done and not (cover and before is None)):
        return
    # the need was told under these before
    also = sorted(name for name in case.state["flags"] if name != flag_id and case.heir(name) == flag_id)
    value = {"cover_confirmed": cover, "closed": closure(by_people) if done else None, "also": also}
    if before is not None and before["value"] == value:
        return
    sharing = [
        flag["flag_id"]
        for flag in sharers(case, case.state["flags"][flag_id])
        if not is_snoozed(flag) or came_from(task, flag["flag_id"])  # an officer wants to look at it again, that day
    ]
    for name in {flag_id, *(one for one in sharing if not _waits(case, one))}:
        fact = Fact(
            subject=case.household,
            kind="task.outcome",
            key=name,
            source=task.unit,
            version=(update.at, task.revision, update.update_id, 0, ""),
            at=update.at,
            received=update.at,
            value=value,
        )
        case.found(name, fact)


def _waits(case: Case, flag_id: str) -> bool:
    """Whether something is open that this flag has asked for by itself: it ends with that."""
    tasks = case.tasks_of(flag_id)
    return any(raw["status"] not in TERMINAL and raw["purpose"] not in MATTERS for raw in tasks)


def _all_answered(case: Case, flag: Value) -> bool:
    """Whether a person has given an outcome for each thing asked, or an officer has cancelled it. One that was taken
    back has none: if the episode opens again, it is asked again."""
    asked = [ask_of(raw) for raw in flag["asks"]] + [ask for ask, _ in found_steps(case, flag)]
    chains = [case.chain(flag["flag_id"], ask) for ask in asked]
    return all(any(task.status in BY_A_PERSON or called_off(task, flag["level"]) for task in chain) for chain in chains)


def _digest(update: TaskUpdate) -> str:
    """Of what a unit says; sent again, an answer may have been stamped anew, and name the revision that it now sees."""
    said = update.model_dump_json(exclude={"update_id", "at", "expected_revision"}, exclude_defaults=True)
    return blake2b(said.encode(), digest_size=8).hexdigest()
