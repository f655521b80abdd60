"""What a way of reaching units is to the app: a name, routes to mount, services to run. `app` puts them together.

Each channel is a module (or package) with a maker, `(Ground) -> Channel`. It gets what its units hold from
the book, tells the book what a unit has received and answered, and never decides about a task.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mode import Service
from mode.types import ServiceT
from starlette.routing import BaseRoute

from services.adapters.connections import Connection
from services.adapters.settings import AdapterSettings
from services.book.book import Book
from services.directory import Directory, Unit
from services.runtime.ending import end_at_once
from services.runtime.settings import Settings

__all__ = ["Channel", "Ground", "Rounds"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a channel stands on. `units`: those that take their tasks by it and are not simulated; `connections`: how
    each of them is reached (every one of `units` has one, checked at start)."""

    book: Book
    units: Sequence[Unit]
    connections: Mapping[str, Connection]
    directory: Directory
    settings: Settings
    adapters: AdapterSettings


@dataclass(frozen=True, slots=True)
class Channel:
    """What the app runs for a channel. `routes` are served on the adapters' own port; `services` start after the book
    is open, and stop before it closes."""

    routes: Sequence[BaseRoute] = ()
    services: Sequence[ServiceT] = ()


class Rounds(Service):  # type: ignore[misc]
    """A service that makes its round again and again. What a round raises ends the process, which is started again."""

    def __init__(self, name: str, pause: float) -> None:
        """`pause`: seconds from the end of a round to the next."""
        super().__init__()
        self.name = name
        self._pause = pause
        self._runner: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return self.name

    async def round(self) -> None:
        """One round."""
        raise NotImplementedError

    def wake(self) -> None:
        """There is something to do: makes the next round now."""
        self._wanted.set()

    async def on_start(self) -> None:
        """Begins its rounds."""
        self._runner = asyncio.create_task(self._run())

    async def on_stop(self) -> None:
        """Breaks off: whatever a round does must bear that."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait([self._runner])

    async def _run(self) -> None:
        while True:
            try:
                self._wanted.clear()
                await self.round()
            except asyncio.CancelledError:
                raise
            except Exception as fault:
                end_at_once(fault, rounds=self.name)
            try:
                await asyncio.wait_for(self._wanted.wait(), self._pause)
            except TimeoutError:
                continue
