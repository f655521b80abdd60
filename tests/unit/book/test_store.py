"""What writers of a store share, and what they do not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.book.store import Store
from services.book.tables import METADATA, notes

Step = Callable[[AsyncConnection], Awaitable[str]]


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    opened = Store(dsn, METADATA)
    await opened.open()
    yield opened
    await opened.close()


def writes(name: str, fault: Exception | None = None) -> Step:
    async def step(transaction: AsyncConnection) -> str:
        await transaction.execute(notes.insert(), {"name": name, "value": "1"})
        await asyncio.sleep(0)
        if fault is not None:
            raise fault
        return name

    return step


async def kept(store: Store) -> set[str]:
    async with store.read() as look:
        return set(await look.scalars(select(notes.c.name)))


async def test_each_gets_its_own_result_and_all_are_written(store: Store) -> None:
    names = [f"n-{number}" for number in range(20)]
    assert await asyncio.gather(*(store.together(writes(name)) for name in names)) == names
    assert await kept(store) == set(names)


async def test_who_waits_shares_a_commit(store: Store) -> None:
    if not store.sqlite:
        pytest.skip("on Postgres writers do not wait for each other")
    commits = []
    event.listen(store._engine.sync_engine, "commit", lambda _: commits.append(1))
    await asyncio.gather(*(store.together(writes(f"n-{number}")) for number in range(20)))
    assert len(commits) == 2  # the first does not wait for anybody


async def test_a_fault_is_its_owners_alone(store: Store) -> None:
    steps = [writes("a"), writes("b", ValueError("b is wrong")), writes("c")]
    results = await asyncio.gather(*map(store.together, steps), return_exceptions=True)
    assert [repr(result) for result in results] == ["'a'", "ValueError('b is wrong')", "'c'"]
    assert await kept(store) == {"a", "c"}


async def test_who_gives_up_waiting_writes_nothing_and_spoils_nothing(store: Store) -> None:
    async with store.write() as transaction:  # so that the others wait, on SQLite
        await transaction.execute(select(func.count()).select_from(notes))
        given_up, stays = (asyncio.create_task(store.together(writes(name))) for name in ("a", "b"))
        if not store.sqlite:
            given_up.cancel()
        await asyncio.sleep(0)
        given_up.cancel()
    assert await stays == "b"
    with suppress(asyncio.CancelledError):
        await given_up
    assert await kept(store) == {"b"}


async def test_where_who_writes_for_all_gives_up_each_writes_for_itself(store: Store) -> None:
    begun = asyncio.Event()

    async def slow(transaction: AsyncConnection) -> str:
        begun.set()
        await asyncio.sleep(60)
        return await writes("slow")(transaction)

    leader = asyncio.create_task(store.together(slow))
    others = [asyncio.create_task(store.together(writes(name))) for name in ("a", "b")]
    await begun.wait()
    leader.cancel()
    assert await asyncio.gather(*others) == ["a", "b"]
    with suppress(asyncio.CancelledError):
        await leader
    assert leader.cancelled()
    assert await kept(store) == {"a", "b"}
