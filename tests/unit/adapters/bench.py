"""A line in memory, a unit book on SQLite, a unit's system behind a real socket: webhooks as they run, but for Kafka.

Simulated time moves by ticks, for the line and the book alike; real time (back-off, timestamps) is a number that a test
moves. `settle` goes on until nothing is under way: what a round sends is on the socket, what a unit answers comes in at
the door, and goes through the line.
"""

import asyncio
import base64
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.unit_tasks import UnitTask
from services.adapters.connections import Key, Webhook
from services.adapters.tables import METADATA
from services.adapters.webhook.door import Door
from services.adapters.webhook.schedule import Schedule
from services.adapters.webhook.sending import Endpoint, Sending
from services.adapters.webhook.signing import Signer, sign, verified
from services.book.book import Book
from services.book.taking import Beside
from services.line import Line
from services.runtime.fold import TICKS, UNIT_TICKS, Output, Record
from services.runtime.http import HttpService
from services.runtime.letters import Sealer
from services.runtime.settings import Settings
from tests.scenarios.memory import processors

__all__ = ["HOTLINE", "SIGNERS", "UnitSystem", "World", "free_port", "world"]

HOTLINE = "hotline-182183"
SIGNERS = (Signer("k2", bytes(range(1, 33))), Signer("k1", bytes(range(32))))
_NAMESPACE = bytes(range(32))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class UnitSystem:
    """A unit's own system: takes tasks as `behave` says, keeps the highest revision of each."""

    def __init__(self, now_seconds: Callable[[], int]) -> None:
        self.port = free_port()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, list[int]] = {}
        self.requests: list[str] = []
        """The id of every request that came, those included that were not taken."""
        self.at_once = self.most_at_once = 0
        self.behave: Callable[[dict[str, Any]], Response | float | None] = lambda task: None
        """For a task: None takes it, a Response is answered instead, a number of seconds is waited first."""
        self._now_seconds = now_seconds
        self._http: HttpService | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tasks"

    async def start(self) -> None:
        self._http = HttpService(
            "unit", Starlette(routes=[Route("/tasks", self._take, methods=["POST"])]), "127.0.0.1", self.port
        )
        await self._http.on_start()

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.on_stop()
            self._http = None

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        assert verified(SIGNERS[1:], request.headers, body, self._now_seconds()) == "k1"
        task = orjson.loads(body)
        UnitTask.model_validate(task)
        name = request.headers["idempotency-key"]
        assert name == request.headers["webhook-id"] == f"{task['task_id']}:{task['revision']}"
        self.requests.append(name)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.behave(task)
            if isinstance(answer, float):
                await asyncio.sleep(answer)
            elif answer is not None:
                return answer
        finally:
            self.at_once -= 1
        known = self.tasks.get(task["task_id"])
        if known is None or known["revision"] < task["revision"]:
            self.tasks[task["task_id"]] = task
            self.revisions.setdefault(task["task_id"], []).append(task["revision"])
        return Response(status_code=204)

    def open(self) -> list[dict[str, Any]]:
        return [task for task in self.tasks.values() if task["allowed"]]


