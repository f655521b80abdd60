"""What officers decide about flags. Pure."""

from contracts.control import OfficerDecision
from services.referral.asking import reconcile
from services.referral.case import Case

__all__ = ["take_decision"]


def take_decision(case: Case, decision: OfficerDecision) -> None:
    """Applies an officer's decision."""
    if decision.flag_id in case.state["released"]:
        case.turn.duplicate = True
        return
    case.state["released"][decision.flag_id] = {"at": decision.at, "wave": decision.wave}
    if decision.flag_id in case.state["flags"]:
        reconcile(case, decision.flag_id, decision.at)
