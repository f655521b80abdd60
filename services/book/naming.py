"""Ids of a unit's own: two units that lay their lists side by side find nothing that they share."""

import hashlib
import hmac
from base64 import b32encode
from typing import Literal

from pydantic import SecretStr

from services.runtime.errors import Problem

__all__ = ["Kind", "namespace_key", "ref"]

Kind = Literal["person", "flag", "task"]

_PREFIX: dict[Kind, str] = {"person": "p", "flag": "f", "task": "t"}
_CHARACTERS = 26
"""130 bits, in base32 without padding."""
_LEAST_BYTES = 32


def ref(key: bytes, unit: str, kind: Kind, id: str) -> str:  # noqa: A002 - it is an id
    """The id by which `unit` knows a person (or household), flag or task: `t-` (`p-`, `f-`) and 26 characters of
    base32, from an HMAC-SHA256 under the installation's key. Without the key nobody can tell what it stands for, nor
    join two units' ids."""
    digest = hmac.digest(key, f"{unit}|{kind}|{id}".encode(), hashlib.sha256)
    return f"{_PREFIX[kind]}-{b32encode(digest).decode().lower()[:_CHARACTERS]}"


def namespace_key(setting: SecretStr | None) -> bytes:
    """The installation's key, of `Settings.namespace_key` (hex). Raises Problem where it is not set, is no hex, or is
    too short to keep a secret."""
    if setting is None:
        raise Problem(
            "KITHLINE_NAMESPACE_KEY is not set: units' own ids are made of it (`openssl rand -hex 32`, the same for "
            "adapters, desk and vault, and kept)"
        )
    try:
        key = bytes.fromhex(setting.get_secret_value())
    except ValueError:
        raise Problem("KITHLINE_NAMESPACE_KEY is not hex; make one with `openssl rand -hex 32`") from None
    if len(key) < _LEAST_BYTES:
        raise Problem(
            f"KITHLINE_NAMESPACE_KEY has {len(key)} bytes; units' ids need {_LEAST_BYTES} (`openssl rand -hex 32`)"
        )
    return key
