"""A run of records in one turn ends as the same records one by one, whatever becomes of each."""

from collections.abc import Iterator, Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.fold import Dead, Output, Processor, Record, Refused, Turn, Value
from services.runtime.folding import MemoryStore, Task

FATES = ("counts", "again", "refused", "fails", "buried", "buries another", "removes")


def fold(record: Record, turn: Turn) -> None:
    """Counts, and meets a fate; a trace is left before each, which must be gone after those that fail."""
    key, fate = record.key.decode(), record.value.decode()
    known = turn.get(key) or {"count": 0, "due": None}
    turn.put(key, known | {"count": known["count"] + 1, "due": f"2030-01-{1 + record.offset % 28:02d}T00:00:00.000Z"})
    turn.emit("out", key, {"of": record.offset, "count": known["count"]})
    if fate == "refused":
        raise Refused("invalid", "refused")
    if fate == "fails":
        raise ValueError("fails")
    if fate == "again":
        turn.duplicate = True
    elif fate == "buried":
        turn.bury(record, "invalid", "kept its effects")
    elif fate == "buries another":
        turn.bury(Record("in", b"another", b"", offset=record.offset), "id_reused", "an earlier one")
    elif fate == "removes":
        turn.put(key, None)


def wake(key: str, turn: Turn) -> None:
    turn.put(key, None)


def due(value: Value) -> str | None:
    found: str | None = value["due"]
    return found


PROCESSOR = Processor("counting", ("in", "clock.ticks"), ("out",), fold, due, wake)

RECORDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(FATES)), max_size=30).map(
    lambda said: [
        Record("in", key.encode(), fate.encode(), offset=offset, timestamp=1_000 + offset)
        for offset, (key, fate) in enumerate(said)
    ]
)


def in_runs(task: Task, records: Sequence[Record], size: int) -> Iterator[tuple[Turn, int, int, int]]:
    start = 0
    while start < len(records):
        turn, taken, duplicates, refused = task.take_run(records[start : start + size])
        assert 1 <= taken <= size
        start += taken
        yield turn, taken, duplicates, refused


@given(RECORDS, st.integers(1, 12))
def test_a_run_is_its_records_one_by_one(records: list[Record], size: int) -> None:
    alone, together = Task(PROCESSOR, MemoryStore()), Task(PROCESSOR, MemoryStore())
    outputs: list[Output] = []
    dead: list[Dead] = []
    duplicates = refused = 0
    for record in records:
        for turn in alone.take(record):
            outputs += turn.outputs
            dead += turn.dead
            gone = any(one.record is record for one in turn.dead)
            refused += gone
            duplicates += turn.duplicate and not gone
    runs = list(in_runs(together, records, size))
    assert [output for turn, *_ in runs for output in turn.outputs] == outputs
    assert [one for turn, *_ in runs for one in turn.dead] == dead
    assert [sum(part) for part in zip((0, 0, 0), *((taken, d, r) for _, taken, d, r in runs), strict=False)] == [
        len(records),
        duplicates,
        refused,
    ]
    assert dict(together.store.items()) == dict(alone.store.items())
    late = Record("clock.ticks", b"", orjson.dumps({"as_of": "2030-02-01T00:00:00.000Z"}))
    assert [turn.writes for turn in together.take(late)] == [turn.writes for turn in alone.take(late)]


def test_a_record_that_fails_is_folded_again_with_nothing_but_itself() -> None:
    records = [
        Record("in", b"a", fate, offset=at) for at, fate in enumerate((b"counts", b"counts", b"fails", b"counts"))
    ]
    task = Task(PROCESSOR, MemoryStore())
    assert [(taken, refused) for _, taken, _, refused in in_runs(task, records, 10)] == [(2, 0), (1, 1), (1, 0)]
