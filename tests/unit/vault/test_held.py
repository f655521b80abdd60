"""What the vault holds: sealed, the later word of two, one person under several ids, and gone when it is erased."""

import sqlite3
from pathlib import Path

import pytest

from contracts.identity import PURPOSES
from contracts.tasks import UNIT_KINDS
from services.policy import load_rules
from services.runtime.errors import Problem
from services.runtime.settings import Settings
from services.vault.identities import Identities
from services.vault.keys import VaultKey
from services.vault.settings import VaultSettings, load_policy, open_vault
from services.vault.vault import Vault
from tests.unit.vault.house import ANNA, BEN, KEY, SECRETS, House, identity, task

CAROL = "p-" + "c" * 32
HOME = "h-00000000-0000-5000-8000-000000000001"


async def test_of_two_words_the_later_counts_in_whatever_order(vault: House) -> None:
    await vault.holds(as_of="2026-06-05T00:00:00Z", name={"en": "later"})
    await vault.holds(as_of="2026-06-03T00:00:00Z", name={"en": "earlier"})
    await vault.takes(task())
    assert (await vault.resolves()).json()["name"]["en"] == "later"


async def test_the_same_again_is_nothing_new(vault: House) -> None:
    body = {"identities": [identity(as_of="2026-06-02T00:00:00Z").model_dump(mode="json")] * 2}
    answers = [(await vault.asks("source", "PUT", "/v1/identities", body)).json()["taken"] for _ in range(2)]
    assert answers == [1, 0]


async def test_a_household_is_resolved_like_a_person(vault: House) -> None:
    await vault.holds(subject=HOME, name=None, telephones=[])
    await vault.takes(task(**{"for": HOME}))
    told = (await vault.resolves(purpose="visit")).json()
    assert (told["name"], told["telephones"]) == (None, [])
    assert told["address"]["zh_hant"]
    (*_, last) = await vault.audit()
    assert last["told"] == ["address"]  # what there is, not what might have been


async def test_ids_that_are_merged_in_a_row_are_one_person_and_come_apart(vault: House) -> None:
    held = Identities(KEY)
    async with vault.vault.store.write() as turn:
        await held.same_person(turn, [ANNA, BEN])
        await held.same_person(turn, [BEN, CAROL])
        assert sorted(await held.ids(turn, CAROL)) == [ANNA, BEN, CAROL]
        await held.apart(turn, ANNA)
        assert await held.ids(turn, ANNA) == [ANNA]
        assert sorted(await held.ids(turn, BEN)) == [BEN, CAROL]
        assert await held.of(turn, BEN) is None
        await held.apart(turn, BEN)
        assert [await held.ids(turn, one) for one in (BEN, CAROL)] == [[BEN], [CAROL]]


async def test_at_rest_nothing_can_be_read_or_put_in_the_place_of_another(vault: House) -> None:
    await vault.takes(task())
    await vault.holds(subject=BEN)
    files = b"".join(path.read_bytes() for path in vault.file.parent.iterdir())
    assert not [secret for secret in SECRETS if secret.encode() in files]
    with sqlite3.connect(vault.file) as other:
        other.execute(
            "update identities set sealed = (select sealed from identities where subject = ?) where subject = ?",
            (BEN, ANNA),
        )
    answer = await vault.resolves()
    assert (answer.status_code, answer.json()["refused"]) == (503, "unavailable")


async def test_another_key_opens_nothing_until_all_is_sealed_to_it(vault: House) -> None:
    new = VaultKey(bytes(range(32, 64)))
    async with vault.vault.store.write() as turn:
        with pytest.raises(Problem, match="does not open"):
            await Identities(new).of(turn, ANNA)
        assert await Identities(KEY).seal_anew(turn, new) == 1
        assert await Identities(new).of(turn, ANNA) == identity()


async def test_a_vault_with_another_key_than_its_stores_does_not_open(vault: House) -> None:
    await vault.vault.open()
    other = Vault(vault.vault.store, VaultKey(bytes(range(32, 64))), load_policy(Settings().policy_dir), b"", str)
    with pytest.raises(Problem, match="KITHLINE_VAULT_KEY_FILE"):
        await other.open()


