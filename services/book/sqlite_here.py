"""SQLite in the thread that asks, behind aiosqlite's interface: what SQLAlchemy's asyncio engine needs of it.

aiosqlite hands each step of each statement to a thread and waits for it: some 40 such turns for one answer of a unit,
ten times what SQLite itself takes for statements of a few rows. Here statements run where they are asked; what can take
long goes to a thread: waiting for another process's transaction (BEGIN IMMEDIATE) and the disk (COMMIT).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from sqlite3 import (
    DatabaseError,
    Error,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    sqlite_version,
    sqlite_version_info,
)
from types import SimpleNamespace
from typing import Any, Self, TypeVar

from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi

__all__ = ["DBAPI"]

_T = TypeVar("_T")


class Cursor:
    """A `sqlite3.Cursor` whose calls are awaited."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._cursor.close()

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        if sql == "BEGIN IMMEDIATE":
            await _in_thread(lambda: self._cursor.execute(sql))
        else:
            self._cursor.execute(sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Self:
        self._cursor.executemany(sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def close(self) -> None:
        self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid


class Connection:
    """A `sqlite3.Connection` whose calls are awaited. Awaiting it opens it."""

    def __init__(self, *place: Any, **options: Any) -> None:
        # `_thread` and `_connection` are what SQLAlchemy's adapter looks for in aiosqlite's
        self._thread = SimpleNamespace(daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._place = place
        self._options = {**options, "check_same_thread": False}

    def __await__(self) -> Any:
        return self._opened().__await__()

    async def _opened(self) -> Self:
        self._connection = sqlite3.connect(*self._place, **self._options)
        return self

    @property
    def _raw(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def cursor(self) -> Cursor:
        return Cursor(self._raw)

    async def commit(self) -> None:
        if self._raw.in_transaction:
            await _in_thread(self._raw.commit)

    async def rollback(self) -> None:
        self._raw.rollback()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        self._raw.create_function(*arguments, **options)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def _in_thread(step: Callable[[], _T]) -> _T:
    """Also where the asker is cancelled, nobody else may use the connection before the step has ended."""
    running = asyncio.get_running_loop().run_in_executor(None, step)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


_MODULE: Any = SimpleNamespace(
    Connection=Connection,
    DatabaseError=DatabaseError,
    Error=Error,
    IntegrityError=IntegrityError,
    NotSupportedError=NotSupportedError,
    OperationalError=OperationalError,
    ProgrammingError=ProgrammingError,
    __version__="0.22.1",  # whose interface this is
    connect=Connection,
    sqlite_version=sqlite_version,
    sqlite_version_info=sqlite_version_info,
)

DBAPI = AsyncAdapt_aiosqlite_dbapi(_MODULE, sqlite3)
"""For `create_async_engine(…, module=DBAPI)`."""
