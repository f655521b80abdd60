"""What was done, by whom, in a chain of hashes: an entry that is changed, taken out or put in later shows.

Each entry's hash covers the one before it. Who can write the database could write the whole chain anew; therefore the
head's hash is worth keeping elsewhere (`head`), and a chain that does not lead to it was tampered with.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, Insert, Integer, MetaData, Select, String, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.errors import Problem

__all__ = ["append", "audit_table", "entries", "head", "verify"]

_FIRST = "0" * 64
"""What the first entry names as the hash before it."""


def audit_table(metadata: MetaData) -> Table:
    """The chain: number from 1, when, what (canonical JSON), and the hash over it and the entry before."""
    return Table(
        "audit",
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("at", String(40), nullable=False),
        Column("entry", Text, nullable=False),
        Column("hash", String(64), nullable=False),
    )


async def append(connection: AsyncConnection, audit: Table, entry: Mapping[str, Any], at: str) -> int:
    """Adds an entry in the transaction of what it tells of; returns its number. Writers take turns."""
    if connection.dialect.name == "postgresql":  # a SQLite file has one writer anyhow
        await connection.execute(text(f"LOCK TABLE {audit.name} IN EXCLUSIVE MODE"))
    number, last = await head(connection, audit)
    said = orjson.dumps(dict(entry), option=orjson.OPT_SORT_KEYS).decode()
    row = {"number": number + 1, "at": at, "entry": said, "hash": _hash(last, number + 1, at, said)}
    await connection.execute(_entry(audit), row)
    return number + 1


async def head(connection: AsyncConnection, audit: Table) -> tuple[int, str]:
    """The last entry's number and hash; (0, zeros) of an empty chain."""
    row = (await connection.execute(_last(audit))).first()
    return (row.number, row.hash) if row is not None else (0, _FIRST)


async def entries(connection: AsyncConnection, audit: Table, after: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Yields the entries in order: `number`, `at` and what was said."""
    for row in await connection.execute(select(audit).where(audit.c.number > after).order_by(audit.c.number)):
        yield {"number": row.number, "at": row.at, **orjson.loads(row.entry)}


async def verify(connection: AsyncConnection, audit: Table, known_head: tuple[int, str] | None = None) -> int:
    """Goes through the whole chain; returns how many entries there are. Raises Problem naming the first that is not as
    it was written. `known_head`: number and hash noted earlier, which must still be in the chain."""
    number, last = 0, _FIRST
    for row in await connection.execute(select(audit).order_by(audit.c.number)):
        if row.number != number + 1:
            raise Problem(f"the audit's entry {number + 1} is missing: entry {row.number} comes next")
        if row.hash != _hash(last, row.number, row.at, row.entry):
            raise Problem(f"the audit's entry {row.number} ({row.at}) is not what was written: its hash does not fit")
        number, last = row.number, row.hash
        if known_head is not None and number == known_head[0] and last != known_head[1]:
            raise Problem(f"the audit was written anew: entry {number} has not the hash that was noted")
    if known_head is not None and number < known_head[0]:
        raise Problem(f"the audit ends at entry {number}; {known_head[0]} was noted: its end is missing")
    return number


@cache
def _last(audit: Table) -> Select[Any]:
    return select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)


@cache
def _entry(audit: Table) -> Insert:
    return audit.insert()


def _hash(last: str, number: int, at: str, entry: str) -> str:
    return hashlib.sha256(f"{last}\n{number}\n{at}\n{entry}".encode()).hexdigest()
