"""A task as its unit sees it: under the unit's own ids, and without what is not its business. Pure."""

from collections.abc import Mapping
from typing import Any

from contracts.lifecycle import possible
from contracts.tasks import OWNER_ACTIONS, Task
from contracts.unit_tasks import UnitTask
from services.book.naming import ref

__all__ = ["as_unit_sees", "may_say"]

_SHOWN = frozenset(field.alias or name for name, field in UnitTask.model_fields.items())
"""What is not named there is not the unit's business: ids that would let two units join their lists, and what is
between us and the desk."""


def as_unit_sees(task: Mapping[str, Any], key: bytes, unit: str) -> dict[str, Any]:
    """The task's revision (JSON of `contracts.tasks.Task`) for `unit`: `task_id`, `flag_id`, `for` and `part_of` are
    the unit's own refs (26 base32 characters after `t-`, `f-`, `p-`). The schema is contracts.unit_tasks.UnitTask."""
    shown = {name: value for name, value in task.items() if name in _SHOWN}
    shown["task_id"] = ref(key, unit, "task", task["task_id"])
    shown["flag_id"] = ref(key, unit, "flag", task["flag_id"])
    shown["for"] = ref(key, unit, "person", task["for"])
    if task["part_of"] is not None:
        shown["part_of"] = ref(key, unit, "task", task["part_of"])
    return shown


def may_say(task: Task) -> list[str]:
    """What the unit that has it may answer to this revision."""
    can = possible(task, "owner")
    return [action for action in OWNER_ACTIONS if action in can]
