"""Where a place is free, for tasks that need one: what homes and centres have declared, and how old that is."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.model import Bilingual
from contracts.tasks import Task
from contracts.unit_tasks import FreePlace
from contracts.units import UnitStatus, VacancyStatus
from services.book.tables import declared, put
from services.directory import ranked_places
from services.runtime.fold import Record

__all__ = ["free_places", "needs_a_place", "take_declared"]

_MOST = 10

_KIND: Mapping[str, str] = {"arrange_emergency_support": "emergency", "arrange_respite": "respite"}
"""What a task is for: the kind of place that comes first."""

_STATUS: TypeAdapter[UnitStatus | VacancyStatus] = TypeAdapter(UnitStatus | VacancyStatus)


async def take_declared(connection: AsyncConnection, record: Record) -> None:
    """A record of `units.status`; each partition has a copy, the highest revision counts. Raises ValidationError."""
    said = _STATUS.validate_json(record.value)
    what = "intake" if isinstance(said, UnitStatus) else f"{said.kind} {said.district}"
    values = {"revision": said.revision, "said": record.value.decode()}
    insert = put(connection, declared).values(unit=said.unit, what=what, **values)
    later = declared.c.revision < insert.excluded.revision
    await connection.execute(insert.on_conflict_do_update(index_elements=["unit", "what"], set_=values, where=later))


def needs_a_place(task: Task) -> bool:
    """Whether a task is to find somebody a place."""
    return task.purpose in _KIND


async def free_places(
    connection: AsyncConnection,
    task: Task,
    now: str,
    names: Mapping[str, Bilingual],
    stale_hours: Mapping[str, float],
) -> list[dict[str, Any]]:
    """The first ten of `services.directory.ranked_places`, as JSON of `contracts.unit_tasks.FreePlace`. `names`: of
    units; `stale_hours`: of the directory, by kind of place."""
    rows = await connection.scalars(select(declared.c.said).where(declared.c.what != "intake"))
    found = ranked_places(map(orjson.loads, rows), now, stale_hours, task.district, _KIND[task.purpose])
    return [
        FreePlace(
            unit=one.unit,
            name=names.get(one.unit),
            kind=one.kind,
            district=one.district,
            places=one.places,
            as_of=one.as_of,
            stale=one.stale,
        ).model_dump(mode="json")
        for one in found[:_MOST]
    ]
