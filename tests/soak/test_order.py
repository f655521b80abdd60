"""Promise 1 at length: many more found histories than `make test` has time for, through the same properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.fold import Record
from tests.histories import histories
from tests.unit.test_line import QUICK, ends_alike, overtaking_ends_alike

LONG = settings(QUICK, max_examples=3_000, database=None)
"""Eight minutes on two shared cores. Leaves nothing behind: a failure prints the blob that repeats it."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200)]


@settings(LONG)
@given(histories(), st.integers(0, 2**32))
def test_the_same_records_in_any_order_and_multiplicity_end_alike(records: list[Record], seed: int) -> None:
    ends_alike(records, seed)


@settings(LONG)
@given(histories(), st.integers(0, 2**32))
def test_what_overtakes_what_between_the_services_does_not_matter(records: list[Record], seed: int) -> None:
    overtaking_ends_alike(records, seed)
