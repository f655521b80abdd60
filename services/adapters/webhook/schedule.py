"""When which task is delivered to which unit's system: the durable part, so that it survives a restart.

The book knows what a unit has not been told. This adds what went wrong: a delivery that failed is tried again later and
later; a unit's system that does not answer at all is tried with one task at a time; what fails for too long on the
units' clock, or is refused, waits for a person (the operator queue). A change of the task starts anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.instants import plus
from services.adapters.tables import deliveries, endpoints
from services.adapters.webhook.queue import same_task, stuck
from services.book.book import Book, Held
from services.book.tables import held, put
from services.book.taking import clock

__all__ = ["DOWN_AFTER", "Due", "Schedule", "Standing", "back_off_ms"]

DOWN_AFTER = 3
"""Failures in a row after which a unit's system counts as down, and one task at a time tries whether it is back."""

_FIRST_MS, _LONGEST_MS = 2_000, 15 * 60_000
_ONE_ROUND = 50
"""Tasks of one unit in a round."""


def back_off_ms(failures: int, what: str) -> int:
    """How long to wait after so many failures: 2 s, doubled each time up to a quarter of an hour; ±20 % that follow
    from `what`, so that all that failed together does not come back together."""
    spread = int.from_bytes(blake2b(f"{what}|{failures}".encode(), digest_size=2).digest()) / 65_535
    return int(min(_FIRST_MS * 2 ** min(max(failures, 1) - 1, 20), _LONGEST_MS) * (0.8 + 0.4 * spread))


