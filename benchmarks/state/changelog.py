"""A changelog as the engine would have written it, of households that no record has gone through."""

from collections.abc import Iterable

from aiokafka import TopicPartition

from benchmarks.corpus import AS_OF
from services.runtime.cluster import group_of
from services.runtime.marker import MARKER_KEY, Marker
from services.runtime.packing import pack
from services.runtime.partitions import partition_of
from services.runtime.settings import Settings
from services.runtime.transaction import Writer

__all__ = ["value_of", "write_changelog"]

_BATCH = 10_000
"""Households of one transaction."""


def value_of(due: str | None, plain: bytes) -> bytes:
    """A value as the store writes it (a test compares them)."""
    return (due or "").encode() + b"\n" + pack(plain)


async def write_changelog(
    settings: Settings, name: str, source: str, partitions: int, states: Iterable[tuple[str, str | None, bytes]]
) -> int:
    """Writes `changelog.NAME` and the position that goes with it (the beginning of `source`), so that the engine goes
    on from there. Returns the bytes of all values."""
    writer = Writer(settings, f"benchmark-{name}", group_of(name))
    await writer.start()
    written, keys, number = 0, [0] * partitions, 0
    try:
        household = iter(states)
        while True:
            taken = 0
            for key, due, plain in household:
                encoded = key.encode()
                partition = partition_of(encoded, partitions)
                value = value_of(due, plain)
                writer.add(f"changelog.{name}", partition, encoded, value, 0)
                written += len(value)
                keys[partition] += 1
                taken += 1
                if taken == _BATCH:
                    break
            if not taken:
                return written
            number += 1
            for partition in range(partitions):
                marker = Marker(number, AS_OF).packed({source: 0}, keys[partition])
                writer.add(f"changelog.{name}", partition, MARKER_KEY, marker, 0)
            metadata = Marker(number, AS_OF).metadata()
            await writer.commit({TopicPartition(source, at): (0, metadata) for at in range(partitions)})
    finally:
        await writer.stop()