async def test_what_was_erased_is_gone_and_stays_gone(vault: House) -> None:
    await vault.asks("source", "PUT", "/v1/aliases", {"ids": [ANNA, BEN]})
    await vault.takes(task())
    said = {"ids": [BEN], "actor": "privacy-1", "at": "2026-06-15T00:00:00Z"}
    answer = await vault.asks("privacy", "POST", "/v1/subjects/erase", said)
    assert answer.json()["erased"] == 1  # held under another of the person's ids
    await vault.holds()
    assert (await vault.resolves()).json()["refused"] == "nothing_held"
    await vault.holds(as_of="2026-06-20T00:00:00Z")  # somebody registers anew
    assert (await vault.resolves()).status_code == 200


async def test_an_erasure_leaves_no_ended_task_and_keeps_the_audit(vault: House) -> None:
    await vault.takes(task(1), task(2, "completed", outcome="risk_assessed"))
    said = {"ids": [ANNA], "actor": "privacy-1", "at": vault.clock}
    before = len(await vault.audit())
    await vault.asks("privacy", "POST", "/v1/subjects/erase", said)
    assert (await vault.resolves()).json()["refused"] == "unknown_task"
    assert len(await vault.audit()) == before + 2


async def test_a_person_is_told_who_has_opened_what_and_nothing_that_protects(vault: House) -> None:
    other = task(task_id="cb8b18f3-16e2-5722-a91b-83ca081a1e99", purpose="protect")
    await vault.takes(task(), other)
    await vault.resolves()
    from services.book.naming import ref
    from tests.unit.vault.house import CARE_TEAM, NAMESPACE

    protected = ref(NAMESPACE, CARE_TEAM, "task", other.task_id)
    assert (await vault.resolves(task=protected, actor="officer-1")).status_code == 200
    answer = await vault.asks("privacy", "POST", "/v1/subjects/access", {"ids": [ANNA], "actor": "privacy-1"})
    told = answer.json()
    assert told["holds"] == ["address", "as_of", "language", "name", "telephones"]
    assert told["opened"] == [
        {
            "at": vault.clock,
            "unit": CARE_TEAM,
            "purpose": "call",
            "lawful_basis": "public_task",
            "told": ["name", "telephones"],
        }
    ]
    assert not [secret for secret in SECRETS if secret in answer.text]


def test_the_policy_names_every_kind_of_unit_and_every_purpose() -> None:
    policy = load_policy(Settings().policy_dir)
    assert set(policy.units) == set(UNIT_KINDS)
    assert set(policy.purposes) == set(PURPOSES)


def test_every_rule_that_asks_for_protection_raises_a_protected_kind_of_flag() -> None:
    folder = Settings().policy_dir
    policy = load_policy(folder)
    at_once = {rule.pattern for rule in load_rules(folder) for ask in rule.asks if ask.unit == "family_protection"}
    assert at_once
    assert at_once <= policy.protected.typologies


def test_a_wrong_policy_is_one_line_with_its_place(tmp_path: Path) -> None:
    text = (Settings().policy_dir / "disclosure.yaml").read_text("utf-8")
    (tmp_path / "disclosure.yaml").write_text(text.replace("hotline: [call]", "hotline: [cal]"), "utf-8")
    with pytest.raises(Problem, match=r"disclosure\.yaml:\d+: units\.hotline\.0: did you mean 'call'"):
        load_policy(tmp_path)
    (tmp_path / "disclosure.yaml").write_text(text.replace("  call: [name, telephones]\n", ""), "utf-8")
    with pytest.raises(Problem, match="what is told for call"):
        load_policy(tmp_path)


def test_a_vault_without_its_key_or_the_namespaces_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KITHLINE_VAULT_KEY_FILE", "KITHLINE_NAMESPACE_KEY"):
        monkeypatch.delenv(name, raising=False)
    own = VaultSettings(dsn=f"sqlite:///{tmp_path}/v.db")
    with pytest.raises(Problem, match="KITHLINE_NAMESPACE_KEY"):
        open_vault(own, Settings())
    with pytest.raises(Problem, match="KITHLINE_VAULT_KEY_FILE"):
        open_vault(own, Settings(namespace_key="ab" * 32))
    assert not (tmp_path / "v.db").exists()
    monkeypatch.setenv("KITHLINE_VAULT_PORT", "no port")
    with pytest.raises(Problem, match="KITHLINE_VAULT_PORT"):
        VaultSettings()


def test_a_new_store_is_for_its_user_only(tmp_path: Path) -> None:
    VaultSettings(dsn=f"sqlite:///{tmp_path}/new/v.db").store()
    assert (tmp_path / "new" / "v.db").stat().st_mode & 0o077 == 0
