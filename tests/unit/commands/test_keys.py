"""`kithline deadletters keys`: a pair that fits, kept private, never overwritten."""

import base64
from pathlib import Path

import pytest
import typer
from nacl.public import PrivateKey
from typer.testing import CliRunner

from services.commands.deadletters import register
from services.runtime.errors import Problem


def _run(out: Path) -> str:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["deadletters", "keys", "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.strip()


def test_public_key_belongs_to_the_private_one_which_only_its_owner_reads(tmp_path: Path) -> None:
    public = _run(tmp_path / "vault.key")
    private = PrivateKey(base64.b64decode((tmp_path / "vault.key").read_bytes()))
    assert base64.b64encode(bytes(private.public_key)).decode() == public
    assert (tmp_path / "vault.key").stat().st_mode & 0o077 == 0


def test_a_key_that_exists_is_never_replaced(tmp_path: Path) -> None:
    _run(tmp_path / "vault.key")
    before = (tmp_path / "vault.key").read_bytes()
    with pytest.raises(Problem, match="exists already"):
        _run(tmp_path / "vault.key")
    assert (tmp_path / "vault.key").read_bytes() == before
