"""A unit's notes about its tasks. They stay at the desk: no topic, no other unit, no analysis has them."""

from typing import Any

from sqlalchemy import func, insert, select

from services.book.audit import append
from services.book.tables import AUDIT
from services.book.taking import clock
from services.desk.desk import Desk
from services.desk.tables import notes

__all__ = ["ABOUT", "LONGEST", "add_note", "notes_of"]

ABOUT = ("best_time", "language", "access", "safety", "agreed", "next_step", "other")
"""What a note can be about."""

LONGEST = 280
"""Characters: a note is a reminder, not a case file."""


async def notes_of(desk: Desk, unit: str, ref: str) -> list[Any]:
    """The notes of a task, the newest first."""
    mine = (notes.c.unit == unit) & (notes.c.ref == ref)
    async with desk.book.store.read() as look:
        return list((await look.execute(select(notes).where(mine).order_by(notes.c.number.desc()))).all())


async def add_note(desk: Desk, unit: str, ref: str, actor: str, about: str, text: str, number: int) -> None:
    """Keeps note number `number` (the count of those before): the same again is the same note. What it says is not
    in the audit, that it was written is."""
    mine = (notes.c.unit == unit) & (notes.c.ref == ref)
    async with desk.book.store.write() as transaction:
        count = (await transaction.execute(select(func.count()).select_from(notes).where(mine))).scalar_one()
        same = select(notes.c.number).where(mine & (notes.c.number == number) & (notes.c.text == text))
        if (await transaction.execute(same)).first() is not None:
            return
        at = await clock(transaction)
        row = {"unit": unit, "ref": ref, "number": count, "actor": actor, "at": at, "about": about, "text": text}
        await transaction.execute(insert(notes).values(row))
        entry = {"what": "note", "unit": unit, "actor": actor, "task": ref, "about": about}
        await append(transaction, AUDIT, entry, at)
