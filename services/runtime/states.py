"""What the services hold, as their changelogs tell it: for people's questions, not for services."""

from collections.abc import Iterable

from services.runtime.fold import Record, Value
from services.runtime.marker import MARKER_KEY
from services.runtime.store import read_value

__all__ = ["last_values"]

_CHANGELOG = "changelog."


def last_values(records: Iterable[Record]) -> dict[str, dict[str, Value]]:
    """The state of each processor, from all records of its changelog in order. (A null value is read as no bytes.)"""
    packed: dict[str, dict[str, bytes]] = {}
    for record in records:
        if record.key != MARKER_KEY:
            state = packed.setdefault(record.topic.removeprefix(_CHANGELOG), {})
            key = record.key.decode()
            if record.value:
                state[key] = record.value
            else:
                state.pop(key, None)
    return {name: {key: read_value(value) for key, value in state.items()} for name, state in packed.items()}
