"""The unit book's tables. They hold Kithline's own ids beside the unit's; no identity."""

from functools import cache

from sqlalchemy import Boolean, Column, Index, Insert, Integer, MetaData, String, Table, Text, bindparam, cast, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.book.audit import audit_table
from services.book.store import offsets_table

__all__ = [
    "AUDIT",
    "METADATA",
    "OFFSETS",
    "answers",
    "declared",
    "flags",
    "held",
    "next_number",
    "notes",
    "put",
    "unreadable",
]

METADATA = MetaData()

OFFSETS = offsets_table(METADATA)
AUDIT = audit_table(METADATA)

_ID = String(80)
_INSTANT = String(40)

_UNTOLD = "told < revision"

held = Table(
    "held",
    METADATA,
    Column("unit", _ID, primary_key=True),
    Column("ref", _ID, primary_key=True, comment="the task's id in the unit's own namespace"),
    Column("task_id", _ID, nullable=False, index=True),
    Column("flag_id", _ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("open", Boolean, nullable=False, comment="not ended, and still with this unit"),
    Column("district", _ID),
    Column("business_status", _ID, nullable=False),
    Column("task", Text, nullable=False, comment="the revision as published, JSON"),
    Column("first_at", _INSTANT, nullable=False, comment="when this unit first had it, by the units' clock"),
    Column("changed_at", _INSTANT, nullable=False),
    Column("change", Integer, nullable=False, comment="number of the change in this book, without gaps"),
    Column(
        "told",
        Integer,
        nullable=False,
        default=0,
        comment="the last revision that the unit is known to have; 0: it never heard of the task",
    ),
    Index("held_by_change", "change"),
    Index("held_open", "unit", "open"),
    Index("held_untold", "unit", "change", sqlite_where=text(_UNTOLD), postgresql_where=text(_UNTOLD)),
)
"""What each unit holds, the newest revision; a row stays when the task has ended or gone elsewhere."""

answers = Table(
    "answers",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("update_id", _ID, nullable=False, unique=True),
    Column("unit", _ID, nullable=False),
    Column("ref", _ID, nullable=False),
    Column("household_id", _ID, nullable=False),
    Column("revision", Integer, nullable=False, comment="the task's, that was answered"),
    Column("said", Text, nullable=False, comment="what the unit said, canonical JSON"),
    Column("update", Text, nullable=False, comment="the record for referral.updates, JSON"),
    Column("actor", _ID, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("state", String(10), nullable=False, comment="queued, sent, taken or refused"),
    Column("reason", String(60)),
    Column("detail", Text),
    Index("answers_of_task", "unit", "ref"),
    Index("answers_by_state", "state"),
)
"""What units have answered, and what became of it."""

flags = Table(
    "flags",
    METADATA,
    Column("flag_id", _ID, primary_key=True),
    Column("household_id", _ID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("typology", _ID, nullable=False),
    Column("district", _ID),
    Column("flag", Text, nullable=False, comment="the revision as published, JSON"),
)
"""The flags behind the tasks, the newest revision: why, what is known, how old it is."""

declared = Table(
    "declared",
    METADATA,
    Column("unit", _ID, primary_key=True),
    Column("what", _ID, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("said", Text, nullable=False),
)
"""What units have declared about themselves (`units.status`, JSON): their intake, and the places that are free."""

notes = Table("notes", METADATA, Column("name", _ID, primary_key=True), Column("value", Text, nullable=False))
"""Single values: how far the numbers are, and the units' clock."""

unreadable = Table(
    "unreadable",
    METADATA,
    Column("topic", String(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Integer, primary_key=True),
    Column("why", Text, nullable=False),
)
"""Records that this version cannot read; they are still in Kafka, at that place."""


async def next_number(connection: AsyncConnection, name: str, count: int = 1) -> int:
    """The next of `count` numbers of a row of numbers without gaps, from 0. Who has taken one keeps others waiting
    until it commits, so that they become visible in their order."""
    taken = {"row": name, "first": str(count), "count": count}
    after = (await connection.execute(_move_on(connection.dialect.name), taken)).scalar_one()
    return int(after) - count


@cache  # built once, as other statements that are often used: to put one together costs more than SQLite takes for it
def _move_on(dialect: str) -> Insert:
    moved = cast(cast(notes.c.value, Integer) + bindparam("count"), Text)
    begun = upsert(dialect, notes).values(name=bindparam("row"), value=bindparam("first"))
    done: Insert = begun.on_conflict_do_update(index_elements=["name"], set_={"value": moved})
    return done.returning(notes.c.value)


def put(connection: AsyncConnection, table: Table):  # type: ignore[no-untyped-def]
    """An insert that can say `on_conflict_do_update`, which each of the two databases spells its own way."""
    return upsert(connection.dialect.name, table)


def upsert(dialect: str, table: Table):  # type: ignore[no-untyped-def]
    """The same, for a statement that is built once."""
    return (postgres_insert if dialect == "postgresql" else sqlite_insert)(table)
