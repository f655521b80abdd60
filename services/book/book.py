"""The unit book: what each unit holds, and the one door for what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import Row, Select, bindparam, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.flags import Flag
from contracts.lifecycle import Refusal, check
from contracts.model import Bilingual
from contracts.tasks import TERMINAL, Task, TaskUpdate
from services.book.audit import append
from services.book.inbox import Inbox
from services.book.outbox import Letter, Outbox
from services.book.places import free_places, needs_a_place
from services.book.posting import posting
from services.book.store import Store
from services.book.tables import AUDIT, METADATA, OFFSETS, answers, flags, held, next_number
from services.book.taking import TOPICS, Beside, Taking, clock
from services.book.view import as_unit_sees, may_say
from services.directory import STALE_HOURS
from services.runtime.fold import Refused
from services.runtime.settings import Settings

__all__ = ["Answer", "Book", "Held"]

PENDING = ("queued", "sent")
"""States of an answer of which we do not know yet what became."""


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
        return Task.model_validate_json(self.raw)

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


@dataclass(frozen=True)
class Answer:
    """What a unit has answered. `state`: queued (here), sent (to Kafka), taken (a revision tells of it) or refused,
    then with `reason` and `detail`. `again`: it had been said before, and nothing was written."""

    update_id: str
    unit: str
    ref: str
    revision: int
    said: dict[str, Any]
    actor: str
    at: str
    state: str
    reason: str | None
    detail: str | None
    again: bool = False


class Book:
    """The book of the units for which `mine` holds. Its services (`inbox`, `outbox`) run in the app of their owner."""

    def __init__(
        self,
        name: str,
        dsn: str,
        key: bytes,
        settings: Settings,
        mine: Callable[[str], bool],
        beside: Beside | None = None,
        names: Mapping[str, Bilingual] | None = None,
        stale_hours: Mapping[str, float] = STALE_HOURS,
    ) -> None:
        """`name`: of the service that owns it, also of its consumer group; `key`: of the units' namespaces; `names`: of
        units, for those that are named to others; `stale_hours`: of the directory, for free places."""
        self._names, self._stale_hours = names or {}, stale_hours
        self.store = Store(dsn, METADATA, *(() if beside is None else (beside.metadata,)))
        self.key = key
        self.taking = Taking(key, mine, beside)
        topics = TOPICS if beside is None else tuple(dict.fromkeys((*TOPICS, *beside.topics)))
        self.inbox = Inbox(name, topics, settings, self.store, OFFSETS, self.taking.take)
        self.outbox = Outbox(name, "referral.updates", settings, posting(self.store, answers, _letter))

    async def clock(self) -> str:
        """The units' clock: the last tick's instant (in a demo, the simulated one)."""
        async with self.store.read() as look:
            return await clock(look)

    async def held(self, unit: str, name: str) -> Held | None:
        """One task of a unit, by its ref; None where the unit has none of that name."""
        async with self.store.read() as look:
            row = (await look.execute(_HELD, {"mine": unit, "name": name})).first()
        return None if row is None else self.as_held(row)

    async def shown(self, one: Held) -> dict[str, Any]:
        """Its view as it is shown or sent now: with where a place is free, if that is what the task is for."""
        if not one.open or not needs_a_place(one.task):
            return {**one.view, "places": []}
        async with self.store.read() as look:
            now = await clock(look)
            return {**one.view, "places": await free_places(look, one.task, now, self._names, self._stale_hours)}

    async def all_held(self, unit: str, *, ended: bool = False) -> list[Held]:
        """What a unit holds (with `ended`: what it ever held), the latest change last."""
        wanted = held.c.unit == unit if ended else (held.c.unit == unit) & held.c.open
        async with self.store.read() as look:
            rows = (await look.execute(select(held).where(wanted).order_by(held.c.change))).all()
        return [self.as_held(row) for row in rows]

    async def changed(
        self, units: Sequence[str], after: int, most: int = 500, *, since: str = "", ended: bool = True
    ) -> list[Held]:
        """What has changed at these units since the change number `after`, in order: what each holds now. `since`: and
        not before that instant; without `ended`: what is open."""
        wanted = held.c.unit.in_(units) & (held.c.change > after) & (held.c.changed_at >= since)
        if not ended:
            wanted &= held.c.open
        async with self.store.read() as look:
            rows = (await look.execute(select(held).where(wanted).order_by(held.c.change).limit(most))).all()
        return [self.as_held(row) for row in rows]

    async def untold(self, units: Sequence[str], most: int = 500) -> list[Held]:
        """What these units do not know in its newest revision yet, the oldest change first."""
        wanted = held.c.unit.in_(units) & (held.c.told < held.c.revision)
        async with self.store.read() as look:
            rows = (await look.execute(select(held).where(wanted).order_by(held.c.change).limit(most))).all()
        return [self.as_held(row) for row in rows]

    async def strays(self, district: str | None) -> list[Held]:
        """Open tasks that no unit has in hand: in a queue, or that cannot be delivered (None: in any district)."""
        nobody = held.c.unit.startswith("queue-", autoescape=True) | (held.c.business_status == "delivery_failed")
        wanted = held.c.open & nobody & (true() if district is None else held.c.district == district)
        async with self.store.read() as look:
            rows = (await look.execute(select(held).where(wanted).order_by(held.c.change))).all()
        return [self.as_held(row) for row in rows]

    async def tell(self, unit: str, name: str, revision: int) -> None:
        """Notes that a unit is known to have this revision."""
        here = (held.c.unit == unit) & (held.c.ref == name) & (held.c.told < revision)
        async with self.store.write() as transaction:
            await transaction.execute(update(held).where(here).values(told=revision))

    async def flag(self, flag_id: str) -> Flag | None:
        """The flag behind a task (`Held.task.flag_id`), the newest revision."""
        async with self.store.read() as look:
            raw = (await look.execute(select(flags.c.flag).where(flags.c.flag_id == flag_id))).scalar_one_or_none()
        return None if raw is None else Flag.model_validate_json(raw)

    async def answer(
        self,
        unit: str,
        name: str,
        said: Mapping[str, Any],
        key: str,
        actor: str,
        office: str | None = None,
        delivery: bool = False,
    ) -> Answer:
        """Takes what a unit answers to its task `name`; it goes to `referral.updates` once, under the id `unit:key`.
        Where a duty officer decides about the task, `office` is theirs, and the id `office:key`; `delivery`: it is not
        said by the unit, but by what delivers to it.

        `said`: `action`, and of TaskUpdate what belongs to it (`reason`, `outcome`, `findings`…), with
        `expected_revision` where the unit says which one it saw; `key`: the unit's own id of this answer: the same
        again is the same answer; `actor`: who, as the audit shall have it (an account or system, no name).
        Raises Refused: unknown_task, stale_revision, id_reused, invalid, and what the life cycle
        says. A refusal by the referral desk comes later, as `Answer.state`."""
        update_id = f"{office or unit}:{key}"
        async with self.store.write() as transaction:
            row = (await transaction.execute(_HELD, {"mine": unit, "name": name})).first()
            if row is None:
                raise Refused("unknown_task", "your unit has no task of that id")
            one = self.as_held(row)
            now = await clock(transaction)
            written = _update(one, said, update_id, now, office, delivery)
            before = await _answers(transaction, _OF_TASK, mine=unit, name=name)
            text = orjson.dumps(dict(said), option=orjson.OPT_SORT_KEYS).decode()
            if same := await _answers(transaction, _BY_ID, id=update_id):
                return _again(same[0], name, text)
            # a receipt is nothing that a unit's answer rests on; it goes ahead of the answer
            waiting = [earlier for earlier in before if earlier.state in PENDING]
            if any(delivery or earlier.said["action"] != "receive" for earlier in waiting):
                raise Refused("stale_revision", "your last answer to this task is still being taken; wait a moment")
            _check(one, written)
            values = {
                "number": await next_number(transaction, "letter"),
                "update_id": update_id,
                "unit": unit,
                "ref": name,
                "household_id": written.household_id,
                "revision": written.expected_revision,
                "said": text,
                "update": written.model_dump_json(exclude_none=True),
                "actor": actor,
                "at": now,
                "state": "queued",
            }
            await transaction.execute(_ANSWER, values)
            entry = {"what": "answer", "unit": office or unit, "actor": actor, "task": name, "update_id": update_id}
            await append(transaction, AUDIT, {**entry, "action": written.action}, now)
        self.outbox.wake()
        return Answer(update_id, unit, name, written.expected_revision, dict(said), actor, now, "queued", None, None)

    async def answers(self, unit: str, name: str) -> list[Answer]:
        """What a unit has answered to one task, the first first."""
        async with self.store.read() as look:
            return await _answers(look, _OF_TASK, mine=unit, name=name)

    async def given(self, update_id: str) -> Answer | None:
        """The answer of that id, `unit:key`."""
        async with self.store.read() as look:
            found = await _answers(look, _BY_ID, id=update_id)
        return found[0] if found else None

    async def waiting(self, unit: str) -> set[str]:
        """The tasks of a unit of which an answer is not taken yet."""
        wanted = select(answers.c.ref).where((answers.c.unit == unit) & answers.c.state.in_(PENDING))
        async with self.store.read() as look:
            return set(await look.scalars(wanted))

    async def note(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry of its own to the audit."""
        async with self.store.write() as transaction:
            await append(transaction, AUDIT, entry, await clock(transaction))

    def as_held(self, row: Row[Any]) -> Held:
        """A row of the table `held`, for those who join it with tables of their own."""
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
            key=self.key,
        )


