"""Who may ask the vault: credentials with rights, for one unit or several, and the officers whom units have named."""

import hashlib
import hmac
import secrets
from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.errors import Problem
from services.vault.disclosure import Acting
from services.vault.tables import CREDENTIALS, OFFICERS

__all__ = ["RIGHTS", "acting", "give_out", "is_named", "name_officer", "remove_officer", "revoke"]

RIGHTS = {
    "resolve": "learn who a task is about, for a unit that has accepted it",
    "load": "hand in identities, and say which ids are one person",
    "letters": "open sealed dead letters",
    "subjects": "answer and erase persons who ask for it",
}
"""What a credential can be for. None carries more than it needs."""

_SECRET_BYTES = 32


async def give_out(
    connection: AsyncConnection, rights: Collection[str], units: Collection[str], attended: bool, at: str
) -> str:
    """A new credential. What is returned is shown once: the store keeps its hash. Raises Problem."""
    if unknown := sorted(set(rights) - set(RIGHTS)):
        raise Problem(f"there is no right {', '.join(unknown)}; there are {', '.join(RIGHTS)}")
    if not rights:
        raise Problem(f"a credential carries a right: {', '.join(RIGHTS)}")
    if bool(units) != ("resolve" in rights):
        raise Problem("a credential with the right `resolve` acts for units, and no other does: name them, or `*`")
    name = secrets.token_hex(6)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        "id": name,
        "hash": _hash(secret),
        "rights": " ".join(sorted(rights)),
        "units": " ".join(sorted(units)),
        "attended": attended,
        "given_at": at,
    }
    await connection.execute(CREDENTIALS.insert(), row)
    return f"kv.{name}.{secret}"


async def acting(connection: AsyncConnection, token: str) -> Acting | None:
    """Whom a token stands for; None for one that was never given out or was revoked."""
    match token.split("."):
        case ["kv", name, secret]:
            query = select(CREDENTIALS).where(CREDENTIALS.c.id == name, CREDENTIALS.c.revoked_at.is_(None))
            row = (await connection.execute(query)).first()
            if row is not None and hmac.compare_digest(row.hash, _hash(secret)):
                return Acting(row.id, frozenset(row.rights.split()), frozenset(row.units.split()), row.attended)
    return None


async def revoke(connection: AsyncConnection, name: str, at: str) -> None:
    """Raises Problem for a credential that is not in use."""
    done = await connection.execute(
        CREDENTIALS.update().where(CREDENTIALS.c.id == name, CREDENTIALS.c.revoked_at.is_(None)), {"revoked_at": at}
    )
    if not done.rowcount:
        raise Problem("no credential in use has this id; `kithline vault credentials list` shows them")


async def name_officer(connection: AsyncConnection, unit: str, officer: str, at: str) -> None:
    """From now on the officer may open protected addresses of the unit's tasks."""
    await remove_officer(connection, unit, officer)
    await connection.execute(OFFICERS.insert(), {"unit": unit, "officer": officer, "named_at": at})


async def remove_officer(connection: AsyncConnection, unit: str, officer: str) -> bool:
    """…and from now on no more; tells whether they could before."""
    done = await connection.execute(delete(OFFICERS).where(OFFICERS.c.unit == unit, OFFICERS.c.officer == officer))
    return bool(done.rowcount)


async def is_named(connection: AsyncConnection, unit: str, officer: str) -> bool:
    """Whether the unit has named this officer."""
    query = select(OFFICERS.c.officer).where(OFFICERS.c.unit == unit, OFFICERS.c.officer == officer)
    return (await connection.execute(query)).first() is not None


def _hash(secret: str) -> str:
    """Plain SHA-256: a secret of 256 random bits cannot be tried out, so there is nothing to slow down."""
    return hashlib.sha256(secret.encode()).hexdigest()
