"""How much was opened and refused of late: what stands against copying a register one task at a time."""

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.instants import plus
from services.vault.disclosure import Acting, Guard
from services.vault.tables import REQUESTS

__all__ = ["count", "is_locked_out", "opens_too_much"]


async def count(connection: AsyncConnection, acting: Acting, unit: str | None, opened: bool, at: str) -> None:
    """Remembers one request that was answered or refused."""
    row = {"at": at, "credential": acting.credential, "unit": unit or "", "opened": opened}
    await connection.execute(REQUESTS.insert(), row)


async def is_locked_out(connection: AsyncConnection, guard: Guard, acting: Acting, unit: str | None, at: str) -> bool:
    """Whether so much was refused of late that something is wrong: a program that asks in vain, or somebody who tries
    ids out. What is refused while it rests is not counted, or it would rest for ever."""
    since = plus(at, seconds=-60 * guard.refusal_minutes)
    asker = (REQUESTS.c.credential == acting.credential, REQUESTS.c.unit == (unit or ""))
    refused = await _number(connection, *asker, REQUESTS.c.at >= since, REQUESTS.c.opened.is_(False))
    return refused >= guard.refusals


async def opens_too_much(connection: AsyncConnection, guard: Guard, unit: str, open_tasks: int, at: str) -> bool:
    """Whether a unit has opened as much as its open tasks can need. All its credentials count together."""
    since = plus(at, hours=-guard.window_hours)
    counted = min(since, plus(at, seconds=-60 * guard.refusal_minutes))
    await connection.execute(delete(REQUESTS).where(REQUESTS.c.at < counted))
    opened = await _number(connection, REQUESTS.c.unit == unit, REQUESTS.c.at >= since, REQUESTS.c.opened.is_(True))
    return opened >= max(guard.least, guard.per_open_task * open_tasks)


async def _number(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    return int((await connection.execute(select(func.count()).select_from(REQUESTS).where(*conditions))).scalar_one())
