"""Kafka's records into the book: revisions of tasks and flags, units' declarations, refused answers, the units' clock.

Revisions come over several topics (a task that goes to another kind of unit changes its topic), so in no order: the
highest counts, for each unit by itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from pydantic import ValidationError
from sqlalchemy import MetaData, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.control import Tick
from contracts.deadletters import DeadLetter
from contracts.flags import Flag
from contracts.instants import EPOCH
from contracts.tasks import TERMINAL, UNIT_KINDS, Task, TaskUpdate
from services.book.held import read_task
from services.book.naming import ref
from services.book.places import take_declared
from services.book.tables import answers, flags, held, next_number, notes, put, unreadable
from services.runtime.complaint import complaint
from services.runtime.errors import Problem
from services.runtime.fold import UNIT_TICKS, Record
from services.runtime.letters import record_of_letter
from services.runtime.logs import logger

__all__ = ["FLAGS", "TOPICS", "Beside", "Taking"]

_log = logger(__name__)

_TASKS = tuple(f"referral.tasks.{kind}" for kind in UNIT_KINDS)

TOPICS = (*_TASKS, "units.status", "dead.letters", UNIT_TICKS)
"""What a book is made of."""

FLAGS = "risk.flags"
"""The flags behind the tasks: of a book whose owner asks for them (`Beside.topics`)."""


class Beside(NamedTuple):
    """What the owner of a book keeps beside it in the same database: its tables, the topics that it wants besides, and
    what it does with each record (also the book's own), in the transaction of the batch, by the units' clock."""

    metadata: MetaData
    topics: tuple[str, ...]
    take: Callable[[AsyncConnection, Record, str], Awaitable[None]]


class Taking:
    """Puts records into the book of the units for which `mine` holds."""

    def __init__(self, key: bytes, mine: Callable[[str], bool], beside: Beside | None = None) -> None:
        self._key = key
        self._mine = mine
        self._beside = beside

    async def take(self, connection: AsyncConnection, records: Sequence[Record]) -> None:
        """A batch, in one transaction of the store. What cannot be read is noted, and keeps nobody waiting."""
        ticks = [Tick.model_validate_json(one.value).as_of for one in records if one.topic == UNIT_TICKS]
        as_of = max(ticks, default=None)
        if as_of is not None:
            await _set_clock(connection, as_of)
        # not the batch's own last tick: ticks come over several partitions, and what changes later is later
        now = await clock(connection)
        for record in records:
            if record.topic == UNIT_TICKS:
                continue
            try:
                await self._take(connection, record, now)
            except (ValidationError, UnicodeDecodeError) as fault:
                await _not_readable(connection, record, fault)

    async def _take(self, connection: AsyncConnection, record: Record, now: str) -> None:
        if record.topic.startswith("referral.tasks."):
            await self._task(connection, raw := record.value.decode(), read_task(raw), now)
        elif record.topic == FLAGS:
            await _flag(connection, Flag.model_validate_json(record.value), record.value.decode())
        elif record.topic == "units.status":
            await take_declared(connection, record)
        elif record.topic == "dead.letters":
            await _refused(connection, DeadLetter.model_validate_json(record.value))
        if self._beside is not None:
            await self._beside.take(connection, record, now)

    async def _task(self, connection: AsyncConnection, raw: str, task: Task, now: str) -> None:
        rows = (await connection.execute(_WHO_HOLDS, {"of": task.task_id})).all()
        if self._mine(task.unit):
            before = next((row for row in rows if row.unit == task.unit), None)
            if before is None or before.revision < task.revision:
                passed = any(row.revision > task.revision for row in rows if row.unit != task.unit)
                await self._hold(connection, task, raw, now, before, passed)
        for row in rows:
            if row.unit != task.unit and row.open and row.revision < task.revision:
                change = await next_number(connection, "change")
                # below zero: it knew of the task, and what it knows is no longer so
                gone = {"open": False, "change": change, "changed_at": now, "told": -abs(row.told)}
                await connection.execute(_CHANGE, {**gone, "mine": row.unit, "name": row.ref})
        if task.update_id is not None:
            await connection.execute(_TAKEN, {"id": task.update_id})

    async def _hold(
        self, connection: AsyncConnection, task: Task, raw: str, now: str, before: object | None, passed: bool
    ) -> None:
        values = {
            "flag_id": task.flag_id,
            "revision": task.revision,
            "open": task.status not in TERMINAL and not passed,
            "district": task.district,
            "business_status": task.business_status,
            "task": raw,
            "changed_at": now,
            "change": await next_number(connection, "change"),
        }
        name = ref(self._key, task.unit, "task", task.task_id)
        if before is not None:
            await connection.execute(_CHANGE, {**values, "mine": task.unit, "name": name})
            return
        new = {"unit": task.unit, "ref": name, "task_id": task.task_id, "first_at": now, "told": 0}
        await connection.execute(_HOLD, {**values, **new})


async def clock(connection: AsyncConnection) -> str:
    """The units' clock: the last tick's instant; the beginning of 1970 before the first."""
    return (await connection.execute(_CLOCK)).scalar_one_or_none() or EPOCH


_CLOCK = select(notes.c.value).where(notes.c.name == "clock")


async def _set_clock(connection: AsyncConnection, as_of: str) -> None:
    insert = put(connection, notes).values(name="clock", value=as_of)
    later = insert.on_conflict_do_update(
        index_elements=["name"], set_={"value": as_of}, where=notes.c.value < insert.excluded.value
    )
    await connection.execute(later)


async def _flag(connection: AsyncConnection, flag: Flag, raw: str) -> None:
    values = {
        "household_id": flag.household_id,
        "revision": flag.revision,
        "status": flag.status,
        "typology": flag.typology,
        "district": flag.district,
        "flag": raw,
    }
    insert = put(connection, flags).values(flag_id=flag.flag_id, **values)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["flag_id"], set_=values, where=flags.c.revision < insert.excluded.revision
        )
    )


async def _refused(connection: AsyncConnection, letter: DeadLetter) -> None:
    if letter.topic != "referral.updates" or letter.sealed:
        return
    try:
        said = TaskUpdate.model_validate_json(record_of_letter(letter).value)
    except (ValidationError, Problem):
        return  # none of ours: what we send can be read
    mine = (answers.c.update_id == said.update_id) & (answers.c.state != "taken")
    await connection.execute(
        update(answers).where(mine).values(state="refused", reason=letter.reason, detail=letter.detail)
    )


async def _not_readable(
    connection: AsyncConnection, record: Record, fault: ValidationError | UnicodeDecodeError
) -> None:
    why = "it is not UTF-8" if isinstance(fault, UnicodeDecodeError) else complaint(fault)
    _log.error("a record that this version cannot read", topic=record.topic, offset=record.offset, why=why)
    values = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "why": why}
    await connection.execute(put(connection, unreadable).values(values).on_conflict_do_nothing())


# built once: to put a statement together costs more than SQLite takes for it
_WHO_HOLDS = select(held).where(held.c.task_id == bindparam("of"))
_HOLD = held.insert()
_CHANGE = update(held).where((held.c.unit == bindparam("mine")) & (held.c.ref == bindparam("name")))
_TAKEN = (
    update(answers)
    .where((answers.c.update_id == bindparam("id")) & answers.c.state.in_(("queued", "sent")))
    .values(state="taken")
)
