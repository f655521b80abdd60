"""A table of numbered rows as letters for an outbox."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, Table, select, update

from services.book.outbox import Letter, Source
from services.book.store import Store

__all__ = ["posting"]


def posting(store: Store, table: Table, letter: Callable[[Row[Any]], Letter]) -> Source:
    """What an outbox sends of `table`, which has `number` (from 0, without gaps: `tables.next_number`) and `state`:
    `queued`, then `sent`."""

    async def unsent(at: int, most: int) -> list[Letter]:
        wanted = select(table).where(table.c.number >= at).order_by(table.c.number).limit(most)
        async with store.read() as look:
            return [letter(row) for row in await look.execute(wanted)]

    async def sent(to: int) -> int:
        async with store.write() as transaction:
            queued = (table.c.number < to) & (table.c.state == "queued")
            await transaction.execute(update(table).where(queued).values(state="sent"))
            first = select(table.c.number).where(table.c.state == "queued").order_by(table.c.number).limit(1)
            left = (await transaction.execute(first)).scalar_one_or_none()
            last = select(table.c.number).order_by(table.c.number.desc()).limit(1)
            end = (await transaction.execute(last)).scalar_one_or_none()
        if left is not None:
            return int(left)
        return max(to, 0 if end is None else end + 1)

    return Source(unsent, sent)
