"""What the adapters keep beside the unit book, in the same database: how deliveries stand. No identity."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

__all__ = ["METADATA", "deliveries", "endpoints"]

METADATA = MetaData()

_ID = String(96)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("unit", _ID, primary_key=True),
    Column("ref", _ID, primary_key=True),
    Column("change", Integer, nullable=False, comment="of the book, that was tried last"),
    Column("state", String(10), nullable=False, comment="waiting (to be tried again) or stuck (a person decides)"),
    Column(
        "attempts", Integer, nullable=False, comment="in vain, since the change or since a person set it going again"
    ),
    Column("failing_since", String(40), nullable=False, comment="the first attempt in vain, by the units' clock"),
    Column("next_ms", BigInteger, nullable=False, comment="not before, in real milliseconds since 1970"),
    Column("why", Text, nullable=False, comment="what the unit's system said last, or how it failed to answer"),
    Index("deliveries_by_state", "state"),
)
"""Tasks that a unit's system has not taken at the last attempt; a row goes when it has. It outlives a restart."""

endpoints = Table(
    "endpoints",
    METADATA,
    Column("unit", _ID, primary_key=True),
    Column("failures", Integer, nullable=False, comment="in a row, of whatever task"),
    Column("next_ms", BigInteger, nullable=False),
)
"""Units' systems that do not answer: while one is down, one task at a time tries whether it is back."""
