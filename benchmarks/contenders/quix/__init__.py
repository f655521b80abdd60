"""Quix Streams as a peer, in an environment of its own: it pins other versions of what we use."""

from collections.abc import Iterable
from pathlib import Path

import orjson

from benchmarks.contenders.entry import Entry
from benchmarks.contenders.environments import environment, pinned
from services.runtime.fold import Record, Value

__all__ = ["VERSION", "changelog", "command", "prepare", "state"]

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"

VERSION = pinned(_REQUIREMENTS, "quixstreams")


def prepare() -> None:
    """Makes its environment. Raises Problem."""
    environment("quix", _REQUIREMENTS)


def command(guarantee: str, entry: Entry) -> list[str]:
    """The command line of one race."""
    python = environment("quix", _REQUIREMENTS)
    return [str(python), str(_HERE / "count.py"), guarantee, entry.source, entry.sink, entry.name, str(entry.folder)]


def changelog(entry: Entry) -> str:
    """The topic that it makes for its state."""
    return f"changelog__{entry.name}--{entry.source}--default"


def state(records: Iterable[Record]) -> dict[str, Value]:
    """Its keys are the record's key, a bar, and the name under which the function keeps the value, as JSON."""
    last = {record.key: record.value for record in records}
    return {key.split(b"|", 1)[0].decode(): {"count": orjson.loads(value)} for key, value in last.items()}
