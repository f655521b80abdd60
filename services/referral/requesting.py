"""One task asked of somebody: who gets it and by when, kept current while it is open, handed over when the household
moves. Pure."""

from contracts.flags import Ask
from contracts.model import Bilingual
from contracts.tasks import Task
from services.referral.case import Case, unseen
from services.referral.closing import BY_A_PERSON
from services.referral.lifecycle import HANDED_OVER, NOT_ACKNOWLEDGED, first_revision, next_revision, take_back
from services.referral.policy import LINE_24_HOURS
from services.runtime.fold import Value

__all__ = ["hand_over", "keep_current", "request", "since"]


def request(
    case: Case, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None, **more: str
) -> Task:
    """Asks a unit. `since`: from when the clocks run, where that is not the episode; `more`: what is not as usual.
    Returns the task."""
    owner, due = _route(case, flag, ask), _due(case, flag, ask, since)
    attempt = case.next_attempt(flag["flag_id"], ask)
    task = first_revision(flag, ask, owner, attempt, since or now, due, part_of).model_copy(update=more)
    case.publish(task)
    return task


def keep_current(case: Case, task: Task, flag: Value, ask: Ask, basis: str | None = None) -> None:
    """Publishes what is news of an open task."""
    due_ack, due_contact = _due(case, flag, ask, since(task, ask))
    current = {
        "flag_id": flag["flag_id"],
        "level": flag["level"],
        "priority": ask.priority,
        "for_": flag["subject"],
        "due_ack": due_ack,
        "due_contact": due_contact,
        "reason_text": Bilingual.model_validate(flag["title"]),
        "lawful_basis": basis or flag["lawful_basis"],
    }
    if unseen(case.state["tasks"][task.task_id]):
        # nobody has seen it yet: it goes where the household lives now, whichever record told us first
        kind, unit = _route(case, flag, ask)
        current |= {"unit_kind": kind, "unit": unit, "district": flag["district"]}
        if kind != task.unit_kind and (elsewhere := take_back(task, "rerouted")) is not None:
            case.publish(elsewhere)  # whoever reads the first kind's topic learns that it has gone
            task = task.model_copy(update={"revision": elsewhere.revision})
    if any(getattr(task, name) != value for name, value in current.items()):
        case.publish(next_revision(task, current))


def hand_over(case: Case, task: Task, flag: Value) -> bool:
    """Whether a unit that has the task does not serve the place where the household lives now: it is asked to stop, and
    learns no more than that. A unit of the new place is asked; what the old one still finds out counts."""
    directory, place = case.policy.directory, (flag["district"], flag["estate"])
    if unseen(case.state["tasks"][task.task_id]) or flag["district"] is None:
        return False
    if task.business_status == "cancellation_requested" or directory.serves(task.unit_kind, task.unit, *place):
        return False
    stopped = take_back(task, HANDED_OVER)
    if stopped is not None and stopped.status == "cancelled":
        stopped = stopped.model_copy(update={"business_status": HANDED_OVER})
    case.publish(stopped)
    return True


def since(task: Task, ask: Ask) -> str | None:
    """From when the clocks run, where that is not the episode: a release by an officer, a finding, a lapse."""
    return task.requested_at if ask.release == "wave" or task.part_of is not None else None


NAMED_UNITS = frozenset({"family_protection"})
"""What is reported of violence, or of a child at risk, is for units that are named, and no carers' line hears of it."""


def _route(case: Case, flag: Value, ask: Ask) -> tuple[str, str]:
    """Who gets it: never a unit that has declined it before, nor one that let it lie; among the others, one that knows
    the household."""
    chain = case.chain(flag["flag_id"], ask)
    declined_by = [task.unit for task in chain if task.status == "rejected"]
    let_lie = [task for task in chain if task.status_reason == NOT_ACKNOWLEDGED]
    kind: str = ask.unit
    if let_lie:
        tried = {ask.unit, let_lie[-1].unit_kind}
        kind = LINE_24_HOURS if tried.isdisjoint({LINE_24_HOURS, *NAMED_UNITS}) else "district_office"
    known_to = {*flag["known_to"], *(raw["unit"] for raw in case.state["tasks"].values() if _has_helped(raw))}
    place = (flag["district"], flag["estate"])
    return case.policy.directory.route(kind, *place, case.household, declined_by, known_to, case.waits)


def _has_helped(raw: Value) -> bool:
    return raw["status"] in BY_A_PERSON


def _due(case: Case, flag: Value, ask: Ask, since: str | None) -> tuple[str, str]:
    clock = case.policy.clocks[ask.priority]
    resumed = case.state["resumed"].get(flag["flag_id"])
    if resumed is not None:
        since = resumed if since is None else max(since, resumed)  # nobody was late while the flag was snoozed
    return clock.due(since, since) if since else clock.due(flag["episode_at"], flag["received_at"])
