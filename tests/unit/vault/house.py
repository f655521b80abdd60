"""A vault over a store of its own, with one person, one task and the credentials that the tests ask with."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from nacl.public import PrivateKey

from contracts.flags import Flag
from contracts.identity import Identity
from contracts.instants import plus
from contracts.tasks import Task
from services.book.audit import entries
from services.book.naming import ref
from services.book.store import Store
from services.runtime.fold import Record
from services.runtime.schemas import CONTRACTS
from services.runtime.settings import Settings
from services.vault.credentials import give_out, name_officer
from services.vault.http import door
from services.vault.keys import VaultKey
from services.vault.settings import load_policy
from services.vault.tables import AUDIT, METADATA
from services.vault.vault import Vault

__all__ = ["ANNA", "BEN", "CARE_TEAM", "OTHER_TEAM", "House", "flag", "house", "task"]

NAMESPACE = bytes(range(32))
KEY = VaultKey(bytes(PrivateKey(bytes(range(1, 33)))))
BEGUN = "2026-07-03T01:00:00.000Z"

ANNA = "p-" + "a" * 32
BEN = "p-" + "b" * 32
CARE_TEAM, OTHER_TEAM, ALARM = "ssp-care-team-07", "ssp-care-team-08", "alarm-provider-1"

IDENTITY: dict[str, Any] = {
    "subject": ANNA,
    "as_of": "2026-06-01T00:00:00.000Z",
    "name": {"zh_hant": "陳小明", "en": "CHAN Siu Ming"},
    "telephones": ["+85209123456"],
    "address": {"zh_hant": "深水埗富昌邨第1座3樓07室", "en": "Flat 07, 3/F, Block 1, Fu Cheong Estate"},
    "language": "yue",
}
SECRETS = ("陳小明", "CHAN Siu Ming", "09123456", "富昌", "Fu Cheong")
"""What must stand nowhere but in a disclosure."""


def task(revision: int = 1, status: str = "accepted", **said: Any) -> Task:
    """A revision of the task of the contract's example, as said."""
    example = json.loads((CONTRACTS / "examples" / "task" / "good-1.json").read_text("utf-8"))
    unit = {"for": ANNA, "unit": CARE_TEAM, "unit_kind": "care_team", "asked_of": "care_team"}
    return Task.model_validate({**example, **unit, "revision": revision, "status": status, **said})


def flag(revision: int = 1, *linked: list[str], **said: Any) -> Flag:
    """A revision of the flag behind that task, with the groups of ids that it links, as said."""
    example = json.loads((CONTRACTS / "examples" / "flag" / "good-1.json").read_text("utf-8"))
    mine = {"flag_id": task().flag_id, "household_id": task().household_id, "subject": ANNA, "status": "active"}
    return Flag.model_validate({**example, **mine, "revision": revision, "linked": linked, **said})


def record(one: Task | Flag) -> Record:
    topic = "risk.flags" if isinstance(one, Flag) else f"referral.tasks.{one.unit_kind}"
    return Record(topic, one.household_id.encode(), one.model_dump_json(by_alias=True).encode())


class House:
    """The vault behind its door. `clock` is what time it is; `tokens` are the credentials by what they are for."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "vault.db"
        self.clock = BEGUN
        policy = load_policy(Settings().policy_dir)
        self.vault = Vault(Store(f"sqlite:///{self.file}", METADATA), KEY, policy, NAMESPACE, lambda: self.clock)
        self.tokens: dict[str, str] = {}
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=door(self.vault), raise_app_exceptions=False), base_url="http://vault"
        )

    async def begin(self) -> None:
        given = {
            "team": (["resolve"], [CARE_TEAM], True),
            "other": (["resolve"], [OTHER_TEAM], True),
            "adapter": (["resolve"], ["*"], False),
            "two": (["resolve"], [CARE_TEAM, OTHER_TEAM], True),
            "source": (["load"], [], False),
            "operator": (["letters"], [], True),
            "privacy": (["subjects"], [], True),
        }
        await self.vault.store.open()
        async with self.vault.store.write() as turn:
            for name, (rights, units, attended) in given.items():
                self.tokens[name] = await give_out(turn, rights, units, attended, BEGUN)
            await name_officer(turn, CARE_TEAM, "officer-1", BEGUN)

    async def takes(self, *revisions: Task | Flag) -> None:
        """The vault reads these revisions."""
        async with self.vault.store.write() as turn:
            await self.vault.take(turn, [record(one) for one in revisions])

    async def holds(self, **said: Any) -> None:
        """The vault holds an identity: Anna's, unless said otherwise."""
        answer = await self.asks("source", "PUT", "/v1/identities", {"identities": [{**IDENTITY, **said}]})
        assert answer.status_code == 200, answer.text

    async def asks(self, who: str | None, method: str, path: str, body: Any) -> httpx.Response:
        """One request with the credential of that name (or the token itself)."""
        token = self.tokens.get(who or "", who)
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.http.request(method, path, content=content, headers=headers)

    async def resolves(self, who: str | None = "team", **said: Any) -> httpx.Response:
        """Asks who the task is about."""
        return await self.asks(who, "POST", "/v1/resolve", self.asking(**said))

    @staticmethod
    def asking(**said: Any) -> Mapping[str, Any]:
        unit = said.get("unit", CARE_TEAM)
        asked = {
            "task": ref(NAMESPACE, unit, "task", task().task_id),
            "purpose": "call",
            "lawful_basis": "public_task",
            "actor": "officer-9",
        }
        return {name: value for name, value in {**asked, **said}.items() if value is not None}

    async def audit(self) -> list[dict[str, Any]]:
        """All that the audit says."""
        async with self.vault.store.read() as look:
            return [entry async for entry in entries(look, AUDIT)]

    def later(self, **span: float) -> None:
        self.clock = plus(self.clock, **span)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """A house with its credentials given out and Anna's identity in it."""
    made = House(folder)
    await made.begin()
    await made.holds()
    try:
        yield made
    finally:
        await made.http.aclose()
        await made.vault.store.close()


def identity(**said: Any) -> Identity:
    return Identity.model_validate({**IDENTITY, **said})
