"""What the desk reads beside its book: how each task came to be as it is, and what officers have released."""

from functools import cache

from sqlalchemy import Insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.control import OfficerDecision
from contracts.tasks import Task
from services.book.held import read_task
from services.book.tables import put, upsert
from services.book.taking import FLAGS, Beside
from services.desk.tables import DESK, decisions, released, revisions
from services.runtime.fold import Record

__all__ = ["BESIDE"]

_DECISIONS = "officer.decisions"


async def _take(connection: AsyncConnection, record: Record, now: str) -> None:
    if record.topic.startswith("referral.tasks."):
        await _revision(connection, read_task(record.value.decode()), now)
    elif record.topic == _DECISIONS:
        await _released(connection, OfficerDecision.model_validate_json(record.value))


BESIDE = Beside(DESK, (FLAGS, _DECISIONS), _take)


async def _revision(connection: AsyncConnection, task: Task, now: str) -> None:
    row = {
        "unit": task.unit,
        "task_id": task.task_id,
        "revision": task.revision,
        "at": now,
        "status": task.status,
        "business_status": task.business_status,
        "reason": task.status_reason,
        "outcome": task.outcome,
    }
    await connection.execute(_came(connection.dialect.name), row)


@cache  # built once, for each revision that comes
def _came(dialect: str) -> Insert:
    statement: Insert = upsert(dialect, revisions).on_conflict_do_nothing()
    return statement


async def _released(connection: AsyncConnection, said: OfficerDecision) -> None:
    if said.decision != "release":
        return
    row = put(connection, released).values(flag_id=said.flag_id, record=said.model_dump_json())
    await connection.execute(row.on_conflict_do_nothing())
    known = select(decisions.c.number).where(decisions.c.decision_id == said.decision_id)
    if (number := (await connection.execute(known)).scalar_one_or_none()) is not None:
        await connection.execute(decisions.update().where(decisions.c.number == number).values(state="sent"))
