"""What a flag asks becomes tasks: one open task for each thing that an open flag asks for. Pure."""

from contracts.flags import OPEN, UNLINKED, Ask
from contracts.model import Bilingual
from contracts.tasks import TERMINAL, Task
from services.referral.case import Case, unseen
from services.referral.closing import BY_A_PERSON
from services.referral.lifecycle import (
    NOT_ACKNOWLEDGED,
    entered_in_error,
    first_revision,
    hold,
    lapse,
    reissue,
    take_back,
)
from services.referral.officer import MATTERS
from services.referral.policy import LINE_24_HOURS
from services.referral.reading import ask_of, asks_of
from services.runtime.fold import Value

__all__ = ["follow_up", "found_steps", "next_unit", "reconcile"]


def reconcile(case: Case, flag_id: str, now: str) -> None:
    """One open task for each thing that an open flag asks for; what else is open is taken back."""
    flag = case.state["flags"][flag_id]
    mine = [case.task(raw) for raw in case.tasks_of(flag_id)]
    if flag["status"] not in OPEN:
        _end(case, flag, mine)
        return
    asked = {(ask.purpose, ask.unit) for ask in asks_of(flag)}
    for task in mine:
        if (task.purpose, task.asked_of) not in asked and task.purpose not in MATTERS:
            # the rules have changed since it was asked
            case.publish(take_back(task, "no_longer_asked"))
    for raw in flag["asks"]:
        ask = ask_of(raw)
        released = case.released(flag_id)
        if ask.release == "wave" and released is None:
            continue  # a recorded hold: the flag itself, until an officer releases it
        since = released["at"] if released and ask.release == "wave" else None
        _ensure(case, flag, ask, now, since=since)
    follow_up(case, flag_id, now)


def _end(case: Case, flag: Value, tasks: list[Task]) -> None:
    """What becomes of the tasks of a flag that asks nothing any more."""
    for task in tasks:
        if task.purpose == "review_late_answer":
            continue  # somebody has to see it all the same
        if flag["cause"] == UNLINKED and task.status in BY_A_PERSON:
            case.publish(entered_in_error(task, UNLINKED))  # who was told of a stranger is told so
        elif flag["status"] == "superseded" and not unseen(case.state["tasks"][task.task_id]):
            continue  # carried over: the need is told under another flag
        elif flag["cause"] in HOLDS and flag["status"] == "mitigated" and _in_hand(task):
            case.publish(hold(task, flag["cause"]))  # the unit keeps it, and goes on when somebody is at home again
        elif flag["status"] != "closed" or task.purpose in MATTERS:
            case.publish(take_back(task, flag["cause"] or "withdrawn"))


HOLDS = frozenset({"in_hospital"})
"""Causes that end by themselves: whoever is to be helped is in hospital, and comes home."""


def _in_hand(task: Task) -> bool:
    return task.status not in TERMINAL and task.status != "requested" and task.business_status != _STOP


_STOP = "cancellation_requested"


def follow_up(case: Case, flag_id: str, now: str) -> None:
    """While the flag is open: what people's findings ask for next, each once, however often it was found."""
    flag = case.state["flags"][flag_id]
    if flag["status"] not in OPEN:
        return  # asked if it opens again: the finding is kept
    for ask, finding in found_steps(case, flag):
        # what a person found counts from when it was found, not from when the episode began
        _ensure(case, flag, ask, now, part_of=finding, since=now)


def found_steps(case: Case, flag: Value) -> list[tuple[Ask, str]]:
    """(what a finding asks for, the task that found it)."""
    answered = [task for task in case.tasks_of(flag["flag_id"]) if task["status"] in BY_A_PERSON]
    return [
        (ask_of(step["ask"]), by[0])
        for step in flag["then"]
        if (by := sorted(task["task_id"] for task in answered if step["on"] in task["findings"]))
    ]


def next_unit(case: Case, task: Task, now: str) -> None:
    """After a decline: the next eligible unit, never back to one that declined; at the cap the duty officer."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    if flag["status"] not in OPEN or task.business_status == "cancellation_requested":
        return
    ask = _asked(flag, task)
    if ask is not None:
        _request(case, flag, ask, now, task.part_of, _since(task, ask))


def hand_on(case: Case, task: Task, at: str) -> bool:
    """A `stat` task that nobody has acknowledged goes to the 24-hour line, from there to the duty officer. False where
    it stays with whoever has it."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    ask = _asked(flag, task)
    if flag["status"] not in OPEN or ask is None or ask.priority != "stat" or task.unit_kind == "district_office":
        return False
    case.publish(lapse(task))
    _request(case, flag, ask, at, task.task_id, at)
    return True


