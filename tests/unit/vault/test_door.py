"""Every route, with every wrong key; and that each of it stands in the audit, without identity."""

import json
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.deadletters import DeadLetter
from contracts.identity import REFUSALS
from services.book.audit import verify
from services.runtime.errors import Problem
from services.runtime.fold import Dead, Record
from services.runtime.letters import Sealer, record_of_contents
from services.runtime.metrics import VAULT_ANSWERS
from services.vault.credentials import RIGHTS, give_out, revoke
from services.vault.http import MAX_BYTES, ROUTES, Door
from services.vault.identities import Identities
from services.vault.keys import VaultKey
from services.vault.tables import AUDIT
from tests.unit.vault.house import ANNA, BEN, IDENTITY, KEY, SECRETS, House, task


def letter(key: VaultKey = KEY) -> DeadLetter:
    held = Record("hospital.admissions", b"CHAN Siu Ming", b'{"name": "CHAN Siu Ming"}', (("ce_id", b"1"),), 0, 7, 9)
    return Sealer(key.public).letter("admission", Dead(held, "identity", "it carries an HKID"))


GOOD: dict[str, Callable[[], Any]] = {
    "resolve": House.asking,
    "load": lambda: {"identities": [IDENTITY]},
    "same_person": lambda: {"ids": [ANNA, BEN]},
    "apart": lambda: {"id": BEN},
    "open_letter": lambda: {
        "id": "dead.letters:0:7", "letter": letter().model_dump(mode="json"), "purpose": "show", "actor": "root",
    },
    "subject_access": lambda: {"ids": [ANNA], "actor": "root"},
    "erase": lambda: {"ids": [ANNA], "actor": "root", "at": "2026-07-01T00:00:00Z"},
}  # fmt: skip
HOLDERS = {"resolve": "team", "load": "source", "letters": "operator", "subjects": "privacy"}

every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda one: one.name)


def test_the_tests_know_every_route_and_every_right() -> None:
    assert set(GOOD) == {one.name for one in ROUTES}
    assert set(HOLDERS) == set(RIGHTS) == {one.right for one in ROUTES}


def counted(route: Door, result: str) -> float:
    return VAULT_ANSWERS.labels("vault", route.name, result)._value.get()  # type: ignore[no-any-return]


@every_route
async def test_the_right_credential_is_answered(vault: House, route: Door) -> None:
    await vault.takes(task())
    answered, refused = counted(route, "answered"), counted(route, "bad_credential")
    answer = await vault.asks(HOLDERS[route.right], route.method, route.path, GOOD[route.name]())
    assert answer.status_code == 200, answer.text
    (*_, last) = await vault.audit()
    assert (last["what"], last["result"]) == (
        route.name,
        {"resolve": "told", "open_letter": "told"}.get(route.name, "done"),
    )
    assert last["number"] == answer.json()["entry"]
    await vault.asks(None, route.method, route.path, GOOD[route.name]())
    assert (counted(route, "answered"), counted(route, "bad_credential")) == (answered + 1, refused + 1)


@every_route
async def test_a_wrong_credential_is_refused_and_logged(vault: House, route: Door) -> None:
    await vault.takes(task())
    right = vault.tokens[HOLDERS[route.right]]
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    tried = [None, "Basic " + right, right, *("Bearer " + one for one in ("", "kv", "kv.0.0", "kv.x.y.z", wrong))]
    for header in tried:
        await _is_no_credential(vault, route, header)
    async with vault.vault.store.write() as turn:
        await revoke(turn, right.split(".")[1], vault.clock)
    await _is_no_credential(vault, route, "Bearer " + right)


