"""The FHIR server of two units on a unit book of its own, asked over ASGI; behind it a referral desk that applies
`contracts.lifecycle` and publishes the next revision, as the real one does, without Kafka."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette

from contracts.lifecycle import Refusal, check
from contracts.tasks import Task, TaskUpdate
from services.adapters.fhir.access import Access
from services.adapters.fhir.codes import extension_url, system
from services.adapters.fhir.http import MEDIA_TYPE
from services.adapters.fhir.people import People
from services.adapters.fhir.routes import Server
from services.adapters.fhir.tasks import Tasks
from services.adapters.tables import METADATA
from services.book.book import Book
from services.book.taking import Beside
from services.runtime.fold import Record
from services.runtime.settings import Settings
from services.runtime.vault_client import VaultClient
from tests.unit.adapters.fhir.made import UNIT
from tests.unit.book.made import KEY, task_record, tick

__all__ = ["OTHER", "World", "concept", "extension", "output", "world"]

OTHER = UNIT.model_copy(update={"id": "unit-b"})
_TOKENS = {UNIT.id: "a" * 64, OTHER.id: "b" * 64}


class World:
    """`desk`: whether a referral desk is there to take answers; `wait`: seconds for which a PUT waits for it."""

    def __init__(self, dsn: str, vault: VaultClient | None, desk: bool, wait: float) -> None:
        self.book = Book(
            "fhir-test", dsn, KEY, Settings(), lambda unit: unit in _TOKENS, Beside(METADATA, (), _nothing)
        )
        tokens = {unit.id: (unit, [_TOKENS[unit.id].encode()]) for unit in (UNIT, OTHER)}
        hosts = {UNIT.id: ["unit-a.example", "127.0.0.1"], OTHER.id: ["unit-b.example"]}
        people, tasks = People(self.book, vault), Tasks(self.book, wait)
        self.routes = Server(self.book, Access(tokens), people, tasks, hosts).routes()
        transport = httpx.ASGITransport(Starlette(routes=self.routes))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://adapters")
        self.letters: list[TaskUpdate] = []
        self.refuses: str | None = None
        """Why the desk refuses whatever comes, if it does."""
        if desk:
            self.book.outbox.wake = lambda: self.works.add(asyncio.create_task(self._post()))  # type: ignore[method-assign]
        self.works: set[asyncio.Task[None]] = set()
        self._sent = 0
        self._posting = asyncio.Lock()

    async def give(self, *tasks: Task, at: str | None = None) -> str:
        """Tasks into the book; returns the first one's ref."""
        await self.take(*([tick(at)] if at else []), *map(task_record, tasks))
        one = next(held for held in await self.all_held(tasks[0].unit) if held.task.task_id == tasks[0].task_id)
        return one.ref

    async def all_held(self, unit: str = UNIT.id) -> list[Any]:
        return await self.book.all_held(unit, ended=True)

    async def take(self, *records: Record) -> None:
        async with self.book.store.write() as transaction:
            await self.book.taking.take(transaction, records)

    async def ask(
        self, method: str, path: str, unit: str | None = UNIT.id, body: Any = None, **headers: str
    ) -> httpx.Response:
        """A request of a unit (None: without a token). `headers` with `_` for `-`."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if unit is not None:
            said = {"authorization": f"Bearer {_TOKENS[unit]}", **said}
        content = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
        if content is not None:
            said = {"content-type": MEDIA_TYPE, **said}
        return await self.client.request(method, f"/fhir{path}", content=content, headers=said)

    async def read(self, name: str) -> dict[str, Any]:
        """The unit's Task."""
        answer = await self.ask("GET", f"/Task/{name}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def change(self, name: str, version: str | None = None, **changes: Any) -> httpx.Response:
        """The unit's Task, changed and put back."""
        now = await self.read(name)
        seen = version or now["meta"]["versionId"]
        return await self.ask("PUT", f"/Task/{name}", body={**now, **changes}, if_match=f'W/"{seen}"')

    async def settle(self) -> None:
        """The desk has decided about every answer."""
        await asyncio.gather(*self.works)

    async def _post(self) -> None:
        async with self._posting:
            source = self.book.outbox._source
            letters = await source.unsent(self._sent, 500)
            for letter in letters:
                self._sent = letter.number + 1
                await self._decide(TaskUpdate.model_validate_json(letter.value))
            await source.sent(self._sent)

    async def _decide(self, update: TaskUpdate) -> None:
        self.letters.append(update)
        found = [one.task for unit in _TOKENS for one in await self.all_held(unit)]
        task = next(one for one in found if one.task_id == update.task_id)
        move = check(task, update)
        if self.refuses or isinstance(move, Refusal):
            from sqlalchemy import update as change

            from services.book.tables import answers

            why = {"reason": "illegal_transition", "detail": self.refuses or move.detail}  # type: ignore[union-attr]
            async with self.book.store.write() as transaction:
                mine = answers.c.update_id == update.update_id
                await transaction.execute(change(answers).where(mine).values(state="refused", **why))
            return
        tried = update.action in ("attempt", "no_show")
        said = update.model_dump(include={"outcome", "findings", "filler_id", "visit_at"}, exclude_none=True)
        news = {
            "status": move.status,
            "business_status": move.business_status,
            "revision": task.revision + 1,
            "since": task.revision + 1,
            "update_id": update.update_id,
            "status_reason": update.reason,
            "parked_until": update.until,
            "attempts_to_reach": task.attempts_to_reach + tried,
        }
        await self.take(task_record(task.model_copy(update={**said, **news})))


@asynccontextmanager
async def world(vault: VaultClient | None = None, desk: bool = True, wait: float = 5) -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:  # a file: in memory, a reader would keep the desk waiting
        one = World(f"sqlite:///{folder}/book.sqlite3", vault, desk, wait)
        await one.book.store.open()
        try:
            yield one
        finally:
            await one.settle()
            await one.client.aclose()
            await one.book.store.close()


def concept(name: str, code: str) -> dict[str, Any]:
    """A CodeableConcept as a unit's system would write it: the code alone."""
    return {"coding": [{"system": system(name), "code": code}]}


def output(kind: str, name: str, code: str) -> Mapping[str, Any]:
    return {"type": concept("task-parameter", kind), "valueCodeableConcept": concept(name, code)}


def extension(name: str, **value: Any) -> Mapping[str, Any]:
    return {"url": extension_url(name), **value}


async def _nothing(*_: object) -> None:
    """The server's own table has nothing to take from Kafka."""
