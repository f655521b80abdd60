"""Identity stops here: an HKID becomes a keyed pseudonym, and is never quoted, kept or logged.

A plain hash of an HKID can be enumerated (there are few HKIDs), so the hash is keyed; the key lives in the
zone of the source that runs this door.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from services.runtime.hkid import holds_hkid

__all__ = [
    "DEMO_KEY",
    "DEMO_NAMESPACE",
    "CheckDigits",
    "IdentityProblem",
    "Pseudonyms",
    "check_digit",
    "event_id",
    "has_identity",
    "looks_like_hkid",
]

DEMO_KEY = b"kithline demonstration key: for people who do not exist"
"""Public on purpose. Only `--synthetic` and the simulator use it, and both demand HKIDs that nobody can
have."""

DEMO_NAMESPACE = "kithline"

CheckDigits = Literal["right", "wrong", "any"]
"""`right`: real people. `wrong`: synthetic people, whose check digit is wrong on purpose, so that no real
HKID can slip into a demonstration and no synthetic one into production. `any`: a trial, which goes nowhere."""

_EVENTS = uuid5(NAMESPACE_URL, "urn:kithline:event")
_FORM = re.compile(r"([A-Z]{1,2})([0-9]{6})\(?([0-9A])\)?")
_VALUES = "0123456789A"


class IdentityProblem(ValueError):
    """Why an identity was refused; never quotes it."""


def check_digit(letters: str, digits: str) -> str:
    """The check digit (`0`-`9` or `A`) of an HKID with these one or two letters and six digits."""
    values = [36 if letter == " " else ord(letter) - 55 for letter in letters.rjust(2)] + [int(d) for d in digits]
    return _VALUES[-sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) % 11]


def looks_like_hkid(text: str) -> bool:
    """Whether the whole text has the form of an HKID with its check digit, right or wrong."""
    return _FORM.fullmatch(text.strip().upper()) is not None


def has_identity(raw: bytes) -> bool:
    """Whether anything in these bytes has the form of an HKID."""
    return holds_hkid(raw)


def event_id(*parts: str) -> str:
    """The id of an event, derived from what identifies its message at the sender."""
    return str(uuid5(_EVENTS, "\x1f".join(parts)))


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms with one key of one epoch, for one namespace."""

    key: bytes = field(repr=False)
    namespace: str = DEMO_NAMESPACE
    epoch: int = 1
    digits: CheckDigits = "right"

    def of(self, hkid: str) -> str:
        """`p-` and the first 128 bits of HMAC-SHA256(key, namespace ‖ 0x1f ‖ normalised HKID), in hex.

        Normalised: upper case, without brackets and spaces, with the check digit. Raises IdentityProblem."""
        form = _FORM.fullmatch(hkid.strip().upper().replace(" ", ""))
        if form is None:
            raise IdentityProblem(
                "is empty" if not hkid.strip() else "has not the form of an HKID with its check digit"
            )
        letters, digits, given = form.groups()
        right = given == check_digit(letters, digits)
        if right and self.digits == "wrong":
            raise IdentityProblem("holds a valid HKID, but this door is open for synthetic people only")
        if not right and self.digits == "right":
            raise IdentityProblem("holds an HKID whose check digit is wrong")
        return self._keyed(f"{letters}{digits}{given}")

    def of_number(self, authority: str, number: str) -> str:
        """The pseudonym of somebody who has no HKID (a newborn, a visitor): keyed in the same way, from the number
        that the authority gave. A later merge (A40) joins it with the HKID's."""
        return self._keyed(f"{authority.upper()}\x1f{number.strip().upper()}")

    def visit(self, number: str) -> str:
        """The visit's own number, or, where it has the form of an HKID, a keyed stand-in: the same for every message
        of the visit."""
        if not has_identity(number.encode()):
            return number
        return "v-" + self._keyed(f"visit\x1f{number}").removeprefix("p-")

    def _keyed(self, identity: str) -> str:
        message = f"{self.namespace}\x1f{identity}".encode()
        return "p-" + hmac.digest(self.key, message, hashlib.sha256)[:16].hex()
