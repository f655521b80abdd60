"""What people say of tasks, at length: many more random sequences than `make test` has time for, through the same
property."""

import pytest
from hypothesis import given, settings

from tests.sequences import Said, live, sequences
from tests.soak.test_order import PARTS, long

pytestmark = [pytest.mark.soak, pytest.mark.timeout(28_800), pytest.mark.parametrize("part", range(PARTS))]


@settings(long(50_000))
@given(sequences(most=40))
def test_whatever_people_say_of_tasks_each_has_one_owner_and_goes_its_way_once(part: int, steps: list[Said]) -> None:
    """50,000 sequences of up to 40 things that happen."""
    assert live(steps).faults == []
