"""One task asked of somebody: who gets it and by when, kept current while it is open, handed over when the household
moves. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from contracts.flags import Ask
from contracts.model import Bilingual
from contracts.tasks import Task, UnitKind
from services.calendar.running import running
from services.referral.case import Case, unseen
from services.referral.closing import BY_A_PERSON
from services.referral.lifecycle import NOT_ACKNOWLEDGED, first_revision, gave_up, move_on, next_revision, take_back
from services.referral.policy import Times
from services.runtime.fold import Value

__all__ = ["hand_on_to", "hand_over", "keep_current", "latest", "request", "restarted", "times_for"]


def request(
    case: Case,
    flag: Value,
    ask: Ask,
    now: str,
    part_of: str | None = None,
    since: str | None = None,
    before: Task | None = None,
    owner: tuple[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Task:
    """Asks a unit. `since`: from when the time to make contact runs, where that is not the episode; `before`: the task
    that another unit had until now; `owner`: the unit (its kind, its id) that somebody chose by name; `more`: what is
    not as usual. Returns the task."""
    kind, unit = owner or _route(case, flag, ask)
    attempt = case.next_attempt(flag["flag_id"], ask)
    if before is None and attempt > 1 and since is None:
        since = max(now, flag["received_at"])  # asked anew: nobody was late while it was not asked
    since = latest(since if before is None else before.contact_from, case.state["resumed"].get(flag["flag_id"]))
    asked_at = now
    if before is None and since is not None:
        released = case.released(flag["flag_id"]) if ask.release == "wave" else None
        asked_at = released["at"] if released else since
    times = _times(case, flag, ask, unit, attempt, asked_at, since)
    marks: dict[str, Any] = {}
    if before is not None:
        # What was promised to the person stays, and so does what is known of it; the new unit has its own time to
        # acknowledge.
        times = replace(times.no_later_than(before), due_ack=times.due_ack, warn_ack=times.warn_ack)
        marks = {name: [one for one in getattr(before, name) if one in _OF_CONTACT] for name in _MARKS}
    due = (times.due_ack, times.due_contact)
    task = first_revision(flag, ask, (kind, unit), attempt, asked_at, due, part_of)
    task = task.model_copy(update={**asdict(times), "contact_from": since, **marks, **(more or {})})
    case.publish(task)
    return task


_MARKS = ("warnings", "breaches", "escalations")
_OF_CONTACT = frozenset({"contact", "review_overdue", "review_still_overdue"})


def keep_current(case: Case, task: Task, flag: Value, ask: Ask, basis: str | None = None) -> None:
    """Publishes what is news of an open task. A due time that a unit has seen moves earlier, or an officer moves it."""
    resumed = latest(task.contact_from, case.state["resumed"].get(flag["flag_id"]))
    current: dict[str, Any] = {
        "flag_id": flag["flag_id"],
        "level": flag["level"],
        "priority": ask.priority,
        "for_": flag["subject"],
        "contact_from": resumed,
        "reason_text": Bilingual.model_validate(flag["title"]),
        "lawful_basis": basis or flag["lawful_basis"],
    }
    kind: str = task.unit_kind
    unit = task.unit
    nobody_has_it = unseen(case.state["tasks"][task.task_id])
    if nobody_has_it and not _placed(task, flag):
        # nobody has seen it yet: it goes where the household lives now, whichever record told us first
        kind, unit = _route(case, flag, ask)
        current |= {"unit_kind": kind, "unit": unit, "placed_by": None, "district": flag["district"]}
    times = _times(case, flag, ask, unit, task.attempt, task.requested_at, resumed)
    if resumed == task.contact_from and (task.attempt > 1 or not nobody_has_it):
        times = times.no_later_than(task)
    current |= asdict(times)
    if kind != task.unit_kind and (elsewhere := take_back(task, "rerouted")) is not None:
        case.publish(elsewhere)  # whoever reads the first kind's topic learns that it has gone
        task = task.model_copy(update={"revision": elsewhere.revision})
    if any(getattr(task, name) != value for name, value in current.items()):
        case.publish(next_revision(task, current))


def restarted(case: Case, task: Task, at: str) -> Task:
    """A task whose clocks run anew, from the end of a hold that was ours; as it is where none runs."""
    if not running(task.status, task.business_status, held=False):
        return task
    times = case.policy.clocks.times(task.priority, task.hours, (at, at), (at, at))
    return task.model_copy(update={"contact_from": at, **asdict(times)})


def hand_over(case: Case, task: Task, flag: Value) -> bool:
    """Whether a unit that has the task does not serve the place where the household lives now: it is asked to stop, and
    learns no more than that. A unit of the new place is asked; what the old one still finds out counts."""
    directory, place = case.policy.directory, (flag["district"], flag["estate"])
    if unseen(case.state["tasks"][task.task_id]) or flag["district"] is None:
        return False
    if task.business_status == "cancellation_requested" or _placed(task, flag):
        return False
    if directory.serves(task.unit_kind, task.unit, *place):
        return False
    case.publish(move_on(task))
    return True


def _placed(task: Task, flag: Value) -> bool:
    """Whether somebody chose the unit by name, and the household has not moved to another district since."""
    return task.placed_by is not None and task.district == flag["district"]


def latest(*instants: str | None) -> str | None:
    """The latest of those that there are."""
    return max((one for one in instants if one is not None), default=None)


NAMED_UNITS = frozenset({"family_protection"})
"""What is reported of violence, or of a child at risk, is for units that are named, and no carers' line hears of it."""