async def _is_no_credential(vault: House, route: Door, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    before = len(await vault.audit())
    answer = await vault.http.request(route.method, route.path, json=GOOD[route.name](), headers=headers)
    assert (answer.status_code, answer.json()["refused"]) == (401, "bad_credential"), header
    assert answer.headers["www-authenticate"] == "Bearer"
    (*_, last) = audit = await vault.audit()
    assert (last["what"], last["result"], last["who"]) == (route.name, "bad_credential", None)
    assert len(audit) == before + 1


@every_route
async def test_a_credential_for_something_else_is_refused_and_logged(vault: House, route: Door) -> None:
    await vault.takes(task())
    for right, holder in HOLDERS.items():
        if right != route.right:
            answer = await vault.asks(holder, route.method, route.path, GOOD[route.name]())
            assert (answer.status_code, answer.json()["refused"]) == (403, "not_your_right")
            (*_, last) = await vault.audit()
            assert (last["what"], last["result"]) == (route.name, "not_your_right")
            assert last["who"] == vault.tokens[holder].split(".")[1]


@every_route
async def test_what_is_not_as_the_contract_has_it_is_refused_without_an_echo(vault: House, route: Door) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'"CHAN Siu Ming"', b'{"CHAN Siu Ming": "+85209123456"}'):
        answer = await vault.asks(HOLDERS[route.right], route.method, route.path, body)
        assert (answer.status_code, answer.json()["refused"]) == (422, "invalid"), body
        assert answer.json()["at"]
        (*_, last) = await vault.audit()
        assert (last["what"], last["result"]) == (route.name, "invalid")
        assert not [secret for secret in SECRETS if secret in answer.text + json.dumps(last, ensure_ascii=False)]


@every_route
async def test_what_is_too_large_is_refused(vault: House, route: Door) -> None:
    answer = await vault.asks(HOLDERS[route.right], route.method, route.path, b" " * (MAX_BYTES + 1))
    assert (answer.status_code, answer.json()["refused"]) == (413, "too_large")


@every_route
async def test_what_cannot_be_logged_is_not_answered(vault: House, route: Door) -> None:
    await vault.takes(task())
    with sqlite3.connect(vault.file) as other:
        other.execute("alter table audit rename to gone")
    answer = await vault.asks(HOLDERS[route.right], route.method, route.path, GOOD[route.name]())
    assert (answer.status_code, answer.json()["refused"]) == (503, "unavailable")
    assert not [secret for secret in SECRETS if secret in answer.text]


async def test_what_could_not_be_logged_was_not_done_either(vault: House) -> None:
    with sqlite3.connect(vault.file) as other:
        other.execute("alter table audit rename to gone")
    assert (await vault.asks("privacy", "POST", "/v1/subjects/erase", GOOD["erase"]())).status_code == 503
    with sqlite3.connect(vault.file) as other:
        assert other.execute("select count(*) from identities").fetchone() == (1,)


async def test_identity_card_numbers_are_refused_wherever_people_write(vault: House) -> None:
    for body in (
        {"identities": [{**IDENTITY, "name": {"en": "A123456(7)"}}]},
        {"identities": [{**IDENTITY, "address": {"en": "Flat A1234567"}}]},
    ):
        answer = await vault.asks("source", "PUT", "/v1/identities", body)
        assert (answer.status_code, answer.json()["refused"]) == (422, "invalid")
        assert "123456" not in answer.text
    assert (await vault.resolves(actor="A1234567")).json()["refused"] == "invalid"


