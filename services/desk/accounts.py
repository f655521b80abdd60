"""Who may sign in, and who is signed in. An account belongs to one unit.

A session is a row here and a random token in a cookie: signing out, a new password or a closed account end it at once.
"""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.ids import Token
from services.book.audit import append
from services.book.store import Store
from services.book.tables import AUDIT, put
from services.book.taking import clock
from services.desk.tables import accounts, attempts, sessions
from services.directory import Directory
from services.runtime.errors import Problem

__all__ = ["LEAST_CHARACTERS", "Accounts", "Role", "TooManyTries", "Who"]

Role = Literal["worker", "officer"]

LEAST_CHARACTERS = 12
"""Of a password (NIST SP 800-63B asks for 8 at least, 15 where nothing else protects; length is what counts)."""

_COST = {"n": 2**15, "r": 8, "p": 1}
"""scrypt: 32 MB and some 0.1 s for each try (OWASP's third set for scrypt has n=2^15, p=3; the tries are few here)."""
_MEMORY = 64 * 1024 * 1024

_FREE_TRIES = {"account": 5, "address": 25}
"""Failed tries before one must wait. A unit's staff share an address, so it may fail more often."""
_FIRST_WAIT_MS = 15_000
_LONGEST_WAIT_MS = 15 * 60_000
_REMEMBERED_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Who:
    """Who is signed in. `form_token` proves that a form was ours."""

    account: str
    unit: str
    role: Role
    form_token: str


class TooManyTries(Exception):
    """Wait so many `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Accounts:
    """Accounts and sessions in the desk's store. Times are milliseconds since 1970, of a real clock."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def add(self, unit: str, name: str, role: str, password: str | None) -> None:
        """Opens an account, or gives it another password. Raises Problem."""
        self._check(unit, name, role)
        if password is not None and len(password) < LEAST_CHARACTERS:
            raise Problem(f"the password is too short: at least {LEAST_CHARACTERS} characters, for example four words")
        secret = None if password is None else await asyncio.to_thread(_hashed, password)
        async with self._store.write() as transaction:
            known = (await transaction.execute(select(accounts).where(accounts.c.name == name))).first()
            if known is not None and known.unit != unit:
                raise Problem(f"account {name} belongs to unit {known.unit}; an account belongs to one unit")
            await _keep(transaction, name, unit, role, secret)
            await transaction.execute(delete(sessions).where(sessions.c.account == name))
            await _audit(transaction, "account added" if known is None else "account changed", unit, name)

    async def close(self, name: str) -> None:
        """Closes an account; who is signed in with it is signed out. Raises Problem."""
        async with self._store.write() as transaction:
            row = (await transaction.execute(select(accounts).where(accounts.c.name == name))).first()
            if row is None:
                raise Problem(f"there is no account {name}; `kithline desk account list` shows them")
            await transaction.execute(update(accounts).where(accounts.c.name == name).values(active=False))
            await transaction.execute(delete(sessions).where(sessions.c.account == name))
            await _audit(transaction, "account closed", row.unit, name)

    async def listed(self) -> list[tuple[str, str, str, bool]]:
        """(name, unit, role, active) of each account."""
        async with self._store.read() as look:
            rows = await look.execute(select(accounts).order_by(accounts.c.unit, accounts.c.name))
            return [(row.name, row.unit, row.role, row.active) for row in rows]

    async def sign_in(self, name: str, password: str, address: str, now: int, hours: float) -> str | None:
        """The cookie's token of a new session; None for a name or password that is wrong: which, is not said.
        Raises TooManyTries."""
        # digests: people type their passwords into the wrong field
        tried = {_digest(f"account {name}"): "account", _digest(f"address {address}"): "address"}
        async with self._store.write() as transaction:
            await _wait_over(transaction, tried, now)
            await _count(transaction, tried, now)  # before the password is looked at: tries at once are tries too
            row = (await transaction.execute(select(accounts).where(accounts.c.name == name))).first()
        known = row is not None and row.active and row.secret is not None
        # who is unknown takes as long as who is known
        fits = await asyncio.to_thread(_fits, password, row.secret if known and row is not None else _NOBODY)
        async with self._store.write() as transaction:
            if not known or not fits or row is None:
                await _audit(transaction, "sign-in failed", row.unit if row else None, name if row else None)
                return None
            await transaction.execute(delete(attempts).where(attempts.c.who.in_(tried)))
            return await _begin(transaction, row.name, row.unit, now, hours)

    async def sign_in_as(self, name: str, unit: str, role: str, now: int, hours: float) -> str:
        """The token of a new session of somebody whom another place (OIDC) has vouched for. Raises Problem."""
        self._check(unit, name, role)
        async with self._store.write() as transaction:
            row = (await transaction.execute(select(accounts).where(accounts.c.name == name))).first()
            if row is not None and (row.secret is not None or not row.active):
                raise Problem(f"account {name} is closed, or signs in here")
            await _keep(transaction, name, unit, role, None)
            return await _begin(transaction, name, unit, now, hours)

    async def who(self, token: str | None, now: int) -> Who | None:
        """Who holds this token; None where nobody does, any more."""
        if not token:
            return None
        async with self._store.read() as look:
            row = (await look.execute(_WHO, {"digest": _digest(token), "now": now})).first()
        return None if row is None else Who(row.name, row.unit, row.role, row.form_token)

    async def sign_out(self, token: str) -> None:
        """Ends the session."""
        async with self._store.write() as transaction:
            await transaction.execute(delete(sessions).where(sessions.c.token == _digest(token)))

    def _check(self, unit: str, name: str, role: str) -> None:
        if role not in ("worker", "officer"):
            raise Problem(f"{role!r} is no role: worker or officer")
        try:
            TypeAdapter(Token).validate_python(name)
        except ValidationError:
            raise Problem(
                f"{name!r}: an account's name has letters, digits and : . _ | - only, for example w-07"
            ) from None
        known = self._directory.unit(unit)
        if known is None:
            raise Problem(f"no unit is called {unit}; deploy/policy/units.yaml has them")
        if role == "officer" and known.kind != "district_office":
            raise Problem(f"{unit} is a {known.kind}: only a district office has officers; add a worker")


