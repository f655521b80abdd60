"""The logs of what must leave a trace, written before it is done: sealed dead letters that are opened, and erasures.
Who, when, which, what for."""

import base64
import binascii
import getpass
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs
import structlog

from services.runtime.erasure import fingerprint
from services.runtime.errors import Problem

__all__ = ["log_erasure", "log_opening", "read_private_key", "vault_log", "who_runs_this"]

_KEY_BYTES = 32


def vault_log() -> Path:
    """The file that the log is appended to: a JSON line for each opening, in the user's state folder."""
    return platformdirs.user_state_path("kithline") / "openings.jsonl"


def log_opening(letter: str, purpose: str) -> Path:
    """Appends one entry and returns the file. Raises Problem where it cannot: what is not logged is not opened."""
    return _append(vault_log(), "dead_letter_opening", letter=letter, purpose=purpose)


def log_erasure(persons: Iterable[str], officer: str, at: str, facts: int) -> Path:
    """Appends that a person was erased, under the hash that the services keep too, and returns the file. Raises Problem
    where it cannot: what is not logged is not done."""
    path = vault_log().with_name("erasures.jsonl")
    return _append(path, "erasure", persons=[fingerprint(one) for one in persons], officer=officer, at=at, facts=facts)


def _append(path: Path, event: str, **said: Any) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="utf-8") as file:
            log: Any = structlog.wrap_logger(
                structlog.WriteLogger(file),
                processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
                wrapper_class=structlog.BoundLogger,
            )
            log.msg(event, who=who_runs_this(), host=socket.gethostname(), **said)
    except OSError as fault:
        raise Problem(
            f"cannot write the log {path} ({fault.strerror}); nothing sealed is opened, and nobody erased, without an "
            "entry there"
        ) from fault
    path.chmod(0o600)
    return path


def read_private_key(path: Path) -> bytes:
    """The vault's private key: a file of 32 bytes, or of their base64 or hex. Raises Problem for anything else."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise Problem(f"cannot read the vault's key {path}: {fault.strerror}") from fault
    if len(content) == _KEY_BYTES:
        return content
    text = content.strip()
    for decode in (_from_base64, _from_hex):
        try:
            key = decode(text)
        except (binascii.Error, ValueError):
            continue
        if len(key) == _KEY_BYTES:
            return key
    raise Problem(f"{path} is not the vault's private key: it must hold 32 bytes, or their base64 or hex")


def _from_base64(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)


def _from_hex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode())


def who_runs_this() -> str:
    """The account on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "unknown"
