"""What the tests of faults share."""

import socket
from collections.abc import Iterator

import pytest

from services.runtime.kafka_dev import Broker, start_broker

pytest.register_assert_rewrite("tests.faults.counter")

from tests.faults.bench import FaultBench, fault_bench  # noqa: E402 - after its asserts are made to explain themselves


@pytest.fixture
def line(kafka: str) -> Iterator[FaultBench]:
    with fault_bench(kafka) as made:
        yield made


@pytest.fixture(scope="session")
def front() -> int:
    """The port of a proxy before `proxied`; each test starts its own there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def proxied(front: int) -> Iterator[Broker]:
    """A broker for tests that harm it, or the way to it. It stands and answers after each."""
    started = start_broker(fronts=(front,))
    try:
        yield started
    finally:
        started.stop()
