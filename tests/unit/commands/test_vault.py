"""`kithline vault`: credentials, officers, the audit and the key, on a store of its own."""

import base64
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from nacl.public import PrivateKey
from typer.testing import CliRunner, Result

from services.cli import build
from services.commands.policy import mistakes
from services.commands.vault import read_identities
from services.runtime.errors import Problem
from services.runtime.settings import Settings


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vault.key").write_bytes(base64.b64encode(bytes(PrivateKey.generate())))
    monkeypatch.setenv("KITHLINE_VAULT_DSN", f"sqlite:///{tmp_path}/vault.db")
    monkeypatch.setenv("KITHLINE_VAULT_KEY_FILE", str(tmp_path / "vault.key"))
    monkeypatch.delenv("KITHLINE_VAULT_URL", raising=False)


def vault(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["vault", *arguments])


def test_a_credential_is_shown_once_listed_and_revoked() -> None:
    token = vault("credentials", "add", "--right", "resolve", "--unit", "ssp-care-team-07", "--attended").stdout.strip()
    kind, name, secret = token.split(".")
    assert (kind, len(secret) >= 43) == ("kv", True)
    listed = vault("credentials", "list").stdout
    assert name in listed and "ssp-care-team-07" in listed and "attended" in listed
    assert secret not in listed
    assert vault("credentials", "revoke", name).exit_code == 0
    assert "revoked" in vault("credentials", "list").stdout
    assert isinstance(vault("credentials", "revoke", name).exception, Problem)
    assert isinstance(vault("credentials", "add", "--right", "load", "--unit", "u").exception, Problem)
    said = [json.loads(line)["what"] for line in vault("audit").stdout.splitlines()]
    assert said == ["credential_given", "credential_revoked"]
    assert secret not in vault("audit").stdout


def test_officers_are_named_and_removed() -> None:
    assert vault("officers", "add", "--unit", "u-1", "--officer", "o-1").exit_code == 0
    assert vault("officers", "add", "--unit", "u-1", "--officer", "o-1").exit_code == 0
    assert vault("officers", "remove", "--unit", "u-1", "--officer", "o-1").exit_code == 0
    assert "has not named" in str(vault("officers", "remove", "--unit", "u-1", "--officer", "o-1").exception)


def test_the_audit_is_verified_and_a_noted_head_finds_one_that_was_written_anew(tmp_path: Path) -> None:
    for number in range(3):
        vault("officers", "add", "--unit", "u-1", "--officer", f"o-{number}")
    done = vault("audit", "--verify")
    assert "3 entries" in done.stdout
    head = done.stdout.strip().rsplit(" ", 1)[1]
    vault("officers", "remove", "--unit", "u-1", "--officer", "o-1")
    assert vault("audit", "--verify", "--head", head).exit_code == 0
    with sqlite3.connect(tmp_path / "vault.db") as other:
        other.execute("delete from audit where number > 2")
    assert vault("audit", "--verify").exit_code == 0  # a chain that was cut off at its end holds by itself …
    assert "its end is missing" in str(vault("audit", "--verify", "--head", head).exception)  # … so the head is noted
    with sqlite3.connect(tmp_path / "vault.db") as other:
        other.execute("update audit set entry = replace(entry, 'o-1', 'o-9')")
    assert "is not what was written" in str(vault("audit", "--verify").exception)
    assert "write it as NUMBER:HASH" in str(vault("audit", "--verify", "--head", "3").exception)


def test_a_new_key_is_taken_into_use(tmp_path: Path) -> None:
    (tmp_path / "new.key").write_bytes(bytes(PrivateKey.generate()))
    assert "0 identities sealed" in vault("rekey", "--new-key", str(tmp_path / "new.key")).stderr


def test_a_file_that_is_wrong_is_said_by_its_line_and_never_quoted(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    good = b'{"subject": "p-%s", "as_of": "2026-07-01T00:00:00Z", "name": {"en": "SECRET Name"}}\n' % (b"a" * 32)
    for wrong, said in (
        (b'{"subject": "SECRET Name"}\n', "people.jsonl:2: subject"),
        (b"SECRET Name\n", "people.jsonl:2: line"),
        (good.replace(b"SECRET Name", b"A123456(7)"), "people.jsonl:2: holds an identity card number"),
    ):
        file.write_bytes(good + wrong)
        with pytest.raises(Problem) as caught:
            list(read_identities(file))
        assert said in str(caught.value)
        assert "SECRET" not in str(caught.value) and "123456" not in str(caught.value)


def test_policy_check_reads_who_is_told_what_and_finds_rules_whose_addresses_are_open(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(Settings().policy_dir, policy)
    rule = policy / "rules" / "violence-or-child-at-risk.yaml"
    for other in policy.glob("rules/*.yaml"):
        if other != rule:
            other.unlink()
    assert mistakes(policy) == []
    file = policy / "disclosure.yaml"
    right = file.read_text("utf-8")
    file.write_text(right.replace("violence-or-child-at-risk, ", ""), "utf-8")
    (found,) = mistakes(policy)
    assert "violence-or-child-at-risk.yaml:11: asks family_protection at once" in found
    file.write_text(right.replace("window_hours: 24", "window_hours: no"), "utf-8")
    (found,) = mistakes(policy)
    assert "disclosure.yaml:" in found and "guard.window_hours" in found
