"""The timer of the real clock at the end of its app: Faust stops its producer before its timers."""

import pytest
from aiokafka.errors import KafkaConnectionError

from services.clock.app import app, tick_now
from services.runtime.settings import Settings


async def test_a_tick_that_finds_the_producer_gone_is_no_crash_while_the_app_stops() -> None:
    line = app(Settings(clock="real", kafka="127.0.0.1:1"))
    line.gate.partitions = {"clock.ticks": 1, "units.ticks": 1}
    await line.stop()
    assert not await tick_now(line)


async def test_a_tick_that_cannot_be_sent_is_a_fault_otherwise() -> None:
    line = app(Settings(clock="real", kafka="127.0.0.1:1"))
    line.gate.partitions = {"clock.ticks": 1, "units.ticks": 1}
    with pytest.raises(KafkaConnectionError):
        await tick_now(line)
    await line.producer.stop()
