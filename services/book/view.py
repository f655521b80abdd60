"""A task as its unit sees it: under the unit's own ids, and without what is not its business. Pure."""

from collections.abc import Mapping
from typing import Any

from services.book.naming import ref

__all__ = ["as_unit_sees"]

_NOT_SHOWN = ("placer_id", "household_id", "update_id", "since")
"""Ids that would let two units join their lists, and what is between us and the desk."""


def as_unit_sees(task: Mapping[str, Any], key: bytes, unit: str) -> dict[str, Any]:
    """The task's revision (JSON of `contracts.tasks.Task`) for `unit`: `task_id`, `flag_id`, `for` and `part_of` are
    the unit's own refs (26 base32 characters after `t-`, `f-`, `p-`). The schema is contracts.unit_tasks.UnitTask."""
    shown = {name: value for name, value in task.items() if name not in _NOT_SHOWN}
    shown["task_id"] = ref(key, unit, "task", task["task_id"])
    shown["flag_id"] = ref(key, unit, "flag", task["flag_id"])
    shown["for"] = ref(key, unit, "person", task["for"])
    if task["part_of"] is not None:
        shown["part_of"] = ref(key, unit, "task", task["part_of"])
    return shown
