"""The operator queue: tasks that a unit's system refuses, or could not be reached for, until a person has looked."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select, update

from contracts.tasks import Task
from services.adapters.tables import deliveries, endpoints
from services.book.store import Store
from services.book.tables import held
from services.book.taking import clock

__all__ = ["Stuck", "retry", "same_task", "stuck"]


@dataclass(frozen=True, slots=True)
class Stuck:
    """A row of the operator queue. `failing_since`: by the units' clock."""

    unit: str
    task: str
    revision: int
    priority: str
    status: str
    attempts: int
    failing_since: str
    why: str


async def stuck(store: Store, unit: str | None = None) -> list[Stuck]:
    """The queue (of one unit), the longest waiting first."""
    wanted = select(held, deliveries).join(deliveries, same_task())
    wanted = wanted.where(deliveries.c.state == "stuck", held.c.told < held.c.revision)
    if unit is not None:
        wanted = wanted.where(held.c.unit == unit)
    async with store.read() as look:
        rows = (await look.execute(wanted.order_by(deliveries.c.failing_since, held.c.change))).all()
    found = []
    for row in rows:
        task = Task.model_validate_json(row.task)
        since = (row.attempts, row.failing_since, row.why)
        found.append(Stuck(row.unit, row.ref, row.revision, task.priority, task.status, *since))
    return found


async def retry(store: Store, unit: str | None = None, task: str | None = None) -> int:
    """Sets going again what is stuck (of one unit, or one task); returns how many. Time runs anew."""
    async with store.write() as transaction:
        wanted = deliveries.c.state == "stuck"
        wanted = wanted if unit is None else wanted & (deliveries.c.unit == unit)
        wanted = wanted if task is None else wanted & (deliveries.c.ref == task)
        anew = {"state": "waiting", "next_ms": 0, "failing_since": await clock(transaction)}
        units = set((await transaction.execute(select(deliveries.c.unit).where(wanted))).scalars())
        done = await transaction.execute(update(deliveries).where(wanted).values(anew))
        await transaction.execute(update(endpoints).where(endpoints.c.unit.in_(units)).values(next_ms=0))
    return done.rowcount


def same_task() -> ColumnElement[bool]:
    """Joins `deliveries` with what is held."""
    return and_(deliveries.c.unit == held.c.unit, deliveries.c.ref == held.c.ref)
