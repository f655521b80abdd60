"""Processes of a path: started together, stopped together, their last words told when one ends by itself."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.processes import ROOT, environment, stop
from services.runtime.errors import Problem
from services.runtime.settings import Settings

__all__ = ["Processes", "running"]

_STOP_SECONDS = 30


class Processes:
    """What runs; by the arguments of each `python -m`."""

    def __init__(self) -> None:
        self.started: list[tuple[psutil.Popen, Path, Sequence[str]]] = []

    def check(self) -> None:
        """Raises Problem if one has ended."""
        for process, log, arguments in self.started:
            if process.poll() is not None:
                words = log.read_text(errors="replace").strip()[-2_000:]
                raise Problem(f"{' '.join(arguments)} ended with status {process.returncode}; it said:\n{words}")

    def cpu_seconds(self) -> float:
        """Spent so far by all of them."""
        spent = [process.cpu_times() for process, _, _ in self.started]
        return sum(times.user + times.system for times in spent)


@contextmanager
def running(settings: Settings, web_port: int, commands: Sequence[Sequence[str]]) -> Iterator[Processes]:
    """Starts `python -m COMMAND` for each command, on this cluster, with web pages from `web_port` on."""
    around = environment(settings, web_port)
    processes = Processes()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, arguments in enumerate(commands):
                log = Path(folder, f"{number}.log")
                with log.open("wb") as out:
                    process = psutil.Popen(
                        [sys.executable, "-m", *arguments], env=around, cwd=ROOT, stdout=out, stderr=out
                    )
                processes.started.append((process, log, arguments))
            yield processes
        finally:
            stop([process for process, _, _ in processes.started], _STOP_SECONDS)
