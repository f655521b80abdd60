"""`dead.letters`: what could not be applied, whole, with the reason. Nothing disappears."""

from typing import Literal

from pydantic import Field

from .model import Published

__all__ = ["DeadLetter", "Reason"]

Reason = Literal[
    "unreadable",
    "invalid",
    "unknown_type",
    "too_new",
    "future_dated",
    "id_reused",
    "identity",
    "wrong_key",
    "stale_revision",
    "illegal_transition",
    "unknown_task",
    "fold_failed",
]
"""Why: not UTF-8 JSON · a field is wrong · a type this feed does not carry · a schema version newer than ours ·
happened after it was recorded · one id, two bodies · carries an HKID · the record key is not the subject · an answer
to a revision that is no longer current · an answer that the task's state does not allow · an answer to a task that
nobody asked · our own fault, to be replayed after a fix."""


class DeadLetter(Published):
    """The original bytes (base64), or the same bytes sealed to the vault's key where they carry identity."""

    reason: Reason
    detail: str = Field(description="What is wrong, where, and how to mend it; never quotes a value.")
    topic: str
    partition: int
    offset: int
    timestamp_ms: int = Field(description="The original record's Kafka timestamp.")
    processor: str
    sealed: bool = False
    whole: bool = Field(
        default=True,
        description="False: the record is larger than this topic takes, and only its beginning is kept here. All of "
        "it stands at topic, partition and offset for as long as that topic keeps it.",
    )
    key: str | None = Field(description="base64; sealed with the rest where `sealed`.")
    value: str | None = Field(description="base64; where `sealed`, a NaCl sealed box of key, headers and value.")
    headers: list[tuple[str, str]] = Field(description="Names with base64 values; empty where `sealed`.")
