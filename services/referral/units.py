"""What the referral desk knows of units by their own declarations: a copy in each partition's state. Pure.

It lies beside the households' cases, under a key that no household has. `units.status` comes in log order, like
answers: what a unit declares counts for what is asked from then on, and moves nothing that was asked before.
"""

from services.directory.standing import waits
from services.runtime.fold import Record, Refused, Turn, Value
from services.runtime.inner import NUMBER, OBJECT_OR_NULL, TEXT, TEXT_OR_NULL, must_hold, read_object, subject_of

__all__ = ["STATUS", "days_to_wait", "is_case", "take_status"]

STATUS = "units.status"

_UNIT = "unit "
"""No household's id begins so."""


def is_case(key: str) -> bool:
    """Whether a key of the desk's state is a household's."""
    return not key.startswith(_UNIT)


_STATUS = {"revision": NUMBER, "intake": OBJECT_OR_NULL}
_INTAKE = {"intake": TEXT, "waiting_days": (int, type(None)), "valid_until": TEXT_OR_NULL}


def take_status(record: Record, turn: Turn) -> None:
    """Keeps a unit's latest status. Free places are no business of the desk: whoever shows a task shows them."""
    said = read_object(record)
    if "free" in said:
        return
    unit = subject_of(said, record, "unit")
    must_hold(said, _STATUS)
    intake = said["intake"]
    if intake is not None:
        must_hold(intake, _INTAKE)
        if (intake["intake"] == "waiting_list") != (intake["waiting_days"] is not None):
            raise Refused("invalid", "waiting_days: a waiting list has them, and nothing else")
    key = _UNIT + unit
    known = turn.get(key)
    if known is not None and known["revision"] >= said["revision"]:
        turn.duplicate = True
        return
    turn.put(key, {"due": None, "revision": said["revision"], "intake": intake})


def days_to_wait(turn: Turn, unit: str) -> int | None:
    """After how many days a unit takes on somebody new, as of the turn; None: it is closed."""
    known: Value | None = turn.get(_UNIT + unit)
    return waits(known and known["intake"], turn.as_of)
