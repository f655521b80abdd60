"""What a flag asks becomes tasks: one open task for each thing that an open flag asks for. Pure."""

from contracts.flags import OPEN, UNLINKED, Ask
from contracts.tasks import TERMINAL, Task
from services.referral.case import Case, unseen
from services.referral.closing import BY_A_PERSON
from services.referral.consent import decided, withhold
from services.referral.lifecycle import (
    HANDED_OVER,
    called_off,
    entered_in_error,
    hold,
    lapse,
    next_revision,
    reissue,
    take_back,
)
from services.referral.matters import MATTERS, STANDS
from services.referral.reading import ask_of, asks_of, closed_by_officer, is_snoozed
from services.referral.requesting import hand_on_to, hand_over, keep_current, request, restarted
from services.referral.sharing import give_up, leader, sharers
from services.runtime.fold import Value

__all__ = ["asked_for", "found_steps", "hand_on", "next_unit", "reconcile"]


def reconcile(case: Case, flag_id: str, now: str) -> None:
    """One open task for each thing that an open flag asks for; what else is open is taken back."""
    flag = case.state["flags"][flag_id]
    if flag["status"] not in OPEN or is_snoozed(flag):
        for ask in map(ask_of, flag["asks"]):
            if (first := leader(case, flag, ask)) is not None:
                give_up(case, flag, ask, first)
                reconcile(case, first["flag_id"], now)
        left = [case.task(raw) for raw in case.tasks_of(flag_id)]
        if flag["status"] in OPEN:
            _hold_back(case, left)
        else:
            _end(case, flag, left)
        return
    if case.answered(flag_id):
        return
    asked = {(ask.purpose, ask.unit) for ask in [*asks_of(flag), *(ask for ask, _ in found_steps(case, flag))]}
    for task in [case.task(raw) for raw in case.tasks_of(flag_id)]:
        if task.purpose == "decide_disclosure" and flag["consent"] is None:
            case.publish(take_back(task, "consent_granted"))
        elif (task.purpose, task.asked_of) not in asked and task.purpose not in MATTERS:
            # the rules have changed since it was asked
            case.publish(take_back(task, "no_longer_asked"))
    for raw in flag["asks"]:
        ask = ask_of(raw)
        released = case.released(flag_id)
        if ask.release == "wave" and released is None:
            continue  # a recorded hold: the flag itself, until an officer releases it
        since = released["clocks_from"] if released and ask.release == "wave" else None
        if (first := leader(case, flag, ask)) is not None:
            give_up(case, flag, ask, first)
            reconcile(case, first["flag_id"], now)
            continue
        for other in sharers(case, flag) if ask.shared else ():
            if other is not flag:
                give_up(case, other, ask, flag)
        _ensure(case, flag, ask, now, since=since)
    for ask, finding in found_steps(case, flag):
        # what a person found counts from when it was found, not from when the episode began
        _ensure(case, flag, ask, now, part_of=finding, since=now)


def _end(case: Case, flag: Value, tasks: list[Task]) -> None:
    """What becomes of the tasks of a flag that asks nothing any more."""
    for task in sorted(tasks, key=lambda task: task.purpose in MATTERS):
        if task.purpose in STANDS or (task.purpose == "review_undelivered" and _goes_on(case, task.part_of)):
            continue  # somebody has to see it all the same
        if flag["cause"] == UNLINKED and task.status in BY_A_PERSON:
            case.publish(entered_in_error(task, UNLINKED))  # who was told of a stranger is told so
        elif flag["cause"] == UNLINKED and _is_asked_to_stop(task) and task.status_reason != UNLINKED:
            case.publish(next_revision(task, {"status_reason": UNLINKED}))  # it is asked to stop already; now why
        elif (
            flag["status"] == "superseded"
            and case.inherits(case.state["tasks"][task.task_id])
            and not case.answered(case.heir(flag["flag_id"]))
        ):
            continue  # carried over: the need is told under another flag, and nobody has answered it yet
        elif flag["cause"] in HOLDS and flag["status"] == "mitigated" and _in_hand(task):
            case.publish(hold(task, flag["cause"]))  # the unit keeps it, and goes on when somebody is at home again
        elif flag["status"] != "closed" or task.purpose in MATTERS or closed_by_officer(flag):
            case.publish(take_back(task, flag["cause"] or "withdrawn"))


HOLDS = frozenset({"in_hospital"})
"""Causes that end by themselves: whoever is to be helped is in hospital, and comes home."""


def _goes_on(case: Case, task_id: str | None) -> bool:
    """Whether a unit still has a task: who could not be told to stop is told by a person."""
    about = case.state["tasks"].get(task_id)
    return about is not None and about["status"] not in TERMINAL


def _is_asked_to_stop(task: Task) -> bool:
    return task.status not in TERMINAL and task.business_status == _STOP


def _in_hand(task: Task) -> bool:
    return task.status not in TERMINAL and task.business_status not in ("queued", "delivery_failed", _STOP)


_STOP = "cancellation_requested"


