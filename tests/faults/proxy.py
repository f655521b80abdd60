"""A proxy between workers and one broker that does what bad networks do, to the requests of one's choice.

It knows of Kafka's protocol that a request begins with its size, its kind, its version and a number, and that answers
come in the order of their requests. Both are whole when they are passed on, or are not passed on at all.
"""

import asyncio
import struct
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Fate", "Proxy", "proxy"]

_KINDS: Mapping[str, int] = {
    "Produce": 0,
    "Fetch": 1,
    "Metadata": 3,
    "OffsetCommit": 8,
    "OffsetFetch": 9,
    "FindCoordinator": 10,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "InitProducerId": 22,
    "AddPartitionsToTxn": 24,
    "AddOffsetsToTxn": 25,
    "EndTxn": 26,
    "TxnOffsetCommit": 28,
}
_NAMES = {number: name for name, number in _KINDS.items()}


class Fate(Enum):
    """What becomes of a request."""

    REQUEST_LOST = "the request is lost, and the connection reset"
    ANSWER_LOST = "the broker does what was asked; the answer is lost, and the connection reset"
    NO_ANSWER = "the broker does what was asked; no answer ever comes, and the connection stays"


@dataclass
class _Order:
    """The next `times` requests of a kind, each after `skip` others, meet a fate."""

    fate: Fate
    times: int
    skip: int
    passed: int = 0


@dataclass(eq=False)
class _Link:
    """One connection of a client and its other end."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    waiting: deque[Fate | None] = field(default_factory=deque)

    def reset(self) -> None:
        """Without a goodbye."""
        for writer in (self.client, self.broker):
            writer.transport.abort()


class Proxy:
    """Passes requests on to `behind`. `met` counts what was done, by kind of request."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._links: set[_Link] = set()
        self._orders: dict[str, _Order] = {}
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.met: Counter[str] = Counter()

    def order(self, kind: str, fate: Fate, times: int = 1, skip: int = 0) -> None:
        """From now on."""
        self._orders[kind] = _Order(fate, times, skip)

    def reset(self) -> int:
        """Breaks all connections; says how many there were."""
        for link in self._links:
            link.reset()
        return len(self._links)

    def stall(self) -> None:
        """From now on no byte passes, and no connection breaks."""
        self._flowing.clear()

    def flow(self) -> None:
        """The end of a stall: what was under way arrives."""
        self._flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        try:
            answers, broker = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, broker)
        self._links.add(link)
        ways = [
            asyncio.ensure_future(self._requests(reader, link)),
            asyncio.ensure_future(self._answers(answers, link)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        link.reset()
        self._links.discard(link)

    async def close(self) -> None:
        """Breaks what is still connected, and lets each connection come to its end."""
        self.flow()
        while self._links:
            for link in self._links:
                link.reset()
            await asyncio.sleep(0.01)

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while True:
            frame = await _frame(reader)
            await self._flowing.wait()
            (number,) = struct.unpack_from(">h", frame, 4)
            fate = self._fate(_NAMES.get(number, str(number)))
            if fate is Fate.REQUEST_LOST:
                return
            link.waiting.append(fate)
            link.broker.write(frame)
            await link.broker.drain()

    def _fate(self, kind: str) -> Fate | None:
        order = self._orders.get(kind)
        if order is None or not order.times:
            return None
        order.passed += 1
        if order.passed <= order.skip:
            return None
        order.passed = 0
        order.times -= 1
        self.met[kind] += 1
        return order.fate

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while True:
            frame = await _frame(reader)
            await self._flowing.wait()
            fate = link.waiting.popleft()
            if fate is Fate.ANSWER_LOST:
                return
            if fate is Fate.NO_ANSWER:
                await asyncio.Event().wait()  # nor does any other come on this connection
            link.client.write(frame)
            await link.client.drain()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size))


@asynccontextmanager
async def proxy(front: int, behind: int) -> AsyncIterator[Proxy]:
    """A proxy for a block."""
    made = Proxy(behind)
    server = await asyncio.start_server(made.serve, "127.0.0.1", front)
    try:
        yield made
    finally:
        server.close()
        await made.close()
