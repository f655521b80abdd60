"""What a unit holds, as it is in the book and as the unit sees it."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import orjson
from sqlalchemy import Row

from contracts.tasks import TERMINAL, Task
from services.book.view import as_unit_sees, may_say

__all__ = ["Held", "as_held", "read_task"]


@dataclass(frozen=True)
class Held:
    """What a unit holds: one task in its newest revision. `open`: it has not ended, and is still with this unit."""

    unit: str
    ref: str
    revision: int
    open: bool
    first_at: str
    changed_at: str
    change: int
    told: int
    raw: str
    key: bytes

    @cached_property
    def task(self) -> Task:
        """The revision as published, with Kithline's own ids: not to be shown."""
        return read_task(self.raw)

    @cached_property
    def view(self) -> dict[str, Any]:
        """The task as the unit sees it: `contracts.unit_tasks.UnitTask` as JSON."""
        shown = as_unit_sees(orjson.loads(self.raw), self.key, self.unit)
        shown["allowed"] = may_say(self.task) if self.open else []
        if not self.open and self.task.status not in TERMINAL:
            # another unit has it, and nobody had seen it here: for this unit it is as if it had been taken back
            # (a revision later than what it knows, and before any with which the task could come back)
            shown |= {"status": "cancelled", "status_reason": "rerouted", "revision": self.revision + 1}
        return shown


@lru_cache(4096)
def read_task(raw: str) -> Task:
    """A task as it is in the book. Kept, since a list is looked at more often than its tasks change, and most of its
    work would be to read them. Raises pydantic.ValidationError."""
    return Task.model_validate_json(raw)


def as_held(row: Row[Any], key: bytes) -> Held:
    """A row of the table `held`; `key`: of the units' namespaces."""
    return Held(
        unit=row.unit,
        ref=row.ref,
        revision=row.revision,
        open=row.open,
        first_at=row.first_at,
        changed_at=row.changed_at,
        change=row.change,
        told=row.told,
        raw=row.task,
        key=key,
    )
