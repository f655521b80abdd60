"""The services as separate processes, as they run in production: started, watched, and stopped whatever happens."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import aiohttp

from services.runtime.errors import Problem
from services.runtime.settings import WEB_ORDER

__all__ = ["Processes", "free_ports"]

_START_SECONDS = 90
_STOP_SECONDS = 20


class Processes:
    """One process per service, every one of WEB_ORDER. Use as an async context manager: leaving it stops what it
    started, by pid."""

    def __init__(
        self,
        environment: Mapping[str, str],
        web_port: int,
        logs: Path,
        own: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        """`environment`: of all; `own`: of one service alone, by its name."""
        self._environment = {**os.environ, **environment, "KITHLINE_WEB_PORT": str(web_port)}
        self._own = own
        self._web_port = web_port
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    async def __aenter__(self) -> "Processes":
        self._logs.mkdir(parents=True, exist_ok=True)
        for name in WEB_ORDER:
            with (self._logs / f"{name}.log").open("wb") as log:
                self._running[name] = subprocess.Popen(  # noqa: ASYNC220 - it is only started here
                    [sys.executable, "-m", f"services.{name}"],
                    env={**self._environment, **self._own.get(name, {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C goes to the demo, which stops its services in order; not to them at the same time.
                    start_new_session=True,
                )
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._running.values():
            try:
                await asyncio.to_thread(process.wait, max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def check(self) -> None:
        """Raises Problem if a service has ended by itself."""
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
                last = lines[-1] if lines else "(it wrote nothing)"
                raise Problem(f"service {name} ended with status {status}: {last} (log: {self._logs / f'{name}.log'})")

    async def ready(self) -> None:
        """Waits until every service answers that it is ready. Raises Problem naming the one that is not."""
        deadline = time.monotonic() + _START_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            for name in WEB_ORDER:
                while not await self._answers(session, self.url(name) + "/health/ready"):
                    self.check()
                    if time.monotonic() > deadline:
                        raise Problem(f"service {name} was not ready in {_START_SECONDS} s (logs: {self._logs})")
                    await asyncio.sleep(0.1)

    def url(self, name: str) -> str:
        """Where a service's health and metrics pages are."""
        return f"http://127.0.0.1:{self._web_port + WEB_ORDER.index(name)}"

    @staticmethod
    async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
        try:
            async with session.get(url) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def free_ports(count: int, first: int = 6066) -> int:
    """The first of `count` ports in a row that nobody listens on. Raises Problem if there is none."""
    for start in range(first, first + 2000, count):
        if all(_is_free(start + offset) for offset in range(count)):
            return start
    raise Problem(f"no {count} free ports in a row from {first} on; end what listens there")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
