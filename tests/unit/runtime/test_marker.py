"""State and position must be of one transaction, or the task does not go on."""

import pytest

from contracts.instants import EPOCH
from services.runtime.errors import Problem
from services.runtime.marker import Marker, agree, committed_marker

_NOON = "2026-07-01T12:00:00.000Z"


def test_a_marker_survives_both_ways_of_writing() -> None:
    marker = Marker(7, _NOON)
    assert Marker.from_packed(marker.packed({"a": 5}, keys=3)) == Marker(7, _NOON, keys=3)
    assert committed_marker([marker.metadata()]) == marker


def test_the_newest_of_several_inputs_counts() -> None:
    metadata = [Marker(3, _NOON).metadata(), Marker(7, EPOCH).metadata()]
    assert committed_marker(metadata) == Marker(7, _NOON)


@pytest.mark.parametrize("metadata", [[], [""], ["someone else's"], ["kithline1 x y"]])
def test_offsets_that_others_committed_carry_no_marker(metadata: list[str]) -> None:
    assert committed_marker(metadata) is None


def test_a_fresh_task_begins_at_zero() -> None:
    assert agree("t-0", None, None, 0) == Marker(0, EPOCH)


def test_a_task_that_only_ever_saw_ticks_has_no_marker_in_its_changelog() -> None:
    assert agree("t-0", Marker(0, _NOON), None, 0) == Marker(0, _NOON)


def test_as_of_goes_on_from_the_position_which_moves_without_the_state() -> None:
    assert agree("t-0", Marker(4, _NOON), Marker(4, EPOCH, keys=2), 2) == Marker(4, _NOON)


@pytest.mark.parametrize(
    ("committed", "restored"), [(Marker(4), Marker(3)), (Marker(4), None), (None, Marker(4)), (Marker(3), Marker(4))]
)
def test_anything_else_stops_the_task(committed: Marker | None, restored: Marker | None) -> None:
    with pytest.raises(Problem, match=r"t-0.*changed from outside"):
        agree("t-0", committed, restored, 0)


def test_a_state_of_which_keys_are_missing_stops_the_task() -> None:
    with pytest.raises(Problem, match=r"t-0.*has 1 keys, but there were 2"):
        agree("t-0", Marker(4), Marker(4, keys=2), 1)


def test_a_marker_that_does_not_say_how_many_keys_there_were_is_taken_as_it_is() -> None:
    older = Marker.from_packed(b'{"number":4,"as_of":"1970-01-01T00:00:00.000Z","positions":{}}')
    assert agree("t-0", Marker(4), older, 1) == Marker(4)
