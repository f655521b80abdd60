"""The one table of topics, `contracts/topics.yaml`, loaded and checked."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import contracts
from services.runtime.errors import Problem

__all__ = ["TABLE", "Topic", "load_topics", "topics"]

TABLE = Path(contracts.__file__).with_name("topics.yaml")

_DAY_MS = 86_400_000
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=200)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Kind = TypeVar("_Kind", bound=_Row)


class _Defaults(_Row):
    partitions: int = Field(ge=1, le=1000)
    cleanup: Literal["delete", "compact"]
    retention_days: int | None = Field(ge=1)


class Topic(_Row):
    """One topic: what is in it, who owns, writes and reads it, and how Kafka keeps it."""

    name: _Name
    key: str
    kind: Literal["feed", "inner", "published", "answers", "control", "changelog"]
    owner: str
    partitions: int = Field(ge=1, le=1000)
    cleanup: Literal["delete", "compact"]
    retention_days: int | None = Field(ge=1)
    """None: kept while compaction keeps it."""
    model: str | None = None
    """The pydantic model of the values, in words. None: bytes that only their owner reads."""
    read: tuple[_Name, ...] = ()
    write: tuple[_Name, ...] = ()
    """Processors, or `cli`. Empty for feeds: outside producers write these."""

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
                "retention.ms": "-1",
            }
        kept = -1 if self.retention_days is None else self.retention_days * _DAY_MS
        return {"cleanup.policy": "delete", "retention.ms": str(kept)}


@cache
def topics() -> Mapping[str, Topic]:
    """The table of this checkout, name to topic, in the order of the file."""
    return load_topics(TABLE)


def load_topics(path: Path) -> Mapping[str, Topic]:
    """Reads a table. Raises Problem that names file, line and mistake."""
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as fault:
        raise Problem(f"cannot read the table of topics {path} ({fault.strerror})") from fault
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise Problem(f"{path}, line {line}: not YAML: {fault.problem or fault}") from fault
    parts = _mapping(document)
    if parts.keys() != {"defaults", "topics"}:
        raise Problem(f"{path}, line 1: must hold `defaults` and `topics` and nothing else, has {sorted(parts)}")
    defaults = _read(_Defaults, parts["defaults"], {}, path)
    rows = parts["topics"]
    if not isinstance(rows, yaml.SequenceNode):
        raise Problem(f"{path}, line {_line(rows)}: `topics` must be a list")
    table: dict[str, Topic] = {}
    for node in rows.value:
        topic = _read(Topic, node, defaults.model_dump(), path)
        if topic.name in table:
            raise Problem(f"{path}, line {_line(node)}: topic {topic.name} stands there twice; remove one")
        table[topic.name] = topic
        _check_counts(topic, table, f"{path}, line {_line(node)}")
    return MappingProxyType(table)


def _read(model: type[_Kind], node: yaml.Node, defaults: dict[str, object], path: Path) -> _Kind:
    """One row, over its defaults. Compacted topics have no retention of their own to inherit."""
    row = _Values().construct_document(node)
    if not isinstance(row, dict):
        raise Problem(f"{path}, line {_line(node)}: expected `name: value` pairs, found {row!r}")
    if row.get("cleanup") == "compact":
        defaults = {**defaults, "retention_days": None}
    try:
        return model.model_validate({**defaults, **row})
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(map(str, first["loc"]))
        at = _mapping(node).get(str(first["loc"][0]), node) if first["loc"] else node
        of = f" of {row['name']}" if "name" in row else ""
        raise Problem(f"{path}, line {_line(at)}: {place}{of}: {first['msg']}") from fault


def _check_counts(topic: Topic, table: Mapping[str, Topic], where: str) -> None:
    """A task is one partition number over all topics that its processor reads, and its changelog."""
    readers = {*topic.read} if topic.kind != "changelog" else {topic.owner}
    for other in table.values():
        theirs = {*other.read} if other.kind != "changelog" else {other.owner}
        if (shared := readers & theirs) and other.partitions != topic.partitions:
            raise Problem(
                f"{where}: {topic.name} has {topic.partitions} partitions, {other.name} {other.partitions}, "
                f"but {min(shared)} uses both and needs equal counts"
            )


class _Values(yaml.SafeLoader):
    """Turns composed nodes into plain values."""

    def __init__(self) -> None:
        super().__init__("")


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
