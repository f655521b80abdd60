"""Twenty districts of 2,000 households for a month: shuffled and half doubled, the same open flags and tasks."""

from pathlib import Path

import pytest

from tests.unit.test_replay import districts_end_alike

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200)]


def test_twenty_districts_end_alike_in_any_order_and_multiplicity(tmp_path: Path) -> None:
    districts_end_alike(range(1, 21), tmp_path)
