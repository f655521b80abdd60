"""A store as a service of an app."""

from collections.abc import Awaitable, Callable

from mode import Service

from services.runtime.ending import end_at_once

__all__ = ["Opened"]


class Opened(Service):  # type: ignore[misc]
    """A store: there before anybody writes to it, and let go of after everybody has stopped. First of its app's
    services, because they start in their order and stop in the reverse one."""

    def __init__(self, opens: Callable[[], Awaitable[None]], *closes: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._opens = opens
        self._closes = closes

    async def on_start(self) -> None:
        """Makes the tables that are missing. A store that cannot be used ends the process with one clear line."""
        try:
            await self._opens()
        except Exception as fault:
            end_at_once(fault)

    async def on_stop(self) -> None:
        """Lets go of the connections."""
        for close in self._closes:
            await close()
