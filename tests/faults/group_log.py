"""Everything that a consumer group has ever committed, from Kafka's own topic of offsets."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.runtime.cluster import group_of

if TYPE_CHECKING:
    from tests.faults.bench import FaultBench

__all__ = ["Commit", "commits_of"]

_OFFSETS = "__consumer_offsets"

_PARTITIONS = 4
"""As `services.runtime.kafka_dev` has it."""


@dataclass(frozen=True)
class Commit:
    """One committed offset, whether by the group or by a transaction that was committed."""

    topic: str
    partition: int
    offset: int
    metadata: str


async def commits_of(bench: "FaultBench", processor: str) -> list[Commit]:
    """What the processor's group committed, in order. (A group's records are all in one partition, and Kafka
    compacts none that is younger than its segment.)"""
    group = group_of(processor).encode()
    found: list[Commit] = []
    for record in (await bench.read(_OFFSETS, partitions=_PARTITIONS))[_OFFSETS]:
        key = _Reader(record.key)
        if key.number("h") > 1 or key.text() != group or record.value is None:
            continue  # a group's members, another group, or an offset that was removed
        topic, partition = key.text().decode(), key.number("i")
        value = _Reader(record.value)
        version, offset = value.number("h"), value.number("q")
        if version >= 3:
            value.number("i")  # the leader's epoch
        metadata = value.compact_text() if version >= 4 else value.text()
        found.append(Commit(topic, partition, offset, metadata.decode()))
    return found


class _Reader:
    """Kafka's plain wire format: big-endian numbers, and text with its length before it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, form: str) -> int:
        size = struct.calcsize(form)
        (value,) = struct.unpack_from(f">{form}", self._data, self._at)
        self._at += size
        return int(value)

    def text(self) -> bytes:
        return self._bytes(self.number("h"))

    def compact_text(self) -> bytes:
        """Its length, plus one, is a number of seven bits a byte, the lowest first."""
        size = shift = 0
        while (part := self.number("B")) & 0x80:
            size |= (part & 0x7F) << shift
            shift += 7
        return self._bytes((size | part << shift) - 1)

    def _bytes(self, size: int) -> bytes:
        value = self._data[self._at : self._at + size]
        self._at += size
        return value
