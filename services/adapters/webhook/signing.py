"""Signatures of requests, as the Standard Webhooks specification has them, in both directions. Pure.

`webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`: one or more `v1,BASE64` with spaces
between, each an HMAC-SHA256 over `id.timestamp.body`. While a secret is being changed we sign with both, and take
either.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.runtime.errors import Problem

__all__ = ["WINDOW_SECONDS", "Rejected", "Signer", "secret_of", "sign", "verified"]

WINDOW_SECONDS = 300
"""How far a request's timestamp may be from our clock; the specification's own suggestion. What is repeated within it
is known by its id."""

_LEAST_BYTES, _MOST_BYTES = 24, 64
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key by its id, and its secret."""

    id: str
    secret: bytes


class Rejected(Exception):
    """Why a request is not believed; says nothing that would help to forge one."""


def secret_of(text: bytes, key: str) -> bytes:
    """The bytes of a secret as it is written down, `whsec_BASE64`. Raises Problem naming the key."""
    try:
        written = text.decode("ascii")
        if not written.startswith(_PREFIX):
            raise ValueError
        secret = b64decode(written.removeprefix(_PREFIX), validate=True)
    except (ValueError, Error):
        raise Problem(
            f"the secret of key {key} is not written as a webhook's: make one with "
            "`echo whsec_$(openssl rand -base64 32)`"
        ) from None
    if not _LEAST_BYTES <= len(secret) <= _MOST_BYTES:
        raise Problem(f"the secret of key {key} has {len(secret)} bytes; {_LEAST_BYTES} to {_MOST_BYTES} are needed")
    return secret


def sign(signers: Sequence[Signer], message: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers of a signed request: by every key, the first first."""
    signatures = " ".join(_signature(signer.secret, message, str(seconds), body) for signer in signers)
    return {"webhook-id": message, "webhook-timestamp": str(seconds), "webhook-signature": signatures}


def verified(signers: Sequence[Signer], headers: Mapping[str, str], body: bytes, seconds: int) -> str:
    """The id of the key that has signed a request. `headers` by lower-case name; `seconds`: now. Raises Rejected."""
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = [part for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    if not message or not stamp or not given:
        raise Rejected("the headers webhook-id, webhook-timestamp and webhook-signature (v1,…) are all needed")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Rejected("webhook-timestamp is not in whole seconds since 1970")
    if abs(int(stamp) - seconds) > WINDOW_SECONDS:
        raise Rejected(
            f"webhook-timestamp is more than {WINDOW_SECONDS} seconds from our clock: sign each request anew when you "
            "send it, and see whether your clock is right"
        )
    for signer in signers:
        right = _signature(signer.secret, message, stamp, body).encode()
        matches = [hmac.compare_digest(right, one.encode()) for one in given]
        if any(matches):
            return signer.id
    raise Rejected(
        "no signature is right: is it over `id.timestamp.body`, byte for byte, with the secret that we share?"
    )


def _signature(secret: bytes, message: str, stamp: str, body: bytes) -> str:
    return "v1," + b64encode(hmac.digest(secret, f"{message}.{stamp}.".encode() + body, "sha256")).decode()