async def test_nothing_that_identifies_is_logged_audited_or_readable_in_the_store(
    vault: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await vault.takes(task())
    for route in ROUTES:
        for holder in (*HOLDERS.values(), None):
            await vault.asks(holder, route.method, route.path, GOOD[route.name]())
        await vault.asks(HOLDERS[route.right], route.method, route.path, {"CHAN Siu Ming": "陳小明"})
    await vault.holds(as_of="2026-07-02T00:00:00Z")  # after what the erasure erased
    with sqlite3.connect(vault.file) as other:
        other.execute("update identities set sealed = x'00'")
    assert (await vault.resolves()).json()["refused"] == "unavailable"
    printed = "".join(capfd.readouterr())
    audit = json.dumps(await vault.audit(), ensure_ascii=False)
    files = b"".join(path.read_bytes() for path in vault.file.parent.iterdir()).decode("utf-8", "replace")
    assert "not answered" in caplog.text + printed  # what was captured is what is logged
    for place in (caplog.text, printed, audit, files):
        assert not [secret for secret in SECRETS if secret in place]
    assert not [
        token for token in vault.tokens.values() if token.split(".")[2] in caplog.text + printed + audit + files
    ]


async def test_a_fault_of_our_own_that_quotes_somebody_is_not_logged_as_it_stands(
    vault: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("CHAN Siu Ming")

    monkeypatch.setattr(Identities, "of", broken)
    await vault.takes(task())
    answer = await vault.resolves()
    assert (answer.status_code, answer.json()["refused"]) == (503, "unavailable")
    logged = caplog.text + "".join(capfd.readouterr())
    assert "ValueError" in logged
    assert not [secret for secret in SECRETS if secret in logged + answer.text]
    (*_, last) = await vault.audit()
    assert (last["what"], last["result"]) == ("resolve", "unavailable")


async def test_the_audit_says_who_asked_what_for_and_what_came_of_it(vault: House) -> None:
    await vault.takes(task())
    await vault.resolves()
    (*_, last) = await vault.audit()
    assert last == {
        "number": last["number"], "at": vault.clock, "what": "resolve", "who": vault.tokens["team"].split(".")[1],
        "actor": "officer-9", "unit": "ssp-care-team-07", "task": task().task_id, "person": ANNA, "purpose": "call",
        "lawful_basis": "public_task", "result": "told", "told": ["name", "telephones"], "protected": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        "update audit set entry = replace(entry, 'officer-9', 'officer-8')",
        "update audit set at = '2026-07-03T02:00:00.000Z' where number = 1",
        "delete from audit where number = 1",
    ],
)
async def test_an_audit_that_was_tampered_with_shows(vault: House, change: str) -> None:
    await vault.takes(task())
    await vault.resolves()
    async with vault.vault.store.read() as look:
        assert await verify(look, AUDIT) == 2
    with sqlite3.connect(vault.file) as other:
        other.execute(change)
    async with vault.vault.store.read() as look:
        with pytest.raises(Problem, match="audit"):
            await verify(look, AUDIT)


async def test_a_letter_is_opened_for_whoever_may_and_says_what_it_held(vault: House) -> None:
    answer = await vault.asks("operator", "POST", "/v1/letters/open", GOOD["open_letter"]())
    record = record_of_contents(letter(), answer.json())
    assert (record.key, record.value, record.headers) == (
        b"CHAN Siu Ming", b'{"name": "CHAN Siu Ming"}', (("ce_id", b"1"),),
    )  # fmt: skip
    (*_, last) = await vault.audit()
    assert (last["letter"], last["purpose"], last["actor"]) == ("dead.letters:0:7", "show", "root")


async def test_a_letter_that_is_sealed_to_another_key_stays_shut(vault: House) -> None:
    other = {**GOOD["open_letter"](), "letter": letter(VaultKey(bytes(32))).model_dump(mode="json")}
    answer = await vault.asks("operator", "POST", "/v1/letters/open", other)
    assert (answer.status_code, answer.json()["refused"]) == (409, "unreadable")
    (*_, last) = await vault.audit()
    assert (last["what"], last["result"]) == ("open_letter", "unreadable")


async def test_a_credential_carries_what_it_is_for(vault: House) -> None:
    async with vault.vault.store.write() as turn:
        for rights, units in ((["everything"], []), ([], []), (["resolve"], []), (["load"], ["u"])):
            with pytest.raises(Problem):
                await give_out(turn, rights, units, False, vault.clock)


async def test_the_page_describes_every_route_and_every_refusal(vault: House) -> None:
    page = (await vault.http.get("/v1/openapi.json")).json()
    assert {(path, method) for path, one in page["paths"].items() for method in one} == {
        (one.path, one.method.lower()) for one in ROUTES
    }
    for operation in (one for path in page["paths"].values() for one in path.values()):
        texts = " ".join(answer["description"] for answer in operation["responses"].values())
        assert all(f"`{code}`" in texts for code in REFUSALS)
    schemas = page["components"]["schemas"]
    for reference in _references(page):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for route in ROUTES:
        described = {"$ref": f"#/components/schemas/{route.asks.__name__}", "components": page["components"]}
        Draft202012Validator(described).validate(GOOD[route.name]())


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [one for value in part.values() for one in _references(value)]
    return [one for value in part for one in _references(value)] if isinstance(part, list) else []