def _route(case: Case, flag: Value, ask: Ask) -> tuple[str, str]:
    """Who gets it: never a unit that has declined it before, nor one that let it lie; among the others, one that knows
    the household."""
    chain = case.chain(flag["flag_id"], ask)
    declined_by = [task.unit for task in chain if gave_up(task)]
    let_lie = [task for task in chain if task.status_reason == NOT_ACKNOWLEDGED]
    kind: str = ask.unit
    if let_lie:
        kind = next(iter(hand_on_to(case, ask, [task.unit_kind for task in let_lie])), "district_office")
    known_to = {*flag["known_to"], *(raw["unit"] for raw in case.state["tasks"].values() if _has_helped(raw))}
    place = (flag["district"], flag["estate"])
    return case.policy.directory.route(kind, *place, case.household, declined_by, known_to, case.waits)


def hand_on_to(case: Case, ask: Ask, tried: Iterable[str]) -> list[UnitKind]:
    """The kinds of unit to which goes next what the kinds `tried` have not acknowledged; none where it stays."""
    gone = {ask.unit, *tried}
    return [
        kind
        for kind in case.policy.clocks[ask.priority].hand_on
        if kind not in gone and (kind == "district_office" or gone.isdisjoint(NAMED_UNITS))
    ]


def _has_helped(raw: Value) -> bool:
    return raw["status"] in BY_A_PERSON


def _times(
    case: Case, flag: Value, ask: Ask, unit: str, attempt: int, asked_at: str, contact_from: str | None
) -> Times:
    """When a task is due. The first to be asked has the time from the episode (or what else it counts from); any other
    unit has its own time to acknowledge, from when it was asked."""
    contact = (contact_from, contact_from) if contact_from else (flag["episode_at"], flag["received_at"])
    ack = contact if attempt == 1 else (latest(asked_at, contact_from) or asked_at,) * 2
    return times_for(case, ask, unit, ack, contact)


def times_for(case: Case, ask: Ask, unit: str, ack_from: tuple[str, str], contact_from: tuple[str, str]) -> Times:
    """When something asked of a unit is due, by its hours. Each clock from: (when something began, our receipt)."""
    clocks, known = case.policy.clocks, case.policy.directory.unit(unit)
    hours = clocks.hours(ask.priority, ask.round_the_clock, known.hours if known else None)
    return clocks.times(ask.priority, hours, ack_from, contact_from)
