"""The unit book: what each unit holds, and the one door for what it answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.flags import Flag
from contracts.instants import EPOCH
from contracts.model import Bilingual
from services.book.answering import PENDING, Answer, Given, answers_to, take
from services.book.audit import append
from services.book.held import Held, as_held
from services.book.inbox import Inbox
from services.book.outbox import Letter, Outbox
from services.book.places import free_places, needs_a_place
from services.book.posting import posting
from services.book.store import Store
from services.book.tables import AUDIT, METADATA, OFFSETS, answers, flags, held, notes
from services.book.taking import TOPICS, Beside, Taking, clock
from services.directory import STALE_HOURS
from services.runtime.fold import Refused
from services.runtime.settings import Settings

__all__ = ["PENDING", "Answer", "Book", "Held"]


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

    async def all_held(self, unit: str, *, ended: bool = False, since: str = "") -> list[Held]:
        """What a unit holds (with `ended`: what it ever held), the latest change last. `since`: and that has changed at
        that instant or later."""
        wanted = (held.c.unit == unit) & (held.c.changed_at >= since)
        if not ended:
            wanted &= held.c.open
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
        given = Given(said, f"{office or unit}:{key}", actor, office, delivery)

        async def step(transaction: AsyncConnection) -> Answer | Refused:
            row = (await transaction.execute(_HELD_LOCKED, {"mine": unit, "name": name})).first()
            if row is None:
                return Refused("unknown_task", "your unit has no task of that id")
            try:
                return await take(transaction, self.as_held(row), given, row.clock or EPOCH)
            except Refused as refused:  # nothing is written: those who share the transaction are not disturbed
                return refused

        taken = await self.store.together(step)
        if isinstance(taken, Refused):
            raise taken
        self.outbox.wake()
        return taken

    async def answers(self, unit: str, name: str) -> list[Answer]:
        """What a unit has answered to one task, the first first."""
        async with self.store.read() as look:
            return await answers_to(look, unit, name)

    async def given(self, update_id: str) -> Answer | None:
        """The answer of that id, `unit:key`."""
        async with self.store.read() as look:
            found = await answers_to(look, "", "", or_id=update_id)
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
        return as_held(row, self.key)


def _letter(row: Row[Any]) -> Letter:
    return Letter(row.number, row.household_id.encode(), row.update.encode())


_CLOCK = select(notes.c.value).where(notes.c.name == "clock").scalar_subquery()
_HELD = select(held, _CLOCK.label("clock")).where(
    (held.c.unit == bindparam("mine")) & (held.c.ref == bindparam("name"))
)
_HELD_LOCKED = _HELD.with_for_update(of=held)
"""On Postgres two answers to one task wait for each other; a SQLite file has one writer anyhow."""