def _hold_back(case: Case, tasks: list[Task]) -> None:
    """While a flag is snoozed: a recorded hold. What nobody has seen is taken back, what a unit has goes on."""
    for task in tasks:
        if unseen(case.state["tasks"][task.task_id]) and task.status == "requested":
            case.publish(take_back(task, "snoozed"))


def found_steps(case: Case, flag: Value) -> list[tuple[Ask, str]]:
    """(what a finding asks for, or a unit has referred on; the task that it is a part of): each once, however often it
    was found. Where the flag is no longer open it is asked once it opens again: the finding is kept."""
    tasks = sorted(case.tasks_of(flag["flag_id"]), key=lambda raw: str(raw["task_id"]))
    steps = [
        (ask_of(step["ask"]), by[0])
        for step in flag["then"]
        if (by := [raw["task_id"] for raw in tasks if raw["status"] in BY_A_PERSON and step["on"] in raw["findings"]])
    ]
    known = {(ask.purpose, ask.unit) for ask in [*map(ask_of, flag["asks"]), *(ask for ask, _ in steps)]}
    for raw in tasks:
        for one in raw.get("referred_on", ()) if raw["status"] != "entered-in-error" else ():
            if (one["purpose"], one["unit_kind"]) not in known:
                known.add((one["purpose"], one["unit_kind"]))
                steps.append((_referred(one), raw["task_id"]))
    return steps


def _referred(one: Value) -> Ask:
    at_once = one["priority"] == "stat"
    said = {"unit": one["unit_kind"], "for": one["purpose"], "priority": one["priority"], "round_the_clock": at_once}
    return Ask.model_validate(said)


def next_unit(case: Case, task: Task, now: str) -> None:
    """After a decline: the next eligible unit, never back to one that declined; at the cap the duty officer."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    if flag["status"] not in OPEN or is_snoozed(flag) or task.business_status == "cancellation_requested":
        return
    ask = asked_for(case, flag, task)
    if ask is not None:
        request(case, flag, ask, now, task.part_of, before=task)


def hand_on(case: Case, task: Task, at: str) -> bool:
    """A task that nobody has acknowledged goes to the next kind of unit that policy names for its priority, the duty
    officer at last. False where it stays with whoever has it."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    ask = asked_for(case, flag, task)
    if (
        flag["status"] not in OPEN
        or is_snoozed(flag)
        or ask is None
        or task.unit_kind == "district_office"
        or not hand_on_to(case, ask, [task.unit_kind])
    ):
        return False
    case.publish(lapse(task))
    request(case, flag, ask, at, task.task_id, before=task)
    return True


def _ensure(case: Case, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None) -> None:
    chain = case.chain(flag["flag_id"], ask)
    standing = max(chain, key=_standing, default=None)
    for task in chain:
        if task is not standing:  # asked under two flags that turned out to be of one need
            case.publish(take_back(task, "duplicate"))
    if standing is not None and _standing(standing)[0] < _OPEN:
        if any(called_off(task, flag["level"]) for task in chain):
            return  # a recorded hold: a duty officer has cancelled it
        standing = standing.model_copy(update={"officer": None})  # the level has risen since, or it was void
    basis: str | None = None
    before: Task | None = None
    if flag["consent"] == "withdrawn" and not (basis := decided(case, flag)):
        withhold(case, flag, ask, standing, now, part_of, since)
        return
    if standing is not None:
        if (again := reissue(standing)) is not None:
            if standing.resumes_as is not None and not unseen(case.state["tasks"][standing.task_id]):
                again = restarted(case, again, max(now, flag["received_at"]))  # nobody was late while it was held
            case.publish(again)
            standing = again
        if standing.status not in TERMINAL:
            if not hand_over(case, standing, flag):
                keep_current(case, standing, flag, ask, basis)
                return
            part_of, before = standing.part_of, standing
        elif standing.status in BY_A_PERSON:
            return
    request(case, flag, ask, now, part_of, since, before, more={"lawful_basis": basis} if basis else None)


def _standing(task: Task) -> tuple[int, int]:
    """Which of several attempts counts: one with an outcome given by a person, else the open one that is furthest on,
    else one that was taken back and may be wanted again, else the last."""
    if task.status in BY_A_PERSON:
        return _OPEN + 1, -task.attempt
    if task.status not in TERMINAL and task.business_status != "cancellation_requested":
        return _OPEN, _FURTHER.index(task.resumes_as or task.status)
    if reissue(task) is not None and task.status_reason not in ("duplicate", HANDED_OVER):
        return 1, task.attempt
    return 0, task.attempt


_OPEN = 2

_FURTHER = ("requested", "received", "on-hold", "accepted", "in-progress")


def asked_for(case: Case, flag: Value, task: Task) -> Ask | None:
    """What a flag, or a unit that works on it, asks for with this task; None where nothing does any more."""
    asks = [*asks_of(flag), *(ask for ask, _ in found_steps(case, flag))]
    return next((ask for ask in asks if (ask.purpose, ask.unit) == (task.purpose, task.asked_of)), None)
