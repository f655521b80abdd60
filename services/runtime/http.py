"""An ASGI app as a service of a Faust app: its own port, in the same loop, stopped in order."""

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn
from mode import Service
from starlette.types import ASGIApp

from services.runtime.ending import end_at_once
from services.runtime.errors import Problem

__all__ = ["HttpService"]

_GRACE_SECONDS = 5
"""How long requests in hand may take once the process is told to stop."""


class HttpService(Service):  # type: ignore[misc]
    """Serves `app` on `bind:port`. `ready` once it listens; a port that is taken ends the process with one line."""

    def __init__(self, name: str, app: ASGIApp, bind: str, port: int) -> None:
        super().__init__()
        self.name = name
        self._server = _Server(
            uvicorn.Config(
                app,
                host=bind,
                port=port,
                log_config=None,
                access_log=False,  # a path may hold a task's id; what matters is audited
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._where = f"{bind}:{port}"
        self._serving: asyncio.Task[None] | None = None

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return f"http {self.name}"

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        return bool(self._server.started)

    async def on_start(self) -> None:
        """Listens. Returns when it does."""
        self._serving = asyncio.create_task(self._serve())
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)

    async def on_stop(self) -> None:
        """Lets requests in hand finish."""
        if self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit:  # uvicorn's way to say that it could not listen
            end_at_once(Problem(f"{self.name} cannot listen on {self._where}: is the port taken? choose another one"))
        except Exception as fault:
            end_at_once(fault, http=self.name)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's."""
        yield
