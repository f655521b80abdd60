"""What the tests of faults share."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.faults.counter")

from tests.faults.bench import FaultBench, fault_bench  # noqa: E402 - after its asserts are made to explain themselves


@pytest.fixture
def line(kafka: str) -> Iterator[FaultBench]:
    with fault_bench(kafka) as made:
        yield made