@dataclass(frozen=True, slots=True)
class Due:
    """A task to be delivered now. `attempts`: how often that was tried in vain; `stuck`: why it waited for a
    person before it changed."""

    held: Held
    attempts: int = 0
    stuck: str | None = None

    @property
    def heard_of(self) -> bool:
        """Whether the unit has, or may have, heard of this task."""
        return self.held.told != 0 or self.attempts > 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries stand: `waiting` are not told, `oldest` since when by the units' clock; `stuck` wait for a
    person."""

    waiting: int
    oldest: str | None
    stuck: int


class Schedule:
    """Reads and writes how deliveries stand. `now_ms`: the real clock, for back-off."""

    def __init__(self, book: Book, now_ms: Callable[[], int]) -> None:
        self._book = book
        self._now_ms = now_ms

    async def due(self, units: Sequence[str]) -> dict[str, list[Due]]:
        """What to deliver now, by unit, the oldest change first; for a unit that is down, the one that tries."""
        now = self._now_ms()
        place = func.row_number().over(partition_by=held.c.unit, order_by=held.c.change).label("place")
        untold = and_(held.c.unit.in_(units), held.c.told < held.c.revision)
        fresh = or_(
            deliveries.c.unit.is_(None),
            deliveries.c.change < held.c.change,
            and_(deliveries.c.state == "waiting", deliveries.c.next_ms <= now),
        )
        up = or_(endpoints.c.unit.is_(None), endpoints.c.next_ms <= now)
        rows = (
            select(held, deliveries.c.attempts, deliveries.c.state, deliveries.c.why, endpoints.c.failures, place)
            .outerjoin(deliveries, same_task())
            .outerjoin(endpoints, endpoints.c.unit == held.c.unit)
            .where(untold & fresh & up)
            .subquery()
        )
        most = func.coalesce(rows.c.failures, 0) < DOWN_AFTER
        wanted = select(rows).where(or_(rows.c.place == 1, and_(most, rows.c.place <= _ONE_ROUND)))
        found: dict[str, list[Due]] = {}
        async with self._book.store.read() as look:
            for row in await look.execute(wanted.order_by(rows.c.change)):
                stuck = row.why if row.state == "stuck" else None
                found.setdefault(row.unit, []).append(Due(self._book.as_held(row), row.attempts or 0, stuck))
        return found

    async def is_down(self, unit: str) -> bool:
        """Whether a unit's system counts as down, or has asked for a pause."""
        async with self._book.store.read() as look:
            row = (await look.execute(select(endpoints).where(endpoints.c.unit == unit))).first()
        return row is not None and (row.failures >= DOWN_AFTER or row.next_ms > self._now_ms())

    async def succeeded(self, one: Held) -> None:
        """A delivery arrived: nothing is in its way any more, nor in that of others to this unit."""
        async with self._book.store.write() as transaction:
            await transaction.execute(delete(deliveries).where(_of(one.unit, one.ref)))
            await _is_up(transaction, one.unit)

    async def failed(self, due: Due, why: str, pause_ms: int = 0) -> None:
        """It did not arrive, and is tried again. `pause_ms`: the unit's system wants to be left alone for so long."""
        one, now = due.held, self._now_ms()
        async with self._book.store.write() as transaction:
            row = (await transaction.execute(select(endpoints).where(endpoints.c.unit == one.unit))).first()
            failures = 1 + (0 if row is None else row.failures)
            rest = back_off_ms(failures - DOWN_AFTER + 1, one.unit) if failures >= DOWN_AFTER else 0
            await _put_endpoint(transaction, one.unit, failures, now + max(rest, pause_ms))
            await self._note(transaction, due, "waiting", now + back_off_ms(due.attempts + 1, one.ref), why)
            if failures >= DOWN_AFTER:
                await self._all_wait(transaction, one.unit, why)

    async def put_off(self, due: Due, milliseconds: int, why: str) -> None:
        """It is not to be delivered yet."""
        async with self._book.store.write() as transaction:
            await self._note(transaction, due, "waiting", self._now_ms() + milliseconds, why, tried=False)

    async def refused(self, due: Due, why: str) -> None:
        """The unit's system answers, and will not have it: a person has to look."""
        async with self._book.store.write() as transaction:
            await self._note(transaction, due, "stuck", 0, why)
            await _is_up(transaction, due.held.unit)

    async def give_up(self, one: Held, why: str) -> None:
        """It has been tried for too long: a person has to look."""
        async with self._book.store.write() as transaction:
            stuck = {"state": "stuck", "change": one.change, "why": why}
            await transaction.execute(update(deliveries).where(_of(one.unit, one.ref)).values(stuck))

    async def overdue(self, hours: Mapping[str, float]) -> list[tuple[Held, str]]:
        """What has been failing for longer than its unit's hours, with what went wrong last."""
        found: list[tuple[Held, str]] = []
        async with self._book.store.read() as look:
            now = await clock(look)
            waiting = select(held, deliveries.c.failing_since, deliveries.c.why).join(deliveries, same_task())
            waiting = waiting.where(held.c.unit.in_(list(hours)), deliveries.c.state == "waiting")
            for row in await look.execute(waiting.order_by(held.c.change)):
                if row.told < row.revision and plus(row.failing_since, hours=hours[row.unit]) <= now:
                    found.append((self._book.as_held(row), row.why))
        return found

    async def standing(self, units: Sequence[str]) -> Standing:
        """How many wait, since when, and how many are stuck."""
        heard = or_(held.c.open, held.c.told != 0)
        untold = held.c.unit.in_(units) & (held.c.told < held.c.revision) & heard
        async with self._book.store.read() as look:
            count, oldest = (await look.execute(select(func.count(), func.min(held.c.changed_at)).where(untold))).one()
        return Standing(count, oldest, len(await stuck(self._book.store)))

    async def _note(
        self, transaction: AsyncConnection, due: Due, state: str, next_ms: int, why: str, tried: bool = True
    ) -> None:
        one = due.held
        row = (await transaction.execute(select(deliveries).where(_of(one.unit, one.ref)))).first()
        since = row.failing_since if row is not None and row.state == "waiting" else await clock(transaction)
        values = {
            "change": one.change,
            "state": state,
            "attempts": due.attempts + tried,
            "failing_since": since,
            "next_ms": next_ms,
            "why": why,
        }
        insert = put(transaction, deliveries).values(unit=one.unit, ref=one.ref, **values)
        await transaction.execute(insert.on_conflict_do_update(index_elements=["unit", "ref"], set_=values))

    async def _all_wait(self, transaction: AsyncConnection, unit: str, why: str) -> None:
        """The unit's system is down: whatever waits for it has been failing from now on, tried or not."""
        untold = (held.c.unit == unit) & (held.c.told < held.c.revision) & deliveries.c.unit.is_(None)
        rows = await transaction.execute(
            select(held.c.ref, held.c.change).outerjoin(deliveries, same_task()).where(untold)
        )
        since = await clock(transaction)
        values = {"state": "waiting", "attempts": 0, "failing_since": since, "next_ms": 0, "why": why}
        new = [{"unit": unit, "ref": row.ref, "change": row.change, **values} for row in rows]
        if new:
            await transaction.execute(deliveries.insert(), new)


def _of(unit: str, ref: str) -> ColumnElement[bool]:
    return (deliveries.c.unit == unit) & (deliveries.c.ref == ref)


async def _put_endpoint(transaction: AsyncConnection, unit: str, failures: int, next_ms: int) -> None:
    values = {"failures": failures, "next_ms": next_ms}
    insert = put(transaction, endpoints).values(unit=unit, **values)
    await transaction.execute(insert.on_conflict_do_update(index_elements=["unit"], set_=values))


async def _is_up(transaction: AsyncConnection, unit: str) -> None:
    """It answers: what was waiting for that goes now."""
    was = (await transaction.execute(select(endpoints.c.failures).where(endpoints.c.unit == unit))).scalar_one_or_none()
    if was is None:
        return
    await transaction.execute(delete(endpoints).where(endpoints.c.unit == unit))
    if was >= DOWN_AFTER:
        waiting = (deliveries.c.unit == unit) & (deliveries.c.state == "waiting")
        await transaction.execute(update(deliveries).where(waiting).values(next_ms=0))
