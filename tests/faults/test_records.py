"""Records that are nobody's format: they end nothing silently."""

import pytest
from aiokafka import OffsetAndMetadata, TopicPartition

from services.runtime.cluster import admin, group_of
from services.runtime.ending import MISCONFIGURED
from services.runtime.partitions import partition_of
from tests.faults.bench import FaultBench
from tests.faults.job import PARTITIONS
from tests.faults.raw import send_with_bad_header

pytestmark = pytest.mark.kafka


async def test_a_header_that_the_client_cannot_read_is_named_and_can_be_passed(line: FaultBench) -> None:
    await line.make_topics()
    topic, key = line.inputs[1], "household-1"
    place = TopicPartition(topic, partition_of(key.encode(), PARTITIONS))
    await line.feed(0, 50)
    offset = await send_with_bad_header(line.kafka, topic, place.partition, key.encode(), b'{"n": 51, "x": 1}')
    await line.feed(50, 60)
    for _ in range(2):  # again after a restart: it is not passed over in silence
        worker = line.start(member="one")
        assert await worker.ended() == MISCONFIGURED
        (problem,) = [text for text in worker.log.splitlines() if text.startswith("kithline: ")]
        assert f"{topic}, partition {place.partition}, offset {offset}: a record that the Kafka client" in problem

    # as the problem says
    async with admin(line.settings) as client:
        found = await client.list_consumer_group_offsets(group_of(line.processor.name), partitions=[place])
    assert found[place].offset <= offset
    await line.move_group({place: OffsetAndMetadata(offset + 1, found[place].metadata)})
    line.start(member="one")
    await line.rest()
