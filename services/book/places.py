"""Where a place is free, for tasks that need one: what homes and centres have declared, and how old that is."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.model import Bilingual
from contracts.tasks import Task
from contracts.unit_tasks import FreePlace
from contracts.units import UnitStatus, VacancyStatus
from services.book.tables import declared, put
from services.directory import is_stale
from services.runtime.fold import Record

__all__ = ["free_places", "needs_a_place", "take_declared"]

_MOST = 10

_KIND: Mapping[str, str] = {"arrange_emergency_support": "emergency", "arrange_respite": "respite"}
"""What a task is for: the kind of place that comes first. A place of the other kind is better than none."""

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
    """`contracts.unit_tasks.FreePlace` as JSON, at most ten: of the kind that is needed before others, in the task's
    district before elsewhere, fresh before stale, more before fewer. `names`: of units;
    `stale_hours`: of the directory, by kind of place."""
    rows = await connection.execute(select(declared.c.said).where(declared.c.what != "intake"))
    found = []
    for (said,) in rows:
        status = VacancyStatus.model_validate_json(said)
        free = status.free
        if free is None or not free.places:
            continue
        over = free.valid_until is not None and free.valid_until <= now
        place = FreePlace(
            unit=status.unit,
            name=names.get(status.unit),
            kind=status.kind,
            district=status.district,
            places=free.places,
            as_of=free.as_of,
            stale=over or is_stale(status.kind, free.as_of, now, stale_hours),
        )
        order = (place.kind != _KIND[task.purpose], place.district != task.district, place.stale, -place.places)
        found.append((*order, place.unit, place))
    return [entry[-1].model_dump(mode="json") for entry in sorted(found, key=lambda entry: entry[:-1])[:_MOST]]
