"""Kafka's classes as Java loads them fastest (class data sharing): start 2 s instead of 5 s on two idle cores.

The first broker of a Java writes down which classes it loads; while it serves, a second process of low priority makes
the archive of them, so that neither start nor stop waits for it. A stop before it is done leaves it to the next time.
"""

import hashlib
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from services.runtime.kafka_dev.java import Java

__all__ = ["ClassArchive"]


class ClassArchive:
    """The archive of one Java and one class path, there or in the making."""

    def __init__(self, java: Java, jars: list[Path], folder: Path) -> None:
        self._java = java
        self._jars = jars
        name = hashlib.sha256("\n".join([str(java.program), java.words, *map(str, jars)]).encode()).hexdigest()[:12]
        self._file = folder / f"classes-{name}.jsa"
        self._aside = folder / f"classes-{name}.{os.getpid()}-{time.monotonic_ns()}"
        self._list: Path | None = None
        self._maker: subprocess.Popen[bytes] | None = None

    def options(self) -> list[str]:
        """For a start from the archive. Java ignores one that does not fit, and says nothing."""
        if not self._file.exists():
            return []
        return [f"-XX:SharedArchiveFile={self._file}", "-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr"]

    def recording(self, folder: Path) -> list[str]:
        """For the broker that shows which classes are needed; none where there is an archive."""
        if self._file.exists():
            return []
        self._list = folder / "classes.list"
        return [f"-XX:DumpLoadedClassList={self._list}"]

    def begin(self) -> None:
        """Starts making the archive, once the recorded broker serves."""
        if self._list is None or not self._list.exists():
            return
        with suppress(OSError):  # a machine without `nice`, a cache that cannot be written: slower starts, that is all
            self._file.parent.mkdir(parents=True, exist_ok=True)
            options = ["-Xshare:dump", f"-XX:SharedClassListFile={self._list}", f"-XX:SharedArchiveFile={self._aside}"]
            self._maker = subprocess.Popen(
                ["nice", "-n", "19", *self._java.command(self._jars, *options)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def finish(self) -> None:
        """Puts the archive in its place if it is done; ends its making if not."""
        if self._maker is None:
            return
        if self._maker.poll() is None:
            self._maker.kill()
        with suppress(OSError):
            if self._maker.wait() == 0:
                self._aside.replace(self._file)
            else:
                self._aside.unlink(missing_ok=True)
        self._maker = None

    @property
    def making(self) -> tuple[list[int], list[Path]]:
        """Processes and files that must not outlive us."""
        return ([self._maker.pid], [self._aside]) if self._maker is not None else ([], [])
