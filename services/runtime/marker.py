"""What binds a task's state to its position.

Each transaction that changes state, or sends anything, has a number. It is written twice in that one transaction:
in the changelog (the marker) and as metadata of the committed offsets. After a restart both must be the same; if
they are not, the state that was restored is not the state of that position, and the task must not go on: it would
repeat or lose what lies between.

Batches that changed nothing (most ticks) commit their offsets only, under the number of the last transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from contracts.instants import EPOCH
from services.runtime.errors import Problem

__all__ = ["MARKER_KEY", "MEND", "Marker", "agree", "committed_marker"]

MARKER_KEY = b"\x00position"
"""The marker's key in the changelog. State keys are text without NUL, so none is ever this one."""

_FORMAT = "kithline1"

MEND = (
    "Put back what was changed, or delete both the group and the changelog's records to begin again from the first "
    "record"
)
"""What a person can do about a state that does not fit its position."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The number of a task's last transaction and its highest tick. `keys`: of a marker in a changelog, how many keys
    the state had then; None where it does not say."""

    number: int = 0
    as_of: str = EPOCH
    keys: int | None = None

    def metadata(self) -> str:
        """As written beside a committed offset."""
        return f"{_FORMAT} {self.number} {self.as_of}"

    def packed(self, positions: Mapping[str, int], keys: int) -> bytes:
        """As written into the changelog. `positions` (input topic → next offset) is for people who look at it; by
        `keys`, the next restore sees whether all are still there."""
        said = {"number": self.number, "as_of": self.as_of, "positions": dict(positions), "keys": keys}
        return orjson.dumps(said)

    @classmethod
    def from_packed(cls, packed: bytes) -> "Marker":
        """Reads a changelog's marker."""
        fields = orjson.loads(packed)
        return cls(fields["number"], fields["as_of"], fields.get("keys"))


def committed_marker(metadata: Iterable[str]) -> Marker | None:
    """The newest marker among the metadata of a task's committed offsets; None where none was written by us.
    (Each input's offset carries the marker of the batch that last moved it.)"""
    newest: Marker | None = None
    for text in metadata:
        parts = text.split(" ")
        if len(parts) == 3 and parts[0] == _FORMAT and parts[1].isdigit():
            number, as_of = int(parts[1]), parts[2]
            if newest is None:
                newest = Marker(number, as_of)
            else:
                newest = Marker(max(newest.number, number), max(newest.as_of, as_of))
    return newest


def agree(task: str, committed: Marker | None, restored: Marker | None, keys: int) -> Marker:
    """The marker to go on from; `keys` were restored. Raises Problem where position and state are not of one
    transaction, or part of the state is gone (records deleted, a changelog put back from a copy that had not all)."""
    position = committed.number if committed else 0
    state = restored.number if restored else 0
    if position != state:
        raise Problem(
            f"{task}: the committed position is of transaction {position}, the restored state of transaction {state}; "
            f"offsets or changelog were changed from outside. {MEND}"
        )
    if restored is not None and restored.keys not in (None, keys):
        raise Problem(
            f"{task}: the changelog has {keys} keys, but there were {restored.keys} after transaction {state}; "
            f"records of the changelog are missing. {MEND}"
        )
    return committed or Marker()
