"""What all tests share: one real Kafka for the whole run."""

import os
import time
from collections.abc import Callable, Iterator
from itertools import count

import hypothesis  # noqa: F401 - see below
import pytest

# hypothesis is imported before any test: its pytest plugin would import it in the closing summary otherwise, and there
# CPython 3.11 sometimes ends the run with "AST constructor recursion depth mismatch" (twice, after all had passed).

_ATTEMPTS = count(1)
_RUN = f"{os.getpid()}_{int(time.time())}"


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """host:port of a real Kafka: the cluster of KITHLINE_KAFKA, else one for this session."""
    from services.runtime.kafka_dev import broker

    with broker() as started:
        yield started.bootstrap


@pytest.fixture(scope="session")
def line_topics(kafka: str) -> str:
    """The same cluster, with all topics of the table on it. They are shared: use keys of your own."""
    from services.runtime.topic_admin import ensure_topics

    ensure_topics(kafka)
    return kafka


@pytest.fixture
def own_kafka() -> Iterator[str]:
    """A cluster for one test alone, with the topics of the table, all empty. Costs some 3 s."""
    from services.runtime.kafka_dev import start_broker
    from services.runtime.topic_admin import ensure_topics

    started = start_broker()
    try:
        ensure_topics(started.bootstrap)
        yield started.bootstrap
    finally:
        started.stop()


@pytest.fixture
def fresh_topic(kafka: str, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes topics that no other test uses and names them: `fresh_topic("facts", partitions=4)`."""
    from services.runtime.loops import in_own_loop
    from services.runtime.topic_admin import apply_topics
    from services.runtime.topics import Topic

    def make(name: str = "records", partitions: int = 1, **settings: object) -> str:
        stem = "".join(c if c.isalnum() else "_" for c in request.node.name.lower()).strip("_")[:80]
        # a cluster of KITHLINE_KAFKA may still have the topics of the last run
        full = f"test.{stem}.{name}_{next(_ATTEMPTS)}_{_RUN}"
        row = {"name": full, "key": "any", "kind": "inner", "owner": "tests", "partitions": partitions}
        topic = Topic.model_validate({"cleanup": "delete", "retention_days": 1, **row, **settings})
        in_own_loop(apply_topics(kafka, table={full: topic}))
        return full

    return make
