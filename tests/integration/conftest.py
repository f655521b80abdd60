"""What integration tests share beside the broker of all tests."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def ticking_kafka() -> Iterator[str]:
    """A cluster for tests that tick, with the topics of the table: a tick is for everybody who reads `clock.ticks`, so
    on the shared cluster it would move other tests' time."""
    from services.runtime.kafka_dev import start_broker
    from services.runtime.topic_admin import ensure_topics

    started = start_broker()
    try:
        ensure_topics(started.bootstrap)
        yield started.bootstrap
    finally:
        started.stop()
