"""Dead letters on the wire: the original bytes, whole; sealed to the vault's key where they carry identity."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from contracts.deadletters import DeadLetter
from contracts.envelope import Headers
from services.runtime.errors import Problem
from services.runtime.fold import Dead, Record

__all__ = ["MAX_KEPT_BYTES", "Sealer", "record_of_contents", "record_of_letter", "unsealed"]

MAX_KEPT_BYTES = 1_500_000
"""A larger record is not kept whole: `dead.letters` takes 3 MiB, and sealing makes 1.8 bytes of one. A producer that
compresses can send records of a hundred times what a topic takes; one of them must not stop its partition for good."""

_BEGINNING = 100_000
"""Of the key and of the value of such a record, so many bytes are kept."""


class Sealer:
    """Makes dead letters. Holds only the public half of the vault's key: what is sealed here cannot be opened here."""

    def __init__(self, vault_public_key: str | None) -> None:
        """Raises Problem for a key that is missing or is none."""
        if not vault_public_key:
            raise Problem(
                "no key to seal dead letters with: set KITHLINE_VAULT_PUBLIC_KEY to the vault's public key "
                "(`kithline deadletters keys --out vault.key` makes a pair and prints the public one)"
            )
        try:
            self._box = SealedBox(PublicKey(base64.b64decode(vault_public_key, validate=True)))
        except (binascii.Error, ValueError, TypeError, CryptoError):
            raise Problem("KITHLINE_VAULT_PUBLIC_KEY is not a public key: it must be the base64 of 32 bytes") from None

    def letter(self, processor: str, dead: Dead) -> DeadLetter:
        """The dead letter of one record. A sealed one shows neither key, value nor headers."""
        record = dead.record
        whole = _size(record) <= MAX_KEPT_BYTES
        if not whole:
            record = replace(record, key=record.key[:_BEGINNING], value=record.value[:_BEGINNING], headers=())
        key, value, headers = _text(record.key), _text(record.value), _texts(record.headers)
        if dead.identity:
            inside = orjson.dumps({"key": key, "value": value, "headers": headers})
            key, value, headers = None, base64.b64encode(self._box.encrypt(inside)).decode(), []
        return DeadLetter(
            reason=dead.reason,
            detail=dead.detail,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            processor=processor,
            sealed=dead.identity,
            whole=whole,
            key=key,
            value=value,
            headers=headers,
        )


def record_of_letter(letter: DeadLetter, vault_private_key: bytes | None = None) -> Record:
    """The record as it came. Raises Problem for a sealed letter without the vault's private key (32 bytes)."""
    if not letter.sealed:
        return record_of_contents(letter, {"key": letter.key, "value": letter.value, "headers": letter.headers})
    if vault_private_key is None:
        raise Problem("this dead letter is sealed because it carries identity; only the vault can open it")
    return record_of_contents(letter, unsealed(letter, vault_private_key))


def unsealed(letter: DeadLetter, vault_private_key: bytes) -> dict[str, Any]:
    """`key`, `value` and `headers` of a sealed letter, in base64. Raises Problem for one that the key does not open."""
    try:
        contents: dict[str, Any] = orjson.loads(
            SealedBox(PrivateKey(vault_private_key)).decrypt(base64.b64decode(letter.value or ""))
        )
    except (CryptoError, ValueError, TypeError):
        raise Problem("the key does not open this dead letter; it was sealed to another one") from None
    return contents


def record_of_contents(letter: DeadLetter, contents: Mapping[str, Any]) -> Record:
    """The record as it came, of a letter's place and the contents that `unsealed` (or the vault) gives."""
    return Record(
        topic=letter.topic,
        key=_bytes(contents["key"]),
        value=_bytes(contents["value"]),
        headers=tuple((name, _bytes(text)) for name, text in contents["headers"]),
        partition=letter.partition,
        offset=letter.offset,
        timestamp=letter.timestamp_ms,
    )


def _size(record: Record) -> int:
    return len(record.key) + len(record.value) + sum(len(name) + len(data) for name, data in record.headers)


def _text(data: bytes) -> str | None:
    return base64.b64encode(data).decode() if data else None


def _texts(headers: Headers) -> list[tuple[str, str]]:
    return [(name, base64.b64encode(data).decode()) for name, data in headers]


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text) if text else b""
