"""Who a person is, asked of a real vault through the FHIR server: per accepted task, with purpose and officer."""

from pathlib import Path
from typing import Any

import httpx
from fhir.resources.R4B import get_fhir_model_class

from services.runtime.vault_client import VaultAccess, VaultClient
from services.vault.http import door
from tests.unit.adapters.fhir.bench import OTHER, World, world
from tests.unit.adapters.fhir.made import NOW, UNIT
from tests.unit.adapters.fhir.test_routes import refused
from tests.unit.vault.house import SECRETS, House, house, task

_ASKED = "?purpose=call&actor=officer-9"


def client(vault: House, name: str = "adapter") -> VaultClient:
    access = VaultAccess(url="http://vault", token=vault.tokens[name])
    return VaultClient(access, httpx.ASGITransport(app=door(vault.vault)))


def of_unit(status: str, **said: Any) -> Any:
    return task(status=status, unit=UNIT.id, unit_kind="hotline", asked_of="hotline", **said)


async def person(one: World) -> str:
    (held,) = await one.all_held()
    return str(held.view["for"])


async def test_a_unit_that_has_accepted_learns_what_the_purpose_needs_and_it_is_kept_nowhere(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault) as asks, world(asks) as one:
        await vault.takes(of_unit("accepted"))
        await one.give(of_unit("accepted"), at=NOW)
        answer = await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        found = answer.json()
        get_fhir_model_class("Patient").model_validate(found)
        assert [name["text"] for name in found["name"]] == ["陳小明", "CHAN Siu Ming"]
        assert found["telecom"][0]["value"] == "+85209123456" and "address" not in found
        opened = [entry for entry in await vault.audit() if "officer-9" in str(entry)]
        assert len(opened) == 1
        async with one.book.store.read() as look:
            for table in [table for part in one.book.store.metadata for table in part.tables.values()]:
                rows = str((await look.execute(table.select())).all())
                assert not any(secret in rows for secret in SECRETS)


async def test_before_the_unit_has_accepted_and_after_the_end_nothing_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault) as asks, world(asks) as one:
        for revision, status, says in ((1, "received", "Accept it"), (2, "completed", "has ended")):
            await vault.takes(of_unit(status, revision=revision, outcome="care_resumed"))
            await one.give(of_unit(status, revision=revision, outcome="care_resumed"), at=NOW)
            answer = await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}")
            refused(answer, 409, says)


async def test_what_the_unit_does_not_need_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault) as asks, world(asks) as one:
        await vault.takes(of_unit("accepted"))
        await one.give(of_unit("accepted"), at=NOW)
        place = f"/Patient/{await person(one)}"
        refused(await one.ask("GET", f"{place}?purpose=visit&actor=officer-9"), 403, "purpose")
        for query in ("", "?purpose=call", "?actor=officer-9"):
            refused(await one.ask("GET", f"{place}{query}"), 400, "purpose (call, visit, install_alarm)")
        refused(await one.ask("GET", f"{place}?purpose=gossip&actor=officer-9"), 400, "purpose")
        refused(await one.ask("GET", f"{place}?purpose=call&actor=Chan Tai Man"), 400, "actor")
        refused(await one.ask("GET", f"{place}{_ASKED}&task=t-none"), 404, "no such task")


async def test_another_unit_learns_nothing_whatever_the_vault_would_say(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault) as asks, world(asks) as one:
        await vault.takes(of_unit("accepted"))
        await one.give(of_unit("accepted"), at=NOW)
        before = len(await vault.audit())
        refused(await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}", unit=OTHER.id), 404)
        assert len(await vault.audit()) == before


async def test_of_several_tasks_about_one_person_the_unit_says_which(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault) as asks, world(asks) as one:
        both = [of_unit("accepted", task_id=name, placer_id=name) for name in ("task-1", "task-2")]
        await vault.takes(*both)
        name = await one.give(*both, at=NOW)
        who = (await one.all_held())[0].view["for"]
        refused(await one.ask("GET", f"/Patient/{who}{_ASKED}"), 400, "say which")
        assert (await one.ask("GET", f"/Patient/{who}{_ASKED}&task={name}")).status_code == 200


async def test_a_vault_that_does_not_know_us_or_does_not_answer_is_no_fault_of_the_unit(tmp_path: Path) -> None:
    async with house(tmp_path) as vault, client(vault, "operator") as asks, world(asks) as one:
        await one.give(of_unit("accepted"), at=NOW)
        refused(await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}"), 502, "does not believe this server")

    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    access = VaultAccess(url="http://vault", token="kv.x.y")
    async with VaultClient(access, httpx.MockTransport(down)) as asks, world(asks) as one:
        await one.give(of_unit("accepted"), at=NOW)
        refused(await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}"), 503, "does not answer")


async def test_without_a_vault_it_says_so() -> None:
    async with world() as one:
        await one.give(of_unit("accepted"), at=NOW)
        refused(await one.ask("GET", f"/Patient/{await person(one)}{_ASKED}"), 501, "no vault", "KITHLINE_VAULT_URL")
