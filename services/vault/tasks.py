"""The referral tasks as the vault knows them. It reads them itself, so that it need believe no unit and no adapter that
a task was accepted."""

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.tasks import UNIT_KINDS, Task
from services.book.naming import ref
from services.runtime.fold import Record
from services.vault.disclosure import HeldTask, stage_of
from services.vault.tables import TASKS

__all__ = ["TOPICS", "forget_ended", "named", "open_tasks", "take"]

TOPICS = tuple(f"referral.tasks.{kind}" for kind in UNIT_KINDS)
"""What it reads."""


async def take(connection: AsyncConnection, record: Record, namespace: bytes) -> None:
    """Takes in one revision of a task. A task that moves to a unit of another kind comes on another topic, in no order:
    the highest revision counts. Raises ValueError for what is no task."""
    task = Task.model_validate_json(record.value)
    known = (await connection.execute(select(TASKS.c.revision).where(TASKS.c.task_id == task.task_id))).scalar()
    if known is not None and known >= task.revision:
        return
    row: dict[str, Any] = {
        "task_id": task.task_id,
        "revision": task.revision,
        "unit": task.unit,
        "ref": ref(namespace, task.unit, "task", task.task_id),
        "flag_id": task.flag_id,
        "subject": task.for_,
        "person_ref": ref(namespace, task.unit, "person", task.for_),
        "unit_kind": task.unit_kind,
        "asked_of": task.asked_of,
        "purpose": task.purpose,
        "typology": task.typology,
        "lawful_basis": task.lawful_basis,
        "stage": stage_of(task),
    }
    if known is None:
        await connection.execute(TASKS.insert(), row)
    else:
        await connection.execute(TASKS.update().where(TASKS.c.task_id == task.task_id), row)


async def named(connection: AsyncConnection, unit: str, task_ref: str) -> HeldTask | None:
    """The task that this unit holds under this id of its own."""
    query = select(TASKS).where(TASKS.c.unit == unit, TASKS.c.ref == task_ref)
    row = (await connection.execute(query)).mappings().first()
    return HeldTask(**row) if row is not None else None


async def open_tasks(connection: AsyncConnection, unit: str) -> int:
    """How many tasks the unit has in hand."""
    query = select(func.count()).select_from(TASKS).where(TASKS.c.unit == unit, TASKS.c.stage == "accepted")
    return int((await connection.execute(query)).scalar_one())


async def forget_ended(connection: AsyncConnection, subjects: list[str]) -> None:
    """Drops what is left of ended tasks about somebody who is erased."""
    await connection.execute(delete(TASKS).where(TASKS.c.subject.in_(subjects), TASKS.c.stage == "ended"))
