"""The chain of hashes: whatever is changed afterwards shows."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from services.book.audit import append, entries, head, verify
from services.book.store import Store
from services.book.tables import AUDIT, METADATA
from services.runtime.errors import Problem


async def _chain(dsn: str) -> Store:
    store = Store(dsn, METADATA)
    await store.open()
    for number in range(5):
        async with store.write() as transaction:
            await append(transaction, AUDIT, {"who": f"officer-{number}"}, "2026-07-01T00:00:00Z")
    return store


async def test_what_was_written_is_read_in_order(dsn: str) -> None:
    store = await _chain(dsn)
    async with store.read() as look:
        assert [entry["who"] async for entry in entries(look, AUDIT, after=3)] == ["officer-3", "officer-4"]
        assert await verify(look, AUDIT) == 5
        assert await verify(look, AUDIT, await head(look, AUDIT)) == 5


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE audit SET entry = replace(entry, 'officer-2', 'officer-x') WHERE number = 3", "entry 3 .* not what"),
        ("UPDATE audit SET at = '2026-07-02T00:00:00Z' WHERE number = 2", "entry 2 .* not what"),
        ("DELETE FROM audit WHERE number = 4", "entry 4 is missing"),
        ("DELETE FROM audit WHERE number = 1", "entry 1 is missing"),
        ("DELETE FROM audit WHERE number = 5", "its end is missing"),
    ],
)
async def test_tampering_shows(tampering: str, said: str, dsn: str) -> None:
    store = await _chain(dsn)
    async with store.write() as transaction:
        known = await head(transaction, AUDIT)
        await transaction.execute(text(tampering))
    async with store.read() as look:
        with pytest.raises(Problem, match=said):
            await verify(look, AUDIT, known)


async def test_a_chain_written_anew_is_not_the_one_that_was_noted(dsn: str) -> None:
    store = await _chain(dsn)
    async with store.write() as transaction:
        known = await head(transaction, AUDIT)
        await transaction.execute(AUDIT.delete())
        for _ in range(5):
            await append(transaction, AUDIT, {"who": "nobody"}, "2026-07-01T00:00:00Z")
    async with store.read() as look:
        assert await verify(look, AUDIT) == 5
        with pytest.raises(Problem, match="written anew"):
            await verify(look, AUDIT, known)


async def test_writers_take_turns(tmp_path: Path, dsn: str) -> None:
    store = await _chain(f"sqlite:///{tmp_path}/book.db" if dsn == "sqlite://" else dsn)

    async def one(number: int) -> None:
        async with store.write() as transaction:
            await append(transaction, AUDIT, {"who": f"writer-{number}"}, "2026-07-01T00:00:00Z")

    await asyncio.gather(*map(one, range(20)))
    async with store.read() as look:
        assert await verify(look, AUDIT) == 25
    await store.close()