def _letter(row: Row[Any]) -> Letter:
    return Letter(row.number, row.household_id.encode(), row.update.encode())


def _update(
    one: Held, said: Mapping[str, Any], update_id: str, now: str, office: str | None, delivery: bool
) -> TaskUpdate:
    try:
        return TaskUpdate.model_validate(
            {
                "expected_revision": one.revision,
                **said,
                "update_id": update_id,
                "task_id": one.task.task_id,
                "household_id": one.task.household_id,
                "at": now,
                "unit": office or one.unit,
                "actor": "delivery" if delivery else "unit" if office is None else "officer",
            }
        )
    except ValidationError as fault:
        errors = fault.errors(include_input=False, include_url=False)
        what = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}".removeprefix(": ") for e in errors)
        raise Refused("invalid", what.replace("Value error, ", "")) from None


def _check(one: Held, written: TaskUpdate) -> None:
    if not one.open:
        raise Refused("illegal_transition", "this task is no longer with your unit")
    refusal = check(one.task, written)
    if isinstance(refusal, Refusal):
        raise Refused(refusal.reason, refusal.detail)


def _again(same: Answer, name: str, text: str) -> Answer:
    before = orjson.dumps(same.said, option=orjson.OPT_SORT_KEYS).decode()
    if same.ref != name or before != text:
        raise Refused("id_reused", "this id was used for another answer; give each an id of its own")
    return Answer(**{**same.__dict__, "again": True})


# built once: to put a statement together costs more than SQLite takes for it
_HELD = select(held).where((held.c.unit == bindparam("mine")) & (held.c.ref == bindparam("name")))
_ALL_ANSWERS = select(answers).order_by(answers.c.number)
_OF_TASK = _ALL_ANSWERS.where((answers.c.unit == bindparam("mine")) & (answers.c.ref == bindparam("name")))
_BY_ID = _ALL_ANSWERS.where(answers.c.update_id == bindparam("id"))
_ANSWER = insert(answers)


async def _answers(connection: AsyncConnection, wanted: Select[Any], **said: str) -> list[Answer]:
    rows = (await connection.execute(wanted, said)).all()
    return [
        Answer(
            update_id=row.update_id,
            unit=row.unit,
            ref=row.ref,
            revision=row.revision,
            said=orjson.loads(row.said),
            actor=row.actor,
            at=row.at,
            state=row.state,
            reason=row.reason,
            detail=row.detail,
        )
        for row in rows
    ]
