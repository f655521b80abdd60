"""Each test of a book runs on SQLite and, where there is one, on a Postgres of its own."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

_PROGRAMS = (Path("/usr/lib/postgresql"), Path("/usr/local/lib/postgresql"))


def _program(name: str) -> str | None:
    """Debian keeps the server's programs out of the way."""
    found = [str(path) for place in _PROGRAMS for path in sorted(place.glob(f"*/bin/{name}"))]
    return found[-1] if found else shutil.which(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DSN of a Postgres server for this session alone."""
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        pytest.skip("no Postgres on this machine (Debian: apt install postgresql); SQLite was tried")
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # it refuses to run as root
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user["user"])
        data = f"{folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
        subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "kithline", "-E", "UTF8"], check=True, **quiet)  # type: ignore[call-overload]
        options = ["-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", folder, "-c", "fsync=off"]
        process: subprocess.Popen[bytes] = subprocess.Popen([server, *options], **quiet)  # type: ignore[call-overload]
        try:
            address = f"postgresql://kithline@127.0.0.1:{port}/postgres"
            _wait(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGINT)  # at once; after SIGTERM it waits for whoever is still connected
            process.wait(30)


@pytest.fixture(params=["sqlite", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str:
    """Of a store that is empty."""
    if request.param == "sqlite":
        return "sqlite://"
    address: str = request.getfixturevalue("postgres")
    name = f"t{time.monotonic_ns()}"
    _ask(address, f"CREATE DATABASE {name}")
    return f"{address.rpartition('/')[0]}/{name}"


def _ask(address: str, statement: str) -> None:
    async def ask() -> None:
        connection = await asyncpg.connect(address)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(ask())


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    """It listens before it takes anybody."""
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None, "Postgres has ended"
        try:
            _ask(address, "SELECT 1")
            return
        except (OSError, asyncpg.CannotConnectNowError):
            assert time.monotonic() < until, "Postgres does not answer"
            time.sleep(0.05)
