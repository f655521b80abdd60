"""The vault's key: a private key of X25519. Dead letters are sealed to its public half; what is held at rest, under a
key that is derived from it."""

import base64
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.secret import Aead

from contracts.deadletters import DeadLetter
from services.runtime.errors import Problem
from services.runtime.letters import unsealed
from services.runtime.vault_log import read_private_key

__all__ = ["VaultKey"]


class VaultKey:
    """Seals and opens. Its text forms show nothing."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        at_rest = blake2b(b"identities at rest", key=private, digest_size=Aead.KEY_SIZE, person=b"kithline-vault")
        self._box = Aead(at_rest.digest())

    @classmethod
    def of_file(cls, path: Path) -> "VaultKey":
        """The key of a file of 32 bytes, or their base64 or hex. Raises Problem."""
        return cls(read_private_key(path))

    @property
    def public(self) -> str:
        """base64 of the public half: KITHLINE_VAULT_PUBLIC_KEY of the services that seal."""
        return base64.b64encode(bytes(PrivateKey(self._private).public_key)).decode()

    def seal(self, content: bytes, about: str) -> bytes:
        """XChaCha20-Poly1305 with a nonce of its own. `about` (the subject's id) is bound to it: what is sealed about
        one person cannot be put in the place of another's."""
        return bytes(self._box.encrypt(content, about.encode()))

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Raises Problem for what was sealed to another key, about somebody else, or was changed since."""
        try:
            return self._box.decrypt(sealed, about.encode())
        except (CryptoError, ValueError):
            raise Problem(
                "an identity in the vault's store does not open: it was sealed to another key, or changed since; see "
                "whether KITHLINE_VAULT_KEY_FILE is the key with which it was loaded"
            ) from None

    def open_letter(self, letter: DeadLetter) -> dict[str, Any]:
        """`key`, `value` and `headers` of a sealed dead letter, in base64. Raises Problem for another key's."""
        return unsealed(letter, self._private)
