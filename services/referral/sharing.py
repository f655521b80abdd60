"""One task for several flags: what a rule says is `shared`, its open flags ask once for one person. Pure.

Two carers in hospital are two episodes and two flags, and one telephone call. The flag whose episode began first has
the task, whichever came in first; when it ends, the task goes to the next.
"""

from contracts.flags import OPEN, Ask
from contracts.ids import task_id
from contracts.tasks import TERMINAL, Task
from services.referral.case import Case, unseen
from services.referral.lifecycle import called_off, next_revision, take_back, unpark
from services.referral.officer import no_more_to_decide
from services.referral.reading import ask_of, is_snoozed
from services.referral.requesting import restarted
from services.runtime.fold import Value

__all__ = ["came_from", "give_up", "leader", "sharers", "unknown_to"]


def sharers(case: Case, flag: Value) -> list[Value]:
    """The open flags with which a flag shares what it asks, that whose episode began first before others. Those that
    are snoozed come last: they ask nothing, but what a unit has of theirs is not to be asked beside it."""
    mine = {(ask.purpose, ask.unit) for ask in _shared(flag)}
    others = [
        other
        for other in case.state["flags"].values()
        if other["status"] in OPEN
        and not case.answered(other["flag_id"])
        and other["subject"] == flag["subject"]
        and (other is flag or not (_called_off_before(case, other, flag) or _called_off_before(case, flag, other)))
        and not mine.isdisjoint((ask.purpose, ask.unit) for ask in _shared(other))
    ]
    return sorted(others, key=lambda other: (is_snoozed(other), other["episode_at"], other["flag_id"]))


def leader(case: Case, flag: Value, ask: Ask) -> Value | None:
    """The flag that has the task instead of this one; None where it is this one's own."""
    if not ask.shared:
        return None
    first = next(iter(sharers(case, flag)), flag)
    return None if first["flag_id"] == flag["flag_id"] else first


def give_up(case: Case, flag: Value, ask: Ask, to: Value) -> None:
    """What a flag has asked goes to the flag that has the task: what nobody has seen is asked there anew. To one that
    is snoozed goes only what it had asked itself."""
    for task in case.chain(flag["flag_id"], ask):
        if task.status in TERMINAL or (is_snoozed(to) and not came_from(task, to["flag_id"])):
            continue
        if unseen(case.state["tasks"][task.task_id]):
            case.publish(take_back(task, "duplicate"))
            no_more_to_decide(case, task, "duplicate")
        elif task.business_status != "cancellation_requested":
            case.publish(next_revision(task, {"flag_id": to["flag_id"]}))
    if flag["revision"] == 1 and flag["status"] in OPEN:
        for task in case.chain(to["flag_id"], ask):
            if task.parked_until is not None:
                # a new episode always re-arms
                case.publish(restarted(case, unpark(task), max(flag["as_of"], flag["received_at"])))


def unknown_to(case: Case, task: Task, at: str) -> list[str]:
    """The flags that share what a duty officer has cancelled `at` an instant, and of which something came in after it:
    who decided did not know, so they ask for themselves."""
    flag = case.state["flags"][case.heir(task.flag_id)]
    return sorted(
        other["flag_id"]
        for other in case.state["flags"].values()
        if other is not flag
        and other["status"] in OPEN
        and not is_snoozed(other)
        and other["subject"] == flag["subject"]
        and other["received_at"] > at
        and any((ask.purpose, ask.unit) == (task.purpose, task.asked_of) for ask in _shared(other))
    )


def came_from(task: Task, flag_id: str) -> bool:
    """Whether a task was first asked under this flag: its id says so."""
    return task.task_id == task_id(flag_id, task.purpose, task.asked_of, task.attempt)


def _called_off_before(case: Case, flag: Value, other: Value) -> bool:
    """Whether a duty officer has cancelled what a flag asks before the latest news of another came in: who decided did
    not know of it, so it asks for itself."""
    chains = (case.chain(flag["flag_id"], ask) for ask in _shared(flag))
    return any(
        called_off(task, flag["level"]) and task.officer is not None and task.officer.at < other["received_at"]
        for chain in chains
        for task in chain
    )


def _shared(flag: Value) -> list[Ask]:
    return [ask for ask in map(ask_of, flag["asks"]) if ask.shared]
