"""The workers: each is one process that runs the whole line, under a name of its own."""

import base64
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import aiohttp
from nacl.public import PrivateKey

from services.chaos.whole_line import in_a_worker, whole_line
from services.demo.processes import free_ports
from services.line import SERVICES
from services.runtime.ending import BROKEN

__all__ = ["Fleet", "Worker"]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "services.chaos.whole_line"])
"""Workers are forked from a process that has imported everything. Python and its imports take over a second of CPU time
for each start; where the machine is busy too, a worker that is killed every few seconds would never get to work."""

_STOP_SECONDS = 45
_FENCED = ("ProducerFenced", "InvalidProducerEpoch")
"""aiokafka's names for what a producer hears whose transactional id another one has taken over."""


class Worker:
    """One name, under which one process at a time runs."""

    def __init__(
        self, name: str, port: int, log: Path, environment: Mapping[str, str], main: Callable[[], None]
    ) -> None:
        self.name = name
        self.log = log
        self._main = main
        self._port = port
        self._environment = {**environment, "KITHLINE_MEMBER": name, "KITHLINE_WEB_PORT": str(port)}
        self._process: ForkServerProcess | None = None
        self._log_from = 0
        self.paused = False

    @property
    def running(self) -> bool:
        """Whether its process is there (a paused one is)."""
        return self._process is not None and self._process.exitcode is None

    @property
    def status(self) -> int | None:
        """The exit status of a process that has ended."""
        return None if self._process is None else self._process.exitcode

    def start(self) -> None:
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        arguments = (self._main, self._environment, str(self.log))
        self._process = _FORKS.Process(target=in_a_worker, args=arguments, name=self.name)
        self._process.start()
        self.paused = False

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.pid is not None and self.running:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and waits until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self.paused = False

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        self.signal(signal.SIGCONT)
        self.paused = False

    def wait(self, seconds: float) -> int | None:
        """The exit status. A process that does not end in time is killed, which its status shows."""
        assert self._process is not None
        self._process.join(seconds)
        if self.running:
            self.kill()
        return self._process.exitcode

    def said(self) -> str:
        """What the latest process has logged."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode(errors="replace")

    async def ready(self, session: aiohttp.ClientSession) -> bool:
        """Whether all its services are ready; but for the clock: only one of them all has the commands."""
        try:
            for offset, name in enumerate(SERVICES):
                if name != "clock":
                    async with session.get(f"http://127.0.0.1:{self._port + offset}/health/ready") as page:
                        if page.status != 200:
                            return False
        except (aiohttp.ClientError, TimeoutError):
            return False
        return True


class Fleet:
    """All workers. Use as a context manager: leaving it ends what it has started, by pid."""

    def __init__(
        self, count: int, settings: Mapping[str, str], folder: Path, main: Callable[[], None] = whole_line
    ) -> None:
        """`settings`: KITHLINE_ variables of all workers. Logs go to `folder`. `main`: what a worker runs."""
        folder.mkdir(parents=True, exist_ok=True)
        vault = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
        environment = {
            **os.environ,
            "KITHLINE_CLOCK": "commanded",
            "KITHLINE_LOG_FORMAT": "json",
            "KITHLINE_VAULT_PUBLIC_KEY": vault,
            "KITHLINE_SIMULATED_UNITS": "all",
            **settings,
        }
        width = len(SERVICES)
        first = free_ports(count * width, 26_066)
        self.workers = [
            Worker(f"worker-{n}", first + (n - 1) * width, folder / f"worker-{n}.log", environment, main)
            for n in range(1, count + 1)
        ]
        self.ended: Counter[int] = Counter()
        """Exit statuses of processes that ended by themselves."""
        self.fenced = 0

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    def at_work(self) -> list[Worker]:
        """Those whose process runs and is not paused."""
        return [worker for worker in self.workers if worker.running and not worker.paused]

    def tend(self, away: set[str]) -> list[tuple[Worker, str]]:
        """Starts again whoever has ended by itself, but for those `away`; says who, and why it had ended."""
        back = []
        for worker in self.workers:
            if worker.name in away or worker.running or worker.status is None:
                continue
            self.note_end(worker)
            back.append((worker, self.why(worker)))
            worker.start()
        return back

    def note_end(self, worker: Worker) -> None:
        """Counts a process that has ended by itself."""
        status = worker.status
        assert status is not None
        self.ended[status] += 1
        if status == BROKEN and any(name in worker.said() for name in _FENCED):
            self.fenced += 1

    @staticmethod
    def why(worker: Worker) -> str:
        """The last thing that a worker's process said of its end, in one line."""
        lines = worker.said().strip().splitlines() or ["it said nothing"]
        telling = [line for line in lines if "stopped at once" in line or line.startswith("kithline:")] or lines
        fault = telling[-1]
        for name in _FENCED:
            if name in fault:
                return f"fenced ({name})"
        return f"status {worker.status}: {fault[-200:]}"

    def stop(self) -> list[str]:
        """Stops all in order, and names those that did not end as they should."""
        for worker in self.workers:
            worker.resume()
            worker.signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        wrong = []
        for worker in self.workers:
            if (status := worker.wait(max(0.1, deadline - time.monotonic()))) != 0:
                wrong.append(f"{worker.name} ended with {status} when it was asked to stop")
        return wrong