_WHO = (
    select(sessions.c.form_token, accounts.c.name, accounts.c.unit, accounts.c.role)
    .join(accounts, accounts.c.name == sessions.c.account)
    .where((sessions.c.token == bindparam("digest")) & (sessions.c.until > bindparam("now")) & accounts.c.active)
)
_NOBODY = "AAAAAAAAAAAAAAAAAAAAAA==$" + b64encode(bytes(32)).decode()


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{b64encode(salt).decode()}${b64encode(_scrypt(password, salt)).decode()}"


def _fits(password: str, secret: str) -> bool:
    salt, _, digest = secret.partition("$")
    return hmac.compare_digest(_scrypt(password, b64decode(salt)), b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=_MEMORY, dklen=32, **_COST)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def _keep(transaction: AsyncConnection, name: str, unit: str, role: str, secret: str | None) -> None:
    values = {"unit": unit, "role": role, "secret": secret, "active": True}
    row = put(transaction, accounts).values(name=name, **values)
    await transaction.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


async def _begin(transaction: AsyncConnection, name: str, unit: str, now: int, hours: float) -> str:
    token = secrets.token_urlsafe(32)
    await transaction.execute(delete(sessions).where(sessions.c.until <= now))
    row = {"token": _digest(token), "account": name, "form_token": secrets.token_urlsafe(24)}
    await transaction.execute(insert(sessions).values(**row, until=now + int(hours * 3_600_000)))
    await _audit(transaction, "signed in", unit, name)
    return token


async def _wait_over(transaction: AsyncConnection, tried: Mapping[str, str], now: int) -> None:
    await transaction.execute(delete(attempts).where(attempts.c.until < now - _REMEMBERED_MS))
    rows = (await transaction.execute(select(attempts).where(attempts.c.who.in_(tried)))).all()
    until = max((row.until for row in rows), default=0)
    if until > now:
        raise TooManyTries(-(-(until - now) // 1000))


async def _count(transaction: AsyncConnection, tried: Mapping[str, str], now: int) -> None:
    rows = (await transaction.execute(select(attempts).where(attempts.c.who.in_(tried)))).all()
    before = {row.who: row.failed for row in rows}
    for who, kind in tried.items():
        failed = before.get(who, 0) + 1
        over = failed - _FREE_TRIES[kind]
        wait = min(_FIRST_WAIT_MS * 2 ** min(over, 10), _LONGEST_WAIT_MS) if over >= 0 else 0
        values = {"failed": failed, "until": now + wait}
        row = put(transaction, attempts).values(who=who, **values)
        await transaction.execute(row.on_conflict_do_update(index_elements=["who"], set_=values))


async def _audit(transaction: AsyncConnection, what: str, unit: str | None, name: str | None) -> None:
    # an account that does not exist is not written down: people type their passwords there
    entry = {"what": what, "unit": unit, "actor": name}
    await append(transaction, AUDIT, {key: value for key, value in entry.items() if value}, await clock(transaction))
