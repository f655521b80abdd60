"""A task that a duty officer has marked as entered in error: what was said of it does not count, and what the flag asks
for is asked anew. Pure."""

from typing import cast

from contracts.facts import Fact
from contracts.tasks import TERMINAL, Task, TaskUpdate
from services.referral.asking import found_steps, reconcile
from services.referral.case import Case
from services.referral.closing import BY_A_PERSON, covered
from services.referral.lifecycle import take_back
from services.referral.matters import MATTERS

__all__ = ["make_void"]


def make_void(case: Case, before: Task, update: TaskUpdate) -> None:
    """Takes back what was asked because of it, tells the correlator that it does not count, and asks anew."""
    flag_id = case.heir(before.flag_id)
    if before.purpose not in MATTERS:
        _take_back_parts(case, before, flag_id)
        if before.status in BY_A_PERSON:
            _take_back_findings(case, flag_id, update)
    reconcile(case, flag_id, update.at)


def _take_back_parts(case: Case, void: Task, flag_id: str) -> None:
    flag = case.state["flags"][flag_id]
    asked = {(ask["for"], ask["unit"]) for ask in flag["asks"]}
    asked |= {(ask.purpose, ask.unit) for ask, _ in found_steps(case, flag)}
    for raw in case.tasks_of(flag_id):
        part = raw["part_of"] == void.task_id and raw["purpose"] not in MATTERS
        if part and raw["status"] not in TERMINAL and (raw["purpose"], raw["asked_of"]) not in asked:
            case.publish(take_back(case.task(raw), "entered_in_error"))


def _take_back_findings(case: Case, flag_id: str, update: TaskUpdate) -> None:
    found = case.state["found"]
    # the answer was told under the name that the need had then
    names = [name for name in found if name in case.state["flags"] and case.heir(name) == flag_id]
    told = [found[name]["version"] for name in names if "officer" not in found[name]["value"]]
    value = {"cover_confirmed": covered(case.tasks_of(flag_id)), "closed": None}
    for name, fact in sorted(found.items()):
        if fact["version"] in told:  # one answer was told of all flags that share the task
            news = {"at": update.at, "received": update.at, "value": {**fact["value"], **value}}
            case.found(name, cast("Fact", {**fact, **news}))
