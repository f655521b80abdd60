"""The one table of topics, `contracts/topics.yaml`, loaded and checked."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

import contracts
from services.runtime.errors import Problem
from services.runtime.yaml_file import read

__all__ = ["TABLE", "Topic", "load_topics", "topics"]

TABLE = Path(contracts.__file__).with_name("topics.yaml")

_DAY_MS = 86_400_000

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=200)]
_Partitions = Annotated[int, Field(ge=1, le=1000)]
_Cleanup = Literal["delete", "compact"]
_Days = Annotated[int, Field(ge=1)]
_Kind = Literal["feed", "inner", "status", "published", "answers", "control", "changelog"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Described(_Row):
    name: _Name
    key: str
    kind: _Kind
    owner: str
    model: str | None = None
    """The pydantic model of the values, in words. None: bytes that only their owner reads."""
    read: tuple[_Name, ...] = ()
    write: tuple[_Name, ...] = ()
    """Processors, or `cli`. Empty for feeds: outside producers write these."""


class Topic(_Described):
    """One topic: what is in it, who owns, writes and reads it, and how Kafka keeps it."""

    partitions: _Partitions
    cleanup: _Cleanup
    retention_days: _Days | None
    """None: kept while compaction keeps it."""
    why: str = ""
    """Why it is kept as long as that, and no longer."""

    @property
    def readers(self) -> frozenset[str]:
        """Who needs it partition by partition: those who read it, or whose state it is."""
        return frozenset({self.owner} if self.kind == "changelog" else self.read)

    @property
    def configuration(self) -> dict[str, str]:
        """The topic's settings for Kafka."""
        if self.cleanup == "compact":
            return {
                "cleanup.policy": "compact",
                # the active segment is never compacted: with Kafka's 1 GB and 7 days, a restore reads a week
                "segment.bytes": str(32 << 20),
                "segment.ms": str(_DAY_MS // 24),
                "min.cleanable.dirty.ratio": "0.3",
                # In a quiet partition too: what was erased must not wait for a third of the log to be overtaken.
                "max.compaction.lag.ms": str(_DAY_MS),
                # Longer than any restore reads: one that began before a key was removed must still see that it was.
                "delete.retention.ms": str(_DAY_MS),
                "retention.ms": "-1",
                # A state value holds a history, a record of it one fact: a value that has grown past Kafka's 1 MiB
                # must not stop its partition for good.
                "max.message.bytes": str(8 << 20),
            }
        kept = -1 if self.retention_days is None else self.retention_days * _DAY_MS
        settings = {"cleanup.policy": "delete", "retention.ms": str(kept)}
        if self.model == "DeadLetter":
            # A bad record as large as its own topic takes (1 MiB) comes here in base64, sealed ones in base64 twice;
            # refused here, it would stop its partition for good.
            settings["max.message.bytes"] = str(3 << 20)
        return settings


class _Written(_Described):
    """A row as the file has it: what it leaves out, the defaults say."""

    partitions: _Partitions | None = None
    cleanup: _Cleanup | None = None
    retention_days: _Days | None = None


class _Defaults(_Row):
    partitions: _Partitions
    cleanup: _Cleanup
    retention_days: _Days | None


class _Table(_Row):
    defaults: _Defaults
    why: dict[_Kind, Annotated[str, Field(min_length=20)]]
    topics: tuple[_Written, ...] = Field(min_length=1)


@cache
def topics() -> Mapping[str, Topic]:
    """The table of this checkout, name to topic, in the order of the file."""
    return load_topics(TABLE)


def load_topics(path: Path) -> Mapping[str, Topic]:
    """Reads a table. Raises Problem that names file, line and mistake."""
    written = read(path, TypeAdapter(_Table))
    table: dict[str, Topic] = {}
    for row in written.topics:
        if row.name in table:
            raise Problem(f"{path}:{_line(path, row.name, 2)}: topic {row.name} is in the table twice; keep one")
        if row.kind not in written.why:
            raise Problem(
                f"{path}:{_line(path, row.name)}: {row.name} is of kind {row.kind}, and `why` does not say why that is "
                "kept; add a line there"
            )
        table[row.name] = topic = _topic(row, written)
        _check_counts(topic, table, path)
    return MappingProxyType(table)


def _topic(row: _Written, table: _Table) -> Topic:
    said = row.model_dump(exclude_unset=True)
    values = {**table.defaults.model_dump(), "why": table.why[row.kind], **said}
    if values["cleanup"] == "compact" and "retention_days" not in said:
        values["retention_days"] = None  # the default is for topics that forget by age
    return Topic.model_validate(values)


def _check_counts(topic: Topic, table: Mapping[str, Topic], path: Path) -> None:
    """A task is one partition number over all topics that its processor reads, and its changelog."""
    for other in table.values():
        if (shared := topic.readers & other.readers) and other.partitions != topic.partitions:
            raise Problem(
                f"{path}:{_line(path, topic.name)}: {topic.name} has {topic.partitions} partitions and {other.name} "
                f"{other.partitions}, but {min(shared)} uses both: give them equal counts"
            )


def _line(path: Path, name: str, occurrence: int = 1) -> int:
    """Where the table speaks of a topic (the line of its name) for the given time; 1 where it is written unusually."""
    places = re.compile(rf"\bname:\s*[\"']?{re.escape(name)}[\"']?\s*(?:[,}}#]|$)")
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if places.search(line)]
    return lines[occurrence - 1] if len(lines) >= occurrence else 1
