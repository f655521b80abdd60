"""The clock as a process of its own. Its tests tick up to 2029, those of the engine from 2030 on."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.instants import from_milliseconds, plus
from services.runtime.fold import TICKS
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.reading import read_topics
from services.runtime.settings import WEB_ORDER, Settings
from services.runtime.topics import topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def clock(ticking_kafka: str, request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[bytes]"]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "KITHLINE_KAFKA": ticking_kafka,
        "KITHLINE_CLOCK": request.param,
        "KITHLINE_WEB_PORT": str(port - WEB_ORDER.index("clock")),
    }
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-m", "services.clock"], env=environment, cwd=root)
    try:
        _until_ready(process, port)
        yield process
    finally:
        process.terminate()
        assert process.wait(15) == 0


def _until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except (HTTPError, URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the clock is not ready after 30 s")


async def _ticks(kafka: str, since: str, before: str, least: int) -> list[tuple[int, str]]:
    """Partition and `as_of` of the first ticks from one instant to another."""
    found: list[tuple[int, str]] = []
    async with AIOKafkaConsumer(TICKS, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        while len(found) < least:
            for records in (await consumer.getmany(timeout_ms=5000)).values():
                # Others of our tests write what is no tick; it would come after every instant.
                ticks = [(record.partition, _as_of(record.value)) for record in records]
                found += [tick for tick in ticks if since <= tick[1] < before]
    return found


def _as_of(value: bytes) -> str:
    with suppress(ValueError, TypeError, KeyError):
        return str(orjson.loads(value)["as_of"])
    return "no tick"


@pytest.mark.parametrize("clock", ["commanded"], indirect=True)
@pytest.mark.usefixtures("clock")
async def test_a_commanded_clock_ticks_once_for_each_command(ticking_kafka: str) -> None:
    instants = ["2029-07-01T00:00:00.000Z", "2029-07-02T00:00:00.000Z"]
    async with (
        AIOKafkaProducer(bootstrap_servers=ticking_kafka) as producer,
        Quiet(Settings(kafka=ticking_kafka), inputs_by_group([])) as quiet,
    ):
        slip = orjson.dumps({"as_of": "2062-07-01T00:00:00.000Z"})
        for command in (b"not a command", slip, *(orjson.dumps({"as_of": as_of}) for as_of in instants)):
            await producer.send_and_wait("clock.commands", command)
            # At rest means that the command was carried out.
            await quiet.wait(20)
    count = topics()[TICKS].partitions
    expected = [(partition, as_of) for partition in range(count) for as_of in instants]
    assert sorted(await _ticks(ticking_kafka, instants[0], "2030", len(expected))) == expected
    all_ticks = await read_topics(Settings(kafka=ticking_kafka), [TICKS])
    assert not any(b"2062" in tick.value for tick in all_ticks)


@pytest.mark.parametrize("clock", ["real"], indirect=True)
@pytest.mark.usefixtures("clock")
async def test_a_real_clock_ticks_with_the_time(ticking_kafka: str) -> None:
    began = from_milliseconds(time.time_ns() // 1_000_000)
    count = topics()[TICKS].partitions
    ticks = await _ticks(ticking_kafka, began, "2029", 3 * count)
    assert {partition for partition, _ in ticks} == set(range(count))
    assert all(as_of < plus(began, seconds=20) for _, as_of in ticks)
