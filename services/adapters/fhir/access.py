"""Who asks: a bearer token stands for one unit."""

import hashlib
from collections.abc import Mapping, Sequence

from services.adapters.fhir.outcome import Fault
from services.directory import Unit
from services.runtime.errors import Problem

__all__ = ["Access"]

_SCHEME = "bearer "


class Access:
    """The tokens of all units. Only their hashes are kept; a secret of 256 random bits needs no slow hash."""

    def __init__(self, tokens: Mapping[str, tuple[Unit, Sequence[bytes]]]) -> None:
        """`tokens`: of each unit, by its id. Raises Problem where two units have the same."""
        self._units: dict[bytes, Unit] = {}
        for unit, secrets in tokens.values():
            for secret in secrets:
                other = self._units.setdefault(_hash(secret), unit)
                if other.id != unit.id:
                    raise Problem(
                        f"units {other.id} and {unit.id} have the same FHIR token; give each its own "
                        "(`openssl rand -hex 32`), or each could read the other's tasks"
                    )

    def unit(self, authorization: str | None) -> Unit:
        """Whose request it is. Raises Fault (401)."""
        said = authorization or ""
        if not said.lower().startswith(_SCHEME):
            raise Fault(401, "login", "no token: send `Authorization: Bearer …` with the one agreed upon for your unit")
        # looked up by hash: what a comparison's time could tell is nothing about the token
        unit = self._units.get(_hash(said[len(_SCHEME) :].strip().encode()))
        if unit is None:
            raise Fault(401, "login", "this token is no unit's; ask the operator for the one of your unit")
        return unit


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
