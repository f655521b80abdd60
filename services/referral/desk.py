"""The referral desk: turns flags into tasks, and answers into what happens next. Pure.

`case` holds one household's flags and tasks in the course of a turn; `asking`, `answering`, `deciding` and `overdue`
say what comes of a flag, a unit's answer, an officer's decision and a clock that runs out; `officer`, what the duty
officer must see.
"""

from contracts.control import OfficerDecision
from contracts.tasks import UNIT_KINDS, TaskUpdate
from services.directory import Directory
from services.referral.answering import take_answer
from services.referral.asking import reconcile
from services.referral.case import Case
from services.referral.deciding import take_decision, take_waiting
from services.referral.overdue import run_out, withdraw_moot
from services.referral.policy import Clocks
from services.referral.reading import is_snoozed, read_answer, read_flag
from services.referral.units import STATUS, take_status
from services.runtime.fold import TICKS, Processor, Record, Turn, Value

__all__ = ["Desk"]


class Desk:
    """The fold over flags, answers and officers' decisions, with the directory and the clocks bound."""

    def __init__(self, directory: Directory, clocks: Clocks) -> None:
        self.directory = directory
        self.clocks = clocks

    def processor(self) -> Processor:
        """The processor that runs this desk for every household."""
        outputs = (*(f"referral.tasks.{kind}" for kind in UNIT_KINDS), "household.facts", "dead.letters")
        inputs = ("risk.flags", "referral.updates", "officer.decisions", STATUS, TICKS)
        return Processor("referral", inputs, outputs, self.fold, self.due, self.wake)

    def fold(self, record: Record, turn: Turn) -> None:
        """Applies one record of `risk.flags`, `referral.updates`, `officer.decisions` or `units.status`."""
        if record.topic == STATUS:
            take_status(record, turn)
            return
        case = Case(self, record.key.decode(), turn)
        match record.topic:
            case "risk.flags":
                _take_flag(case, read_flag(record))
            case "officer.decisions":
                take_decision(case, read_answer(OfficerDecision, record))
            case _:
                take_answer(case, read_answer(TaskUpdate, record))
        withdraw_moot(case)
        case.settle()

    @staticmethod
    def due(state: Value) -> str | None:
        """When the first clock of a household's tasks runs out."""
        due: str | None = state["due"]
        return due

    def wake(self, household: str, turn: Turn) -> None:
        """Applies what has run out."""
        case = Case(self, household, turn)
        run_out(case, turn.as_of)
        withdraw_moot(case)
        case.settle()


def _take_flag(case: Case, flag: Value) -> None:
    flag_id = flag["flag_id"]
    known = case.state["flags"].get(flag_id)
    if known is not None and known["revision"] >= flag["revision"]:
        case.turn.duplicate = True
        return
    run_out(case, flag["as_of"])  # what the tick revealed that this flag has seen, whichever comes here first
    if known is not None and known.get("matter") == flag["matter"]:
        flag["since"] = known["since"]
    if known is not None and is_snoozed(known) and not is_snoozed(flag):
        over = max(one["until"] for one in known["decisions"] if one["until"])
        if over <= flag["as_of"]:  # else an officer has lifted it, or a finding has
            case.state["resumed"][flag_id] = over
    case.state["flags"][flag_id] = flag
    reconcile(case, flag_id, flag["as_of"])
    take_waiting(case, flag)
    if (heir := case.heir(flag_id)) != flag_id:
        reconcile(case, heir, flag["as_of"])
