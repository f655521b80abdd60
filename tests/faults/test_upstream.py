"""Faults of aiokafka that show on a real broker only, and what we do about them (docs/upstream.md).

Where a test of a fault fails after an upgrade, upstream has mended it: the workaround may go.
"""

import asyncio
import logging
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.outside import readable_ends
from services.runtime.settings import Settings
from services.runtime.transaction import Writer

pytestmark = pytest.mark.kafka


async def test_647_a_consumer_that_is_stopped_at_once_cancels_its_caller(kafka: str) -> None:
    """aio-libs/aiokafka#647: whoever stops it seems to have been cancelled; a task ends by that without a word."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    with pytest.raises(asyncio.CancelledError):
        await consumer.stop()


async def test_647_the_watchdogs_question_survives_it(kafka: str) -> None:
    assert await readable_ends(Settings(kafka=kafka), [], 10) == {}


class _Failing(ConsumerRebalanceListener):  # type: ignore[misc]
    """Raises when it is given partitions."""

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        raise ValueError("the state could not be restored")


async def test_a_listener_that_fails_is_only_logged(
    kafka: str, fresh_topic: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """No issue upstream (kafka-python's is dpkp/kafka-python#917). So our listener ends the process itself."""
    # Where set_up_logs has been called in this process, nothing else hears the client's loggers.
    logging.getLogger("aiokafka").addHandler(caplog.handler)
    topic = fresh_topic()
    async with Writing(kafka, topic) as writer:
        await writer.commit_one(b"read all the same")
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=f"{topic}-group", auto_offset_reset="earliest")
    consumer.subscribe([topic], listener=_Failing())
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            assert (await consumer.getone()).value == b"read all the same"
        assert "the state could not be restored" in caplog.text
    finally:
        logging.getLogger("aiokafka").removeHandler(caplog.handler)
        await consumer.stop()


class _Slow(ConsumerRebalanceListener):  # type: ignore[misc]
    """Takes longer than the session when it is first given partitions."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.given = 0

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.given += 1
        if self.given == 1:
            await asyncio.sleep(self.seconds)


async def test_no_heartbeat_is_sent_while_a_listener_works(kafka: str, fresh_topic: Callable[..., str]) -> None:
    """No issue upstream: a listener that restores state for longer than the session is put out of its group. So ours
    starts a task and returns."""
    topic, listener = fresh_topic(), _Slow(5)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=f"{topic}-group", session_timeout_ms=2000, heartbeat_interval_ms=200
    )
    consumer.subscribe([topic], listener=listener)
    await consumer.start()
    try:
        async with asyncio.timeout(40):
            while listener.given < 2:  # noqa: ASYNC110 - it had to join anew
                await asyncio.sleep(0.1)
    finally:
        await consumer.stop()


class Writing:
    """A task's writer in an async with."""

    def __init__(self, kafka: str, topic: str) -> None:
        self._topic = topic
        self.writer = Writer(Settings(kafka=kafka), f"{topic}-writer", f"{topic}-writers")

    async def __aenter__(self) -> "Writing":
        await self.writer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.writer.stop()

    async def commit_one(self, value: bytes) -> None:
        """One record in one transaction."""
        self.writer.add(self._topic, 0, None, value, 1)
        await self.writer.commit({TopicPartition(self._topic, 0): (0, "")})


async def test_a_fenced_producer_raises_again_when_it_is_asked_to_abort(
    kafka: str, fresh_topic: Callable[..., str]
) -> None:
    """No issue upstream: after the fencing, `abort_transaction` raises too. `Writer.give_up` expects it."""
    topic = fresh_topic()
    async with Writing(kafka, topic) as old, Writing(kafka, topic) as new:
        await new.commit_one(b"successor")
        with pytest.raises(KafkaError):
            await old.commit_one(b"late")
        with pytest.raises(Exception, match=r"(?i)fenced|transaction|state"):
            await old.writer._producer.abort_transaction()
        await old.writer.give_up()
