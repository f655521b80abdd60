"""The desk on the line itself, in memory: what units answer goes to the referral desk, what it publishes comes back."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from nacl.public import PrivateKey
from sqlalchemy import select
from starlette.types import ASGIApp

from services.book.book import Held
from services.book.book import _letter as _answer_letter
from services.book.outbox import Source
from services.book.posting import posting
from services.book.tables import answers, held
from services.correlator.rules import Rule
from services.desk.app import PAGES
from services.desk.desk import Desk
from services.desk.desk import _letter as _decision_letter
from services.desk.settings import DeskSettings
from services.desk.tables import decisions
from services.desk.templates import load_words
from services.desk.web import COOKIE, make_app
from services.directory import Directory
from services.line import Line
from services.policy import load_clocks, load_directory, load_rules
from services.referral.policy import Clocks
from services.referral.waves import DECISIONS
from services.runtime.fold import TICKS, UNIT_TICKS, Record, Turn
from services.runtime.letters import Sealer
from services.runtime.now import now_ms
from services.runtime.settings import Settings
from tests.scenario import expand
from tests.scenarios.memory import POLICY, processors
from tests.unit.test_promises import tick

__all__ = ["ADMITTED", "HOST", "LITTLE_SUPPORT", "PAIR", "PASSWORD", "Browser", "World", "world"]

KEY = bytes(range(32))
BEGIN = "2026-07-01T00:00:00.000Z"
HOST = "http://desk.test"
PASSWORD = "four plain words here"

PAIR: tuple[dict[str, Any], ...] = (
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}},
    {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"},
    {"type": "register.service_enrolled", "subject": "anna", "kind": "home_care"},
)
ADMITTED = {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10T10:00"}
"""The pilot in which hospitals tell of carers who are admitted."""

LITTLE_SUPPORT = {"type": "housing.tenancy_started", "tenancy": "T2", "members": {"carol": 1940, "dan": 1938}}
"""The pilot in which Care Teams visit households with little support."""


@cache
def _policy() -> tuple[Directory, dict[str, Rule], Clocks]:
    return load_directory(POLICY), {rule.id: rule for rule in load_rules(POLICY)}, load_clocks(POLICY)


class World:
    """A desk, and the line behind it. `clock`: the units' clock, as `tick` has set it."""

    def __init__(self, dsn: str, **settings: Any) -> None:
        line = Settings(policy_dir=POLICY, namespace_key=KEY.hex())
        self.desk = Desk(DeskSettings(store=dsn, **settings), line, KEY, *_policy(), load_words())
        self.app: ASGIApp = make_app(self.desk, PAGES)
        self._line = Line(processors(), BEGIN)
        self._sealer = Sealer(base64.b64encode(bytes(PrivateKey(bytes(32)).public_key)).decode())
        store = self.desk.book.store
        self._answers = posting(store, answers, _answer_letter)
        self._decisions = posting(store, decisions, _decision_letter)
        self.told: Callable[[list[Record]], Awaitable[None]] | None = None
        """Who else reads what the line publishes: a vault."""
        self._numbers = count(1)
        self._at: dict[str, int] = {"referral.updates": 0, DECISIONS: 0}

    async def feed(self, *lines: dict[str, Any]) -> None:
        """What feeds say, in the short form of scenarios; each event has an id of its own, whenever it is told."""
        for record in expand([{"id": f"fed-{next(self._numbers)}", **line} for line in lines]):
            await self._into_line(record)

    async def tick(self, as_of: str) -> None:
        """The clock of the line and of the units."""
        await self._into_line(tick(as_of, TICKS))
        await self._into_book([tick(as_of, UNIT_TICKS)])

    async def pump(self) -> None:
        """Sends what waits in the desk's outboxes, and brings back what comes of it."""
        for topic, source in (("referral.updates", self._answers), (DECISIONS, self._decisions)):
            await self._send(topic, source)

    async def held(self, purpose: str) -> list[Held]:
        """The open tasks for a purpose, whoever has them."""
        async with self.desk.book.store.read() as look:
            rows = (await look.execute(select(held).where(held.c.open))).all()
        return [one for row in rows if (one := self.desk.book.as_held(row)).task.purpose == purpose]

    async def give(self, *records: Record) -> None:
        """Records for the desk alone, as if from Kafka."""
        await self._into_book(list(records))

    async def _send(self, topic: str, source: Source) -> None:
        for letter in await source.unsent(self._at[topic], 1000):
            self._at[topic] = letter.number + 1
            await source.sent(letter.number + 1)
            record = Record(topic, letter.key, letter.value, letter.headers)
            if topic == DECISIONS:
                await self._into_book([record])
            await self._into_line(record)

    async def _into_line(self, record: Record) -> None:
        out: list[Record] = []
        for name, turn in self._line.take(record):
            out += self._published(name, turn)
        await self._into_book(out)

    def _published(self, name: str, turn: Turn) -> Iterable[Record]:
        for output in turn.outputs:
            if output.topic == "risk.flags" or output.topic.startswith("referral.tasks."):
                yield Record(output.topic, output.key, output.value, output.headers)
        for dead in turn.dead:
            letter = self._sealer.letter(name, dead)
            yield Record("dead.letters", dead.record.key, letter.model_dump_json().encode())

    async def _into_book(self, records: list[Record]) -> None:
        if records and self.told is not None:
            await self.told(records)
        if records:
            async with self.desk.book.store.write() as transaction:
                await self.desk.book.taking.take(transaction, records)


class Browser(httpx.AsyncClient):
    """A browser without JavaScript at the desk: cookies, redirects, forms as the pages have them."""

    def __init__(self, app: ASGIApp, lang: str = "en") -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        super().__init__(
            transport=transport, base_url=HOST, headers={"accept-language": lang}, follow_redirects=True, timeout=30
        )
        self.page = ""

    async def open(self, path: str) -> httpx.Response:
        """Loads a page."""
        response = await self.get(path)
        self.page = response.text
        return response

    async def signed_in(self, desk: Desk, name: str, unit: str, role: str = "worker") -> "Browser":
        """Signs in without a password, as somebody for whom another place vouches: scrypt is slow on purpose."""
        token = await desk.accounts.sign_in_as(name, unit, role, now_ms(), 1)
        self.cookies.set(COOKIE, token)
        return self

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Fills in the sign-in form."""
        await self.open("/sign-in")
        response = await self.post(
            "/sign-in", data={"before": self.field("before"), "name": name, "password": password}
        )
        self.page = response.text
        return response

    def field(self, name: str) -> str:
        """The value of a hidden field of the page."""
        mark = f'name="{name}" value="'
        assert mark in self.page, (name, self.page[:2000])
        return self.page.split(mark, 1)[1].split('"', 1)[0]

    async def act(self, path: str, action: str, **fields: Any) -> httpx.Response:
        """Loads a task and sends one of its forms."""
        await self.open(path)
        assert f'name="action" value="{action}"' in self.page, f"{action} is not offered"
        form = {name: self.field(name) for name in ("form_token", "key", "revision")}
        response = await self.post(f"{path}/answer", data={**form, "action": action, **fields})
        self.page = response.text
        return response


@asynccontextmanager
async def world(folder: Path, **settings: Any) -> AsyncIterator[World]:
    """A world with its store in `folder`, open."""
    one = World(f"sqlite:///{folder / 'desk.sqlite3'}", **settings)
    await one.desk.book.store.open()
    try:
        yield one
    finally:
        await one.desk.book.store.close()
