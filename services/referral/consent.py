"""Consent that was withdrawn: nothing new is disclosed, and what is urgent is put to the duty officer first. Pure.

A unit that has a task already knows, and speaks with the person itself. What nobody has received is cancelled; a check
that is urgent waits instead until a duty officer has decided, on a lawful basis that is recorded, since serious harm
may come of not asking.
"""

from contracts.flags import Ask
from contracts.tasks import TERMINAL, Task
from services.referral import officer
from services.referral.case import Case
from services.referral.closing import BY_A_PERSON
from services.referral.lifecycle import NO_CONSENT, hold, next_revision, reissue, take_back
from services.referral.requesting import keep_current, request
from services.runtime.fold import Value

__all__ = ["decided", "withhold"]

WITHHELD = {"status": "on-hold", "status_reason": NO_CONSENT, "resumes_as": "requested"}

REFUSED = ""
"""A duty officer has decided against the disclosure."""


def decided(case: Case, flag: Value) -> str | None:
    """What a duty officer has decided about the disclosures of a flag: the lawful basis, REFUSED, or None so far."""
    decisions = [
        raw
        for raw in case.tasks_of(flag["flag_id"])
        if raw["purpose"] == "decide_disclosure" and raw["status"] in BY_A_PERSON
    ]
    if not decisions:
        return None
    last = max(decisions, key=lambda raw: int(raw["attempt"]))
    return str(last["lawful_basis"]) if "disclosure_justified" in last["findings"] else REFUSED


def withhold(
    case: Case, flag: Value, ask: Ask, standing: Task | None, now: str, part_of: str | None, since: str | None
) -> None:
    """What becomes of one thing asked while consent is withdrawn and no officer has found the disclosure justified."""
    waits = ask.priority != "routine" and decided(case, flag) is None
    if standing is not None and standing.status not in TERMINAL and standing.business_status != "queued":
        return  # a unit has it
    if not waits:
        if standing is not None:
            case.publish(take_back(standing, NO_CONSENT))
        return
    if standing is None or standing.status in TERMINAL:
        if standing is not None and standing.status in BY_A_PERSON:
            return
        standing = _withheld(case, flag, ask, standing, now, part_of, since)
    else:
        if (held := hold(standing, NO_CONSENT)) is not None:
            case.publish(held)
            standing = held
        keep_current(case, standing, flag, ask)
    officer.put(case, standing, "decide_disclosure", now, ask.purpose)


def _withheld(
    case: Case, flag: Value, ask: Ask, before: Task | None, now: str, part_of: str | None, since: str | None
) -> Task:
    """A task that no unit has seen, from its first revision on (or again) on hold."""
    if before is not None and reissue(before) is not None and before.business_status == "queued":
        again = next_revision(before, WITHHELD)
        case.publish(again)
        keep_current(case, again, flag, ask)
        return again
    return request(case, flag, ask, now, part_of, since, more=WITHHELD)
