"""Work that is done a few at a time, the shortest first: so that results come one by one, not all at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

__all__ = ["ShortestFirst"]

_STILL_SECONDS = 1.0


class ShortestFirst:
    """Lets `places` pieces of work go on at a time. Of one event loop."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @asynccontextmanager
    async def place(self, length: int, still: Callable[[], None]) -> AsyncIterator[Callable[[], None]]:
        """Waits for a place (`still` is called each second meanwhile), holds it inside, and gives a function that lets
        go of it early, and may be called again and again: who waits for somebody else should not hold up the others."""
        await self._enter(length, still)
        held = True

        def let_go() -> None:
            nonlocal held
            if held:
                held = False
                self._next()

        try:
            yield let_go
        finally:
            let_go()

    async def _enter(self, length: int, still: Callable[[], None]) -> None:
        if self._free:
            self._free -= 1
            return
        call: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (length, next(self._numbers), call))
        try:
            while not call.done():
                await asyncio.wait([call], timeout=_STILL_SECONDS)
                still()
        except BaseException:
            if not call.cancel():
                self._next()  # called and cancelled at once
            raise

    def _next(self) -> None:
        while self._waiting:
            call = heappop(self._waiting)[2]
            if not call.done():
                call.set_result(None)
                return
        self._free += 1