class World:
    """The line, the book of one unit, its system, and the adapters between them."""

    def __init__(self, folder: Path, as_of: str, **connection: Any) -> None:
        self.folder = folder
        self.line = Line(processors(), as_of)
        self.as_of = as_of
        self.real_ms = 1_780_000_000_000
        self.unit = UnitSystem(lambda: self.real_ms // 1000)
        self.tasks: dict[str, dict[str, Any]] = {}
        self.dead: Counter[str] = Counter()
        self._connection = {"timeout_seconds": 20, **connection}
        self._sealer = Sealer(base64.b64encode(bytes(range(32))).decode())
        self._sent = 0

    async def start(self) -> None:
        """Opens the book's file and starts the adapters: also after a `stop`, as a restart does."""
        hook = Webhook(url=self.unit.url, keys=[Key(id="k1", env="UNUSED")], **self._connection)
        self.endpoint = Endpoint(HOTLINE, hook, SIGNERS)
        self.book = Book(
            "adapters-test", f"sqlite:///{self.folder / 'book.sqlite3'}", _NAMESPACE, Settings(),
            lambda unit: unit == HOTLINE, Beside(METADATA, (), _nothing),
        )  # fmt: skip
        await self.book.store.open()
        self.schedule = Schedule(self.book, lambda: self.real_ms)
        self.sending = Sending(self.book, {HOTLINE: self.endpoint}, self.schedule, lambda: self.real_ms, 3600)
        door = Door(self.book, {HOTLINE: self.endpoint}, lambda: self.real_ms // 1000)
        transport = httpx.ASGITransport(Starlette(routes=list(door.routes())))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://adapters")

    async def stop(self) -> None:
        """What a kill leaves: the book's file."""
        await self.sending.on_stop()
        await self.client.aclose()
        await self.book.store.close()

    async def round(self) -> None:
        """One round of the adapter, to its end."""
        await self.sending.round()
        await self.sending.settle()

    def moved(self) -> object:
        """What differs as long as a round has something to do."""
        return len(self.unit.requests)

    async def feed(self, *records: Record) -> None:
        """Records through the line and what comes of them into the book."""
        told: list[Record] = []
        for record in records:
            for name, turn in self.line.take(record):
                self.dead.update(dead.reason for dead in turn.dead)
                letters = [self._sealer.letter(name, dead) for dead in turn.dead]
                told += [Record("dead.letters", b"", letter.model_dump_json().encode()) for letter in letters]
                told += [_record(output) for output in turn.outputs if output.topic.startswith(_TOLD)]
        for record in told:
            if record.topic.startswith("referral.tasks."):
                task = orjson.loads(record.value)
                self.tasks[task["task_id"]] = task
        async with self.book.store.write() as transaction:
            await self.book.taking.take(transaction, told)

    async def tick(self, as_of: str) -> None:
        """Simulated time moves on, for the line and for the units."""
        self.as_of = as_of
        value = orjson.dumps({"as_of": as_of})
        async with self.book.store.write() as transaction:
            await self.book.taking.take(transaction, [Record(UNIT_TICKS, b"0", value)])
        await self.feed(Record(TICKS, b"0", value))

    async def settle(self, real_seconds: float = 0) -> None:
        """Rounds until nothing is sent and no answer waits. `real_seconds`: that have passed before."""
        self.real_ms += int(real_seconds * 1000)
        while True:
            before = (self.moved(), self._sent)
            await self.round()
            await self._post()
            if before == (self.moved(), self._sent):
                return

    async def _post(self) -> None:
        """What the outbox would send, through the line."""
        source = self.book.outbox._source
        letters = await source.unsent(self._sent, 500)
        for letter in letters:
            await self.feed(Record("referral.updates", letter.key, letter.value))
            self._sent = letter.number + 1
        await source.sent(self._sent)

    async def answer(self, said: Mapping[str, Any], **changes: Any) -> httpx.Response:
        """What the unit's system posts, signed; `changes`: of headers, or `body`."""
        content = orjson.dumps(said)
        headers = sign(SIGNERS[1:], str(said.get("id", "none")), self.real_ms // 1000, content)
        headers.update({name.replace("_", "-"): value for name, value in changes.items() if name != "body"})
        return await self.client.post(
            f"/v1/units/{HOTLINE}/answers", content=changes.get("body", content), headers=headers
        )

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=sign(SIGNERS[:1], path, self.real_ms // 1000, b""))


_TOLD = ("referral.tasks.", "units.status")


async def _nothing(*_: object) -> None:
    pass


def _record(output: Output) -> Record:
    return Record(output.topic, output.key, output.value, output.headers)


@asynccontextmanager
async def world(folder: Path, as_of: str, **connection: Any) -> AsyncIterator[World]:
    """A world that runs, with the unit's system up."""
    one = World(folder, as_of, **connection)
    await one.start()
    await one.unit.start()
    try:
        yield one
    finally:
        await one.unit.stop()
        await one.stop()
