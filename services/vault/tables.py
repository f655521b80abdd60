"""The tables of the vault's store."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

from services.book.audit import audit_table
from services.book.store import offsets_table

__all__ = [
    "ALIASES",
    "AUDIT",
    "CREDENTIALS",
    "ERASED",
    "IDENTITIES",
    "LINKED",
    "METADATA",
    "OFFICERS",
    "REQUESTS",
    "TASKS",
]

METADATA = MetaData()

AUDIT = audit_table(METADATA)
OFFSETS = offsets_table(METADATA)

IDENTITIES = Table(
    "identities",
    METADATA,
    Column("subject", String(48), primary_key=True),
    Column("as_of", String(40), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # a contracts.identity.Identity, sealed about its subject
)

ALIASES = Table(
    "aliases",
    METADATA,
    Column("id", String(48), primary_key=True),
    Column("person", String(48), nullable=False, index=True),  # the first in order of all ids that are this person
)

LINKED = Table(
    "linked",
    METADATA,
    Column("flag_id", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("stands", Boolean, nullable=False),  # whether the flag is open
    Column("heir", String(64)),  # the flag that tells the need now instead
    Column("groups", Text, nullable=False),  # JSON: lists of ids that are one person, the flag's subject in each
)

ERASED = Table(
    "erased",
    METADATA,
    Column("mark", String(64), primary_key=True),  # services.runtime.erasure.fingerprint
    Column("at", String(40), nullable=False),
)

TASKS = Table(
    "tasks",
    METADATA,
    Column("task_id", String(64), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("unit", String(96), nullable=False),
    Column("ref", String(40), nullable=False),  # the task's id in the unit's own namespace
    Column("flag_id", String(64), nullable=False),
    Column("subject", String(48), nullable=False),
    Column("person_ref", String(40), nullable=False),
    Column("unit_kind", String(64), nullable=False),
    Column("asked_of", String(64), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("typology", String(64), nullable=False),
    Column("lawful_basis", String(64), nullable=False),
    Column("stage", String(16), nullable=False),  # services.vault.disclosure.Stage
    Index("tasks_by_ref", "unit", "ref"),
    Index("tasks_by_subject", "subject"),
)

CREDENTIALS = Table(
    "credentials",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("rights", Text, nullable=False),  # words, with spaces between
    Column("units", Text, nullable=False),  # ids, with spaces between; `*` for all
    Column("attended", Boolean, nullable=False),
    Column("given_at", String(40), nullable=False),
    Column("revoked_at", String(40)),
)

OFFICERS = Table(
    "officers",
    METADATA,
    Column("unit", String(96), primary_key=True),
    Column("officer", String(96), primary_key=True),
    Column("named_at", String(40), nullable=False),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", String(40), nullable=False, index=True),
    Column("credential", String(32), nullable=False),
    Column("unit", String(96), nullable=False),  # empty where none could be told
    Column("opened", Boolean, nullable=False),
)
"""What the guard against bulk reading counts; kept for as long as it counts."""
