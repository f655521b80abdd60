"""A changelog or a position that somebody has changed: a clear end before anything is done, never a wrong state."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import OffsetAndMetadata, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import PolicyViolationError

from services.runtime.cluster import admin, group_of
from services.runtime.ending import MISCONFIGURED
from services.runtime.partitions import partition_of
from tests.faults.bench import FaultBench
from tests.faults.job import PARTITIONS

pytestmark = pytest.mark.kafka

_KEY = "household-1"
_PART = partition_of(_KEY.encode(), PARTITIONS)
_MARKER = "\x00position"


async def _append(line: FaultBench, key: str, value: bytes | None) -> str:
    """Writes to the changelog what no task has written; returns where it stands."""
    changelog = line.processor.changelog
    (sent,) = await line.send([(changelog, key, value)], partition=_PART)
    return f"{changelog}, partition {_PART}, offset {sent.offset}"


async def _garbage(line: FaultBench) -> str:
    return f"{await _append(line, _KEY, b'garbage')}: a value that no task writes"


async def _damaged(line: FaultBench) -> str:
    await _append(line, _KEY, b'{"count": 3, "su')
    return f"{line.processor.name}, partition {_PART}: the state of key {_KEY} is damaged"


async def _no_marker(line: FaultBench) -> str:
    return f"{await _append(line, _MARKER, b'garbage')}: a marker that no task writes"


async def _marker_ahead(line: FaultBench) -> str:
    await _append(line, _MARKER, b'{"number": 1000, "as_of": "1970-01-01T00:00:00.000Z", "positions": {}}')
    return f"{line.processor.name}-{_PART}: the committed position is of transaction"


async def _a_key_taken_out(line: FaultBench) -> str:
    await _append(line, _KEY, None)
    return f"{line.processor.name}-{_PART}: the changelog has "


async def _beginning_deleted(line: FaultBench) -> str:
    """All but the last marker, which a transaction ends with. (Kafka refuses to, until somebody has given the topic
    another policy.)"""
    place = TopicPartition(line.processor.changelog, _PART)
    last = [r for r in (await line.read(place.topic))[place.topic] if r.partition == _PART][-1]
    assert last.key == _MARKER.encode()
    async with admin(line.settings) as client:
        await client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, place.topic, {"cleanup.policy": "delete"})]
        )
        async with asyncio.timeout(20):
            while True:
                try:
                    await client.delete_records({place: RecordsToDelete(before_offset=last.offset)})
                    break
                except PolicyViolationError:
                    await asyncio.sleep(0.05)
    return f"{line.processor.name}-{_PART}: the changelog has "


async def _position_of_an_earlier_transaction(line: FaultBench) -> str:
    """As a group that was put back from a copy."""
    async with admin(line.settings) as client:
        places = [TopicPartition(name, _PART) for name in line.inputs]
        found = await client.list_consumer_group_offsets(group_of(line.processor.name), partitions=places)
    earlier = {}
    for place, (offset, metadata) in found.items():
        form, number, as_of = metadata.split(" ")
        earlier[place] = OffsetAndMetadata(offset - 1, f"{form} {int(number) - 1} {as_of}")
    await line.move_group(earlier)
    return "the committed position is of transaction"


_DAMAGES = [
    _garbage,
    _damaged,
    _no_marker,
    _marker_ahead,
    _a_key_taken_out,
    _beginning_deleted,
    _position_of_an_earlier_transaction,
]


@pytest.mark.parametrize("damage", _DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
async def test_a_clear_end_for(damage: Callable[[FaultBench], Awaitable[str]], line: FaultBench) -> None:
    await line.make_topics()
    worker = line.start()
    await line.feed(0, 200)
    await line.rest()
    worker.process.terminate()
    assert await worker.ended() == 0
    said = await damage(line)

    await line.feed(200, 250)
    worker = line.start()
    assert await worker.ended() == MISCONFIGURED
    problems = [text for text in worker.log.splitlines() if text.startswith("kithline: ")]
    assert len(problems) == 1
    assert said in problems[0]

    letters = (await line.read("dead.letters"))["dead.letters"]
    assert not [r for r in letters if line.tag.encode() in r.value and b"Problem" in r.value]
