"""Records that no decent client sends."""

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

__all__ = ["send_with_bad_header"]

_CHECKSUM = 17
_CHECKED_FROM = 21
"""Where a record batch has its checksum, and from where on it is taken."""


async def send_with_bad_header(kafka: str, topic: str, partition: int, key: bytes, value: bytes) -> int:
    """A record with a header whose name is not UTF-8; returns its offset."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, timestamp=1_700_000_000_000, key=key, value=value, headers=[("!bad!", b"")])
    batch = bytearray(bytes(builder.build()).replace(b"!bad!", b"\xff\xfe\xfd\xfc\xfb"))
    batch[_CHECKSUM:_CHECKED_FROM] = calc_crc32c(bytes(batch[_CHECKED_FROM:])).to_bytes(4)
    client = AIOKafkaClient(bootstrap_servers=kafka)
    await client.bootstrap()
    try:
        await client.add_topic(topic)
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        request = ProduceRequest(None, required_acks=-1, timeout=10_000, topics=[(topic, [(partition, bytes(batch))])])
        answer = await client.send(leader, request)
    finally:
        await client.close()
    ((_, ((_, error, offset, *_),)),) = answer.topics
    assert error == 0
    return int(offset)
