"""A SQL store: SQLite by default, Postgres by DSN. What is written in one `write` is there whole, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from services.book.sqlite_here import DBAPI
from services.runtime.errors import Problem

__all__ = ["Store", "offsets_table"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

_T = TypeVar("_T")

_Look = tuple[asyncio.Task[Any] | None, AsyncConnection]

_BUSY_MS = 15_000
"""How long a writer waits for another one of the same SQLite file."""


def offsets_table(metadata: MetaData) -> Table:
    """Where Kafka's records end that are in this store: the next offset of each partition."""
    return Table(
        "offsets",
        metadata,
        Column("topic", String(200), primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next", BigInteger, nullable=False),
    )


class Store:
    """One database with the tables of each `metadata`. Writers of a SQLite file take turns from their first statement
    on, so that what a writer has read is still so when it commits; on Postgres lock the rows that you read for that."""

    def __init__(self, dsn: str, *metadata: MetaData) -> None:
        """`dsn`: `sqlite:///FILE`, `sqlite://` (memory, for tests) or `postgresql://user:password@host/name`. Nothing
        is opened yet. Raises Problem for a DSN that is none."""
        self.metadata = metadata
        self._engine = _engine(dsn)
        self.sqlite = self._engine.dialect.name == "sqlite"
        # Who waits for SQLite's own lock sleeps and tries again, so that of many at once some are never served (of 500
        # answers in 5 s on a busy machine 8 gave up). In one process writers queue.
        self._turns = asyncio.Lock() if self.sqlite else nullcontext()
        self._waiting: list[_Step[Any]] = []
        self._look: ContextVar[_Look | None] = ContextVar("look", default=None)
        self._reading: dict[str, Any] = {"reads": True} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        if self.sqlite:
            event.listen(self._engine.sync_engine, "connect", _set_up_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)

    async def open(self) -> None:
        """Makes the tables that are missing. Raises Problem where the database cannot be reached or written."""
        try:
            async with self.write() as connection:
                for tables in self.metadata:
                    await connection.run_sync(tables.create_all)
        except (DBAPIError, OSError) as fault:
            where = self._engine.url.render_as_string(hide_password=True)
            reason = fault.orig if isinstance(fault, DBAPIError) else fault
            raise Problem(
                f"the store {where} cannot be used: {reason}; see whether it exists and may be written"
            ) from None

    async def close(self) -> None:
        """Lets go of all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back if anything is raised."""
        async with self._turns, self._engine.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent look; disturbs no writer. Within a look it is the same one: a page is of one moment."""
        me = asyncio.current_task()
        outer = self._look.get()
        if outer is not None and outer[0] is me:  # a task that was begun within a look may outlive it
            yield outer[1]
            return
        async with self._engine.connect() as connection:
            connection = await connection.execution_options(**self._reading)
            async with connection.begin():
                before = self._look.set((me, connection))
                try:
                    yield connection
                finally:
                    self._look.reset(before)

    async def together(self, step: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        """What `step` returns, once it is committed: in one transaction with the steps of all who wait for their turn,
        so that they wait for the disk once. Where one of them raises, nothing of any is written, and each is run again
        by itself: a step has no effect but in its transaction."""
        mine: _Step[_T] = _Step(step, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turns:
                if mine in self._waiting:
                    several, self._waiting = self._waiting, []
                    try:
                        await self._commit(several)
                    except Exception:
                        if several == [mine]:
                            raise
                if not mine.result.done():
                    await self._commit([mine])
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
        return mine.result.result()

    async def _commit(self, steps: Sequence["_Step[Any]"]) -> None:
        async with self._engine.connect() as connection, connection.begin():
            results = [await one.step(connection) for one in steps]
        for one, result in zip(steps, results, strict=True):
            one.result.set_result(result)


class _Step(NamedTuple, Generic[_T]):
    """What waits for its turn, and its result once that is committed."""

    step: Callable[[AsyncConnection], Awaitable[_T]]
    result: asyncio.Future[_T]


def _engine(dsn: str) -> AsyncEngine:
    try:
        url = make_url(dsn)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        options: dict[str, Any] = {}
        if url.drivername.startswith("sqlite"):
            options["module"] = DBAPI
            # no isolation level: the driver must not begin transactions by itself
            options["connect_args"] = {"timeout": _BUSY_MS / 1000, "isolation_level": None}
            if url.database in (None, "", ":memory:"):
                options["poolclass"] = StaticPool  # one connection, or each would have a memory of its own
        return create_async_engine(url, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as fault:
        raise Problem(
            f"the store's DSN cannot be used ({fault}): give sqlite:///FILE, or postgresql://user:password@host/name "
            "with the extra `postgres` installed"
        ) from None


def _set_up_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an answer that was taken outlives a power cut
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
