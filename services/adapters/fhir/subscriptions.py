"""Subscriptions of units: who is notified where. The resource as FHIR R4 has it, and the table that keeps it.

What a unit gives as `channel.header` (its own server's password) is kept and never shown again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.adapters.fhir.mapping import Resource
from services.adapters.fhir.outcome import Fault
from services.adapters.fhir.searching import Query, read_query
from services.adapters.tables import METADATA
from services.book.tables import held, put

__all__ = [
    "PAYLOAD",
    "Subscription",
    "all_active",
    "checked",
    "forget",
    "keep",
    "newest_change",
    "note",
    "of_unit",
    "read_subscription",
]

PAYLOAD = "application/fhir+json"


_table = Table(
    "fhir_subscriptions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("unit", String(96), nullable=False, index=True),
    Column("said", Text, nullable=False, comment="criteria, endpoint, payload, header, reason, end: JSON"),
    Column("status", String(10), nullable=False, comment="active, error or off"),
    Column("error", Text),
    Column("told", Integer, nullable=False, comment="number of the last change that it was notified of"),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("next_ms", BigInteger, nullable=False, comment="not before, in real milliseconds since 1970"),
)


@dataclass(frozen=True)
class Subscription:
    """A unit's wish to be notified of changes that `criteria` finds, at `endpoint`: with nothing (it then asks what is
    new), or (`payload`) with each Task."""

    id: str
    unit: str
    criteria: str
    endpoint: str
    reason: str
    payload: str | None = None
    header: Sequence[str] = ()
    end: str | None = None
    status: str = "active"
    error: str | None = None
    told: int = -1
    failures: int = 0
    next_ms: int = 0

    @property
    def query(self) -> Query:
        """What it wants to hear of."""
        return read_query(parse_qsl(urlsplit(self.criteria).query, keep_blank_values=True))

    @property
    def resource(self) -> Resource:
        """As FHIR has it, without the header."""
        channel: Resource = {"type": "rest-hook", "endpoint": self.endpoint}
        if self.payload is not None:
            channel["payload"] = self.payload
        found: Resource = {
            "resourceType": "Subscription",
            "id": self.id,
            "status": self.status,
            "reason": self.reason,
            "criteria": self.criteria,
            "channel": channel,
        }
        return found | ({"end": self.end} if self.end else {}) | ({"error": self.error} if self.error else {})


def read_subscription(unit: str, body: Mapping[str, Any], hosts: Sequence[str]) -> Subscription:
    """The subscription that a unit asks for (read by `reading` before); it may be notified on `hosts`. Raises Fault."""
    channel = body["channel"]
    if body["status"] not in ("requested", "active"):
        raise Fault(
            422, "business-rule", "status is requested; delete the subscription to end it", "Subscription.status"
        )
    if channel.get("type") != "rest-hook":
        raise Fault(422, "not-supported", "the channel's type is rest-hook", "Subscription.channel.type")
    if channel.get("payload") not in (None, "", PAYLOAD):
        says = f"payload is {PAYLOAD}, or left out"
        raise Fault(422, "not-supported", says, "Subscription.channel.payload")
    criteria = body["criteria"]
    kind, _, query = criteria.partition("?")
    if kind != "Task":
        raise Fault(422, "not-supported", "criteria begin with Task? (or are Task)", "Subscription.criteria")
    try:
        asked = read_query(parse_qsl(query, keep_blank_values=True))
    except Fault as fault:
        raise Fault(422, fault.code, f"criteria: {fault.says}", "Subscription.criteria") from None
    if asked.owners is not None and asked.owners != {unit}:
        raise Fault(
            422, "business-rule", f"a unit hears of its own tasks: owner=Organization/{unit}", "Subscription.criteria"
        )
    endpoint = checked(channel.get("endpoint") or "", hosts)
    header = list(channel.get("header") or [])
    for line in header:
        name, colon, value = line.partition(":")
        if not (colon and name.strip().replace("-", "").isalnum() and value.isprintable()):
            raise Fault(422, "value", "a header is written `Name: value`", "Subscription.channel.header")
    payload = channel.get("payload") or None
    # derived: the same wish said again is the same subscription
    digest = hashlib.sha256("\x1f".join((unit, criteria, endpoint, payload or "")).encode()).hexdigest()
    return Subscription(f"s-{digest[:32]}", unit, criteria, endpoint, body["reason"], payload, header, body.get("end"))


def checked(endpoint: str, hosts: Sequence[str]) -> str:
    """The endpoint, if it may be called. Raises Fault."""
    where = "Subscription.channel.endpoint"
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Fault(422, "value", "endpoint is no address of the web", where) from None
    if parts.scheme not in ("http", "https") or host is None or parts.username or parts.fragment or parts.query:
        raise Fault(422, "value", "endpoint is https://host[:port]/path, without a user, a query or a fragment", where)
    if parts.scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        raise Fault(422, "security", "endpoint has no encryption; use https", where)
    named = host if port is None else f"{host}:{port}"
    if named not in hosts and host not in hosts:
        says = f"{named} is none of your unit's hosts for notifications; ask the operator to add it (notify_hosts)"
        raise Fault(422, "security", says, where)
    return endpoint.rstrip("/")


async def newest_change(connection: AsyncConnection) -> int:
    """The number of the last change in the book."""
    newest = (await connection.execute(select(func.max(held.c.change)))).scalar_one_or_none()
    return -1 if newest is None else int(newest)


async def keep(connection: AsyncConnection, one: Subscription) -> Subscription:
    """Keeps a subscription, from now on; one that was there goes on where it was, active again."""
    before = (await connection.execute(select(_table).where(_table.c.id == one.id))).first()
    told = await newest_change(connection) if before is None else before.told
    said = {name: getattr(one, name) for name in ("criteria", "endpoint", "payload", "header", "reason", "end")}
    row = {
        "unit": one.unit,
        "said": orjson.dumps(said).decode(),
        "status": "active",
        "error": None,
        "told": told,
        "failures": 0,
        "next_ms": 0,
    }
    insert = put(connection, _table).values(id=one.id, **row)
    await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=row))
    return replace(one, told=told)


async def of_unit(connection: AsyncConnection, unit: str, name: str | None = None) -> list[Subscription]:
    """A unit's subscriptions, or the one with that id."""
    wanted = _table.c.unit == unit if name is None else (_table.c.unit == unit) & (_table.c.id == name)
    rows = (await connection.execute(select(_table).where(wanted).order_by(_table.c.id))).all()
    return [_read(row) for row in rows]


async def all_active(connection: AsyncConnection) -> list[Subscription]:
    """Those that are to be notified, of all units."""
    wanted = select(_table).where(_table.c.status == "active").order_by(_table.c.id)
    return [_read(row) for row in (await connection.execute(wanted)).all()]


async def note(connection: AsyncConnection, one: Subscription) -> None:
    """How far a subscription has got, and how it stands."""
    state = {name: getattr(one, name) for name in ("status", "error", "told", "failures", "next_ms")}
    await connection.execute(update(_table).where(_table.c.id == one.id).values(state))


async def forget(connection: AsyncConnection, unit: str, name: str) -> bool:
    """Ends a unit's subscription; tells whether it had it."""
    done = await connection.execute(delete(_table).where((_table.c.unit == unit) & (_table.c.id == name)))
    return bool(done.rowcount)


def _read(row: Any) -> Subscription:
    state = {name: getattr(row, name) for name in ("status", "error", "told", "failures", "next_ms")}
    return Subscription(id=row.id, unit=row.unit, **orjson.loads(row.said), **state)
