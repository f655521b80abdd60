"""Locks between processes of one user, held as long as a file is open."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["locked", "try_lock"]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Waits for the lock and holds it for the block."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def try_lock(file: Path) -> TextIO | None:
    """The open file that holds the lock until it is closed or the process ends; None: someone else has it."""
    handle = file.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle
