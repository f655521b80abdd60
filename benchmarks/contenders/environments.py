"""Virtual environments for peers that cannot live in ours: made once in the user's cache, each from a locked list."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

from services.runtime.errors import Problem
from services.runtime.kafka_dev.locks import locked

__all__ = ["environment", "pinned"]

_SECONDS = 600


def environment(name: str, requirements: Path) -> Path:
    """The Python of the environment that has just what `requirements` (with hashes) lists. Made where there is none.

    Raises Problem: no network, no space, no wheel for this platform.
    """
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = user_cache_path("kithline") / "benchmarks"
    ready = folder / f"{name}-{wanted}"
    python = ready / "bin" / "python"
    if python.exists():
        return python
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f"{name}.lock"):  # a second process waits here, then finds it there
            if not python.exists():
                _make(ready, requirements)
    except OSError as fault:
        raise Problem(
            f"cannot make the environment {ready} ({fault.strerror}); free space or mend the folder"
        ) from fault
    return python


def _make(ready: Path, requirements: Path) -> None:
    """Made under its own name, for a virtual environment cannot be moved; removed where it did not come to an end."""
    print(f"fetching {requirements.parent.name}'s packages into an environment of its own (once)", file=sys.stderr)
    install = [
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--require-hashes",
        "--only-binary=:all:",
    ]
    steps = (
        [sys.executable, "-m", "venv", str(ready)],
        [str(ready / "bin" / "python"), *install, "-r", str(requirements)],
    )
    try:
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, timeout=_SECONDS, check=False)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise Problem(f"the packages of {requirements.parent.name} could not be installed ({last[:200]})")
    except subprocess.TimeoutExpired:
        shutil.rmtree(ready, ignore_errors=True)
        raise Problem(f"the packages of {requirements.parent.name} did not come within {_SECONDS} s") from None
    except BaseException:
        shutil.rmtree(ready, ignore_errors=True)
        raise


def pinned(requirements: Path, package: str) -> str:
    """The version of a package that the list pins."""
    for line in requirements.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if name == package:
            return version.split()[0]
    raise LookupError(f"{requirements} pins no {package}")
