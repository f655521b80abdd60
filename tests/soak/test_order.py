"""Promise 1 at length: many more found histories than `make test` has time for, through the same properties."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.fold import Record
from tests.histories import histories
from tests.unit.test_line import QUICK, ends_alike, overtaking_ends_alike
from tests.unit.test_promises import nothing_is_left_lying

SHARE = float(os.environ.get("KITHLINE_SOAK_SHARE", "1"))
"""A share of the whole, for a machine with less time: 0.01 takes a minute."""

PARTS = 10
"""The histories are found in so many parts, so that several processes share them."""


def long(histories: int) -> settings:
    """Leaves nothing behind: a failure prints the blob that repeats it."""
    return settings(QUICK, max_examples=max(1, int(histories * SHARE / PARTS)), database=None)


pytestmark = [pytest.mark.soak, pytest.mark.timeout(28_800), pytest.mark.parametrize("part", range(PARTS))]


@settings(long(100_000))
@given(histories(), st.integers(0, 2**32))
def test_the_same_records_in_any_order_and_multiplicity_end_alike(part: int, records: list[Record], seed: int) -> None:
    """100,000 histories: shuffled, doubled, corrected, cancelled, merged. 32 s of one core for a thousand."""
    ends_alike(records, seed)


@settings(long(20_000))
@given(histories(), st.integers(0, 2**32))
def test_what_overtakes_what_between_the_services_does_not_matter(part: int, records: list[Record], seed: int) -> None:
    """20,000 histories, each in three orders of what is under way between the services."""
    overtaking_ends_alike(records, seed)


@settings(long(50_000))
@given(histories(most=12), st.integers(0, 2**32), st.sampled_from([0.0, 1.0]))
def test_whatever_comes_in_between_nothing_is_left_lying(
    part: int, records: list[Record], seed: int, share: float
) -> None:
    """50,000 histories with ticks, answers and releases in orders of chance. 36 s of one core for a thousand."""
    nothing_is_left_lying(share, records, seed)
