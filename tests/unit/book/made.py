"""Records as they come from Kafka, for the book's tests."""

import json
from pathlib import Path
from typing import Any

from contracts.tasks import Task
from services.book.book import Book
from services.runtime.fold import UNIT_TICKS, Record
from services.runtime.settings import Settings

__all__ = ["KEY", "book_of", "task", "task_record", "tick"]

KEY = bytes(range(32))

_GOOD: dict[str, Any] = json.loads(Path("contracts/examples/task/good-1.json").read_text())


def task(task_id: str = "task-1", unit: str = "unit-a", **changes: Any) -> Task:
    """A task, as in the contracts' example but for what is said."""
    return Task.model_validate({**_GOOD, "task_id": task_id, "placer_id": task_id, "unit": unit, **changes})


def task_record(one: Task) -> Record:
    """Its record on the topic of its kind."""
    value = one.model_dump_json(by_alias=True).encode()
    return Record(f"referral.tasks.{one.unit_kind}", one.household_id.encode(), value)


def tick(as_of: str) -> Record:
    """A tick of the units' clock."""
    return Record(UNIT_TICKS, b"0", json.dumps({"as_of": as_of}).encode())


def book_of(dsn: str = "sqlite://", *units: str, key: bytes = KEY) -> Book:
    """A book of these units (of all, where none is named)."""
    return Book("book-test", dsn, key, Settings(), lambda unit: not units or unit in units)