def _ensure(case: Case, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None) -> None:
    chain = case.chain(flag["flag_id"], ask)
    standing = max(chain, key=_standing, default=None)
    for task in chain:
        if task is not standing:  # asked under two flags that turned out to be of one need
            case.publish(take_back(task, "duplicate"))
    if standing is not None:
        if (again := reissue(standing)) is not None:
            case.publish(again)
            standing = again
        if standing.status not in TERMINAL:
            _keep_current(case, standing, flag, ask)
    if standing is None or (standing.status in TERMINAL and standing.status not in BY_A_PERSON):
        _request(case, flag, ask, now, part_of, since)


def _standing(task: Task) -> tuple[int, int]:
    """Which of several attempts counts: one with an outcome given by a person, else the open one that is furthest on,
    else one that was taken back and may be wanted again, else the last."""
    if task.status in BY_A_PERSON:
        return 3, -task.attempt
    if task.status not in TERMINAL and task.business_status != "cancellation_requested":
        return 2, _FURTHER.index(task.resumes_as or task.status)
    if reissue(task) is not None and task.status_reason != "duplicate":
        return 1, task.attempt
    return 0, task.attempt


_FURTHER = ("requested", "received", "on-hold", "accepted", "in-progress")


def _keep_current(case: Case, task: Task, flag: Value, ask: Ask) -> None:
    due_ack, due_contact = _due(case, flag, ask, _since(task, ask))
    current = {
        "level": flag["level"],
        "for_": flag["subject"],
        "due_ack": due_ack,
        "due_contact": due_contact,
        "reason_text": Bilingual.model_validate(flag["title"]),
    }
    if task.status == "requested" and task.business_status == "queued":
        # nobody has seen it yet: it goes where the household lives now, whichever record told us first
        kind, unit = _route(case, flag, ask)
        current |= {"unit_kind": kind, "unit": unit, "district": flag["district"]}
        if kind != task.unit_kind and (elsewhere := take_back(task, "rerouted")) is not None:
            case.publish(elsewhere)  # whoever reads the first kind's topic learns that it has gone
            task = elsewhere.model_copy(update={"status": "requested", "status_reason": None})
    if all(getattr(task, name) == value for name, value in current.items()):
        return
    case.publish(task.model_copy(update={**current, "revision": task.revision + 1}))


def _request(case: Case, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None) -> None:
    owner = _route(case, flag, ask)
    attempt = 1 + len(case.chain(flag["flag_id"], ask))
    due = _due(case, flag, ask, since)
    case.publish(first_revision(flag, ask, owner, attempt, since or now, due, part_of))


def _route(case: Case, flag: Value, ask: Ask) -> tuple[str, str]:
    """Who gets it: never a unit that has declined it before, nor one that let it lie."""
    chain = case.chain(flag["flag_id"], ask)
    declined_by = [task.unit for task in chain if task.status == "rejected"]
    let_lie = [task for task in chain if task.status_reason == NOT_ACKNOWLEDGED]
    kind: str = ask.unit
    if let_lie:
        kind = "district_office" if LINE_24_HOURS in (ask.unit, let_lie[-1].unit_kind) else LINE_24_HOURS
    return case.policy.directory.route(kind, flag["district"], flag["estate"], case.household, declined_by)


def _due(case: Case, flag: Value, ask: Ask, since: str | None) -> tuple[str, str]:
    clock = case.policy.clocks[ask.priority]
    return clock.due(since, since) if since else clock.due(flag["episode_at"], flag["received_at"])


def _asked(flag: Value, task: Task) -> Ask | None:
    return next((ask for ask in asks_of(flag) if (ask.purpose, ask.unit) == (task.purpose, task.asked_of)), None)


def _since(task: Task, ask: Ask) -> str | None:
    """From when the clocks run, where that is not the episode: a release by an officer, or a finding."""
    return task.requested_at if ask.release == "wave" or task.part_of is not None else None
