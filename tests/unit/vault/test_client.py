"""How others ask: what they get back, and what a person at the keyboard reads when it does not work."""

from pathlib import Path

import httpx
import pytest

from contracts.identity import OpenIdentity
from services.runtime.errors import Problem
from services.runtime.vault_client import VaultAccess, VaultClient, VaultRefused
from services.vault.http import door
from tests.unit.vault.house import ANNA, BEN, House, identity, task


def client(vault: House, name: str) -> VaultClient:
    access = VaultAccess(url="http://vault", token=vault.tokens[name])
    return VaultClient(access, httpx.ASGITransport(app=door(vault.vault)))


async def test_it_loads_merges_resolves_tells_and_erases(vault: House) -> None:
    await vault.takes(task(**{"for": BEN}))
    async with client(vault, "source") as source:
        assert await source.load([identity(), identity(as_of="2026-06-02T00:00:00Z")]) == 1
        await source.same_person([ANNA, BEN])
    async with client(vault, "team") as team:
        told = await team.resolve(OpenIdentity.model_validate(vault.asking()))
        assert told.name is not None and told.name.en == "CHAN Siu Ming"
    async with client(vault, "privacy") as privacy:
        held = await privacy.subject_access([BEN], "privacy-1")
        assert "name" in held["holds"] and len(held["opened"]) == 1
        assert await privacy.erase([BEN], "privacy-1", "2026-06-15T00:00:00Z") == 1
    async with client(vault, "source") as source:
        await source.apart(BEN)


async def test_more_than_one_request_takes_is_sent_in_parts(vault: House) -> None:
    many = [identity(subject=f"p-{number:032x}") for number in range(1201)]
    async with client(vault, "source") as source:
        assert await source.load(iter(many)) == 1201
        assert await source.load(many) == 0


async def test_a_refusal_has_its_code_and_says_nothing_that_identifies(vault: House) -> None:
    async with client(vault, "team") as team:
        with pytest.raises(VaultRefused) as caught:
            await team.resolve(OpenIdentity.model_validate(vault.asking()))
    assert caught.value.refusal.refused == "unknown_task"


async def test_who_is_no_vault_or_does_not_answer_is_a_problem() -> None:
    def page(_: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="<html>")

    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    access = VaultAccess(url="http://vault", token="kv.a.b")
    for answers, said in ((page, "is it the vault"), (down, "is it running")):
        async with VaultClient(access, httpx.MockTransport(answers)) as asking:
            with pytest.raises(Problem, match=said):
                await asking.same_person([ANNA, BEN])


def test_without_an_address_or_a_credential_it_says_which_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "TOKEN", "TOKEN_FILE"):
        monkeypatch.delenv(f"KITHLINE_VAULT_{name}", raising=False)
    with pytest.raises(Problem, match="KITHLINE_VAULT_URL"):
        VaultClient(VaultAccess())
    monkeypatch.setenv("KITHLINE_VAULT_URL", "")  # as a compose file says that there is none
    assert VaultAccess().url is None
    with pytest.raises(Problem, match="KITHLINE_VAULT_TOKEN"):
        VaultClient(VaultAccess(url="http://vault"))
    with pytest.raises(Problem, match="cannot read"):
        VaultAccess(token_file=tmp_path / "none").credential()
    (tmp_path / "token").write_text("kv.a.b\n")
    assert VaultAccess(token_file=tmp_path / "token").credential() == "kv.a.b"
    assert "kv.a.b" not in repr(VaultAccess(token="kv.a.b"))
