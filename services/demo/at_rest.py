"""The unit books seen from outside, as the demo must: what is on a unit's list, and whether anything is under way.
Beside `services.runtime.quiet`, which sees Kafka only."""

from collections.abc import Sequence

from sqlalchemy import exists, func, select

from contracts.tasks import Task
from services.adapters.tables import deliveries
from services.book.store import Store
from services.book.tables import METADATA, answers, held
from services.demo.outside.unit import Listed

__all__ = ["Shelf"]


class Shelf:
    """One book. `told`: units that are told of each revision (by webhook), rather than ask for it."""

    def __init__(self, dsn: str, told: Sequence[str] = ()) -> None:
        self._store = Store(dsn, METADATA)
        self._told = list(told)

    async def at_rest(self) -> bool:
        """Whether there is no answer of which we do not know yet what became, and nothing that a unit must still be
        told (but for what waits for a later attempt, or for an officer)."""
        under_way = [select(func.count()).where(answers.c.state.in_(("queued", "sent")))]
        if self._told:
            later = exists().where((deliveries.c.unit == held.c.unit) & (deliveries.c.ref == held.c.ref))
            untold = held.c.unit.in_(self._told) & (held.c.told < held.c.revision) & ~later
            under_way.append(select(func.count()).select_from(held).where(untold))
        async with self._store.read() as look:
            return not any([(await look.execute(one)).scalar_one() for one in under_way])

    async def seen(self, unit: str) -> list[Listed]:
        """What a unit has on its list."""
        rows = select(held.c.ref, held.c.task).where((held.c.unit == unit) & held.c.open).order_by(held.c.change)
        async with self._store.read() as look:
            found = (await look.execute(rows)).all()
        return [Task.model_validate_json(raw).model_copy(update={"task_id": ref}) for ref, raw in found]

    async def close(self) -> None:
        """Lets go of the database."""
        await self._store.close()
