"""What the desk forgets when a person was erased: their flags, and the tasks of these once no unit works on any. Pure.

A task that a unit has accepted is asked back like any other, and kept until the unit has answered: somebody may be at
the door.
"""

from contracts.flags import ERASED
from contracts.tasks import TERMINAL
from services.runtime.fold import Value

__all__ = ["forget"]


def forget(state: Value) -> bool:
    """Drops what is to be forgotten from a case's state (whose parts are copies); whether people's findings or
    decisions were among it, of which the correlator has been told."""
    tasks, found = state["tasks"], False
    for flag_id in [name for name, flag in state["flags"].items() if flag["cause"] == ERASED]:
        mine = [task_id for task_id, task in tasks.items() if task["flag_id"] == flag_id]
        if any(tasks[task_id]["status"] not in TERMINAL for task_id in mine):
            continue
        for task_id in mine:
            del tasks[task_id]
        del state["flags"][flag_id]
        state["released"].pop(flag_id, None)
        state["resumed"].pop(flag_id, None)
        for part in ("decisions", "waiting"):
            state[part] = {name: said for name, said in state[part].items() if said["flag_id"] != flag_id}
        for slot in [slot for slot, fact in state["decided"].items() if flag_id in fact["value"]["flags"]]:
            del state["decided"][slot]  # what else it covered asks again rather than rest on somebody forgotten
            found = True
        found = state["found"].pop(flag_id, None) is not None or found
    return found
