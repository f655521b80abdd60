"""Cuts a month of records into steps that a real cluster takes in one order only. Pure.

Between two topics Kafka keeps no order: a household's admission and its tenancy may reach it either way round, and a
flag may be raised and taken back on one run and never raised on the next. Both are right, but a demo wants to compare
what the cluster did with a replay, flag for flag. So each *slab* holds, of everybody who is connected (by a household,
care, a merge), the records of one topic and key only; the demo waits until the line is quiet before the next slab.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.instants import canonical, plus
from services.connected import blocks_in, ids_in
from services.runtime.fold import Record

__all__ = ["Step", "components", "receipt", "slabs", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of the month: the tick that reveals it, and the records that have come in by then, slab by slab."""

    as_of: str
    slabs: tuple[tuple[Record, ...], ...]


def receipt(record: Record) -> str | None:
    """When the record came in, as its door stamped it; None where the stamp cannot be read."""
    for name, value in record.headers:
        if name == "ce_receivedtime":
            try:
                return canonical(value.decode())
            except ValueError:
                return None
    return None


def steps(records: Sequence[Record], hours: Sequence[float], start: str) -> Iterator[Step]:
    """The records by the moments of the day (hours after midnight of `start`'s day) at which they are looked at.
    A record without a readable stamp goes with the one before it."""
    component = components(records)
    moments = _moments(start, hours)
    moment, waiting, latest = next(moments), list[Record](), ""
    for record in records:
        latest = max(latest, receipt(record) or latest)
        while latest > moment:
            yield Step(moment, slabs(waiting, component))
            moment, waiting = next(moments), []
        waiting.append(record)
    yield Step(moment, slabs(waiting, component))


def _moments(start: str, hours: Sequence[float]) -> Iterator[str]:
    day = 0
    while True:
        for hour in hours:
            yield plus(start, days=day, hours=hour)
        day += 1


def slabs(records: Sequence[Record], component: dict[str, str]) -> tuple[tuple[Record, ...], ...]:
    """As few slabs as possible; the records of one component keep their order. What units declare counts for whoever is
    asked next, so it comes before everything else, by itself."""
    declared = tuple(record for record in records if _declares(record))
    records = [record for record in records if not _declares(record)]
    component = _with_blocks(records, component)
    found: defaultdict[int, list[Record]] = defaultdict(list)
    last: dict[str, tuple[int, tuple[str, bytes]]] = {}
    for record in records:
        root = _root(component, _nodes(record)[0])
        lane = (record.topic, record.key)
        number, lane_before = last.get(root, (0, lane))
        if lane != lane_before:
            number += 1
        found[number].append(record)
        last[root] = (number, lane)
    rest = tuple(tuple(found[number]) for number in sorted(found))
    return (declared, *rest) if declared else rest


def _declares(record: Record) -> bool:
    """(A home's free places change nobody's tasks.)"""
    return record.topic == "units.declarations" and b"every_seconds" not in record.value


def _with_blocks(records: Sequence[Record], component: dict[str, str]) -> dict[str, str]:
    """The same, with what happened to a whole block tied to its flats among these records. (Not for the whole month:
    between two steps all is quiet, and nobody else in the block need wait for whom the incident concerned.)"""
    flats: defaultdict[str, set[str]] = defaultdict(set)
    struck: set[str] = set()
    for record in records:
        named, blocks = blocks_in(_content(record))
        struck |= blocks
        for block, units in named.items():
            flats[block] |= units
    if not struck:
        return component
    tied = dict(component)
    for block in sorted(struck):
        _join(tied, [block, *sorted(flats[block])])
    return tied


def components(records: Iterable[Record]) -> dict[str, str]:
    """Each id with another id of the same component, the root with itself (a union-find forest)."""
    parent: dict[str, str] = {}
    for record in records:
        _join(parent, _nodes(record))
    return parent


def _join(parent: dict[str, str], nodes: Sequence[str]) -> None:
    first = _root(parent, nodes[0])
    for node in nodes[1:]:
        other = _root(parent, node)
        if other != first:
            parent[other] = first


def _root(parent: dict[str, str], node: str) -> str:
    while parent.setdefault(node, node) != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _nodes(record: Record) -> list[str]:
    """The ids that a record connects; its own key first, for records whose content nobody can read."""
    ids = ids_in(_content(record))
    block = record.topic == "community.observations" and not record.key.startswith(b"p-")
    key = record.key.decode(errors="replace")
    return ids or [key] if block else [key, *ids]


def _content(record: Record) -> Any:
    """The value as JSON has it; None where nobody can read it."""
    try:
        return orjson.loads(record.value)
    except orjson.JSONDecodeError:
        return None
