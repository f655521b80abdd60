"""Processes of a path: started together, stopped together, their last words told when one ends by itself."""

import os
import signal
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from nacl.public import PrivateKey

from services.runtime.errors import Problem
from services.runtime.settings import Settings

__all__ = ["Processes", "running"]

_ROOT = Path(__file__).parents[2]
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
    environment: Mapping[str, str] = {
        **os.environ,
        "KITHLINE_KAFKA": settings.kafka,
        "KITHLINE_WEB_PORT": str(web_port),
        "KITHLINE_LOG_FORMAT": "json",
        "KITHLINE_VAULT_PUBLIC_KEY": b64encode(bytes(PrivateKey.generate().public_key)).decode(),
    }
    processes = Processes()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, arguments in enumerate(commands):
                log = Path(folder, f"{number}.log")
                with log.open("wb") as out:
                    process = psutil.Popen(
                        [sys.executable, "-m", *arguments], env=environment, cwd=_ROOT, stdout=out, stderr=out
                    )
                processes.started.append((process, log, arguments))
            yield processes
        finally:
            for process, _, _ in processes.started:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            for process, _, _ in processes.started:
                try:
                    process.wait(_STOP_SECONDS)
                except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
                    process.kill()
                    process.wait()
