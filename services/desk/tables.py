"""What the desk keeps beside its book: who may sign in, who is signed in, notes, decisions. No identity of a client."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

__all__ = ["DESK", "accounts", "attempts", "decisions", "notes", "released", "revisions", "sessions"]

DESK = MetaData()

_ID = String(100)
_INSTANT = String(40)

accounts = Table(
    "accounts",
    DESK,
    Column("name", _ID, primary_key=True, comment="a number or role in the unit; no person's name is needed"),
    Column("unit", _ID, nullable=False),
    Column("role", String(10), nullable=False),
    Column("secret", Text, comment="scrypt; null for who signs in elsewhere (OIDC)"),
    Column("active", Boolean, nullable=False, default=True),
)

sessions = Table(
    "sessions",
    DESK,
    Column("token", String(64), primary_key=True, comment="SHA-256 of what the cookie holds"),
    Column("account", _ID, nullable=False),
    Column("form_token", String(64), nullable=False),
    Column("until", BigInteger, nullable=False, comment="ms since 1970"),
)

attempts = Table(
    "attempts",
    DESK,
    Column("who", String(120), primary_key=True, comment="SHA-256 of an account's name, or of an address"),
    Column("failed", Integer, nullable=False),
    Column("until", BigInteger, nullable=False, comment="no further try before, ms since 1970"),
)

notes = Table(
    "desk_notes",
    DESK,
    Column("unit", _ID, primary_key=True),
    Column("ref", _ID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("actor", _ID, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("about", String(40), nullable=False),
    Column("text", Text, nullable=False),
)
"""Notes of a unit about its task: they stay at the desk."""

revisions = Table(
    "revisions",
    DESK,
    Column("unit", _ID, primary_key=True),
    Column("task_id", _ID, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", _INSTANT, nullable=False, comment="when it came here, by the units' clock"),
    Column("status", String(20), nullable=False),
    Column("business_status", String(30), nullable=False),
    Column("reason", String(70)),
    Column("outcome", String(40)),
)
"""How each task came to be as it is, for the unit that held it."""

released = Table(
    "released",
    DESK,
    Column("flag_id", _ID, primary_key=True),
    Column("record", Text, nullable=False, comment="the decision, JSON"),
)
"""What officers have released, here or elsewhere, as `officer.decisions` tells."""

decisions = Table(
    "decisions",
    DESK,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("decision_id", _ID, nullable=False, unique=True),
    Column("flag_id", _ID, nullable=False),
    Column("wave", _ID, nullable=False),
    Column("record", Text, nullable=False, comment="for officer.decisions, JSON"),
    Column("state", String(10), nullable=False),
    Index("decisions_by_state", "state"),
    Index("decisions_by_wave", "wave"),
)
"""What officers have decided at this desk, on its way to `officer.decisions`."""
