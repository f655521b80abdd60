"""Which orders of several inputs explain a transaction, and that nothing else does."""

from collections import Counter
from collections.abc import Sequence

import orjson

from contracts.instants import EPOCH
from services.chaos.history import Commit
from services.chaos.transactions import Explained, Sent, explain
from services.runtime.fold import TICKS, Processor, Record, Turn

NOON, ONE, TWO = (f"2026-07-01T{hour}:00:00.000Z" for hour in (12, 13, 14))


def open_or_close(record: Record, turn: Turn) -> None:
    key = record.key.decode()
    turn.put(key, {"due": ONE} if record.value == b"open" else None)


def wake(key: str, turn: Turn) -> None:
    turn.put(key, {"due": None})
    turn.emit("out", key, {"woken": turn.as_of})


DOOR = Processor("door", ("doors", TICKS), ("out",), open_or_close, lambda value: value["due"], wake)


def said(value: bytes, offset: int, stamp: int, key: bytes = b"k") -> Record:
    return Record("doors", key, value, offset=offset, timestamp=stamp)


def tick(as_of: str, offset: int, stamp: int) -> Record:
    return Record(TICKS, b"0", orjson.dumps({"as_of": as_of}), offset=offset, timestamp=stamp)


def explained(records: Sequence[Record], commits: Sequence[Commit], *outputs: Sent) -> Explained:
    inputs = {name: [record for record in records if record.topic == name] for name in DOOR.inputs}
    return explain(DOOR, inputs, commits, Counter(outputs))


def out(as_of: str, key: bytes = b"k") -> Sent:
    return ("out", key, orjson.dumps({"woken": as_of}), ())


def test_opened_and_closed_before_the_tick_nothing_was_to_be_woken() -> None:
    """By timestamps the tick comes between; but it was read later, and all had been without effect."""
    records = [said(b"open", 0, 1), tick(TWO, 0, 2), said(b"close", 1, 3)]
    result = explained(records, [])
    assert result.faults == []
    assert result.outputs == []


def test_a_waking_that_was_not_committed_is_a_fault() -> None:
    commit = Commit(1, EPOCH, {"doors": 1, TICKS: 0}, [("k", orjson.dumps({"due": ONE}))])
    result = explained([said(b"open", 0, 1), tick(TWO, 0, 2)], [commit])
    assert result.faults == ["what was read last, and left no transaction, of k does not follow from its inputs: k"]


def test_of_two_ticks_that_may_have_woken_it_the_one_that_was_told_did() -> None:
    records = [said(b"open", 0, 2), tick(ONE, 0, 1), tick(TWO, 1, 3)]
    commit = Commit(1, TWO, {"doors": 1, TICKS: 2}, [("k", orjson.dumps({"due": None}))])
    for as_of in (ONE, TWO):
        result = explained(records, [commit], out(as_of))
        assert result.faults == []
        assert [orjson.loads(output.value)["woken"] for output in result.outputs] == [as_of]


def test_a_tick_may_be_committed_in_parts() -> None:
    records = [said(b"open", 0, 1, b"a"), said(b"open", 1, 2, b"b"), tick(TWO, 0, 3)]
    opened, woken = orjson.dumps({"due": ONE}), orjson.dumps({"due": None})
    commits = [
        Commit(1, EPOCH, {"doors": 2, TICKS: 0}, [("a", opened), ("b", opened)]),
        Commit(2, TWO, {"doors": 2, TICKS: 0}, [("a", woken)]),
        Commit(3, TWO, {"doors": 2, TICKS: 1}, [("b", woken)]),
    ]
    result = explained(records, commits, out(TWO, b"a"), out(TWO, b"b"))
    assert result.faults == []
    assert len(result.outputs) == 2
    result = explained(records, commits[:2], out(TWO, b"a"))
    assert len(result.faults) == 1


def test_a_transaction_of_an_instant_that_no_tick_told_is_a_fault() -> None:
    commit = Commit(1, NOON, {"doors": 1, TICKS: 0}, [("k", orjson.dumps({"due": ONE}))])
    faults = explained([said(b"open", 0, 1)], [commit]).faults
    assert faults == [f"transaction 1 is of {NOON}, its ticks of {EPOCH}"]


def test_what_no_order_explains_is_a_fault_and_the_next_transaction_is_judged_all_the_same() -> None:
    commits = [
        Commit(1, EPOCH, {"doors": 1, TICKS: 0}, [("k", orjson.dumps({"due": TWO}))]),
        Commit(2, EPOCH, {"doors": 2, TICKS: 0}, [("k", b"")]),
    ]
    result = explained([said(b"open", 0, 1), said(b"close", 1, 2)], commits)
    assert result.faults == ["transaction 1 of k does not follow from its inputs: k"]
    assert result.state == {}


def test_after_a_long_stall_the_order_is_found_among_very_many() -> None:
    """Sixty ticks and six records in one transaction could be merged in ninety million ways."""
    ticks = [tick(f"2026-07-01T13:{minute:02}:00.000Z", minute, 100 + minute) for minute in range(60)]
    doors = [said(word, at, 1 + at) for at, word in enumerate([b"open", b"close"] * 2 + [b"open"] * 2)]
    told = [out(f"2026-07-01T13:{minute:02}:00.000Z") for minute in (41, 50)]
    commit = Commit(1, "2026-07-01T13:59:00.000Z", {"doors": 6, TICKS: 60}, [("k", orjson.dumps({"due": None}))])
    result = explained([*doors, *ticks], [commit], *told)
    assert result.faults == []
    assert {orjson.loads(output.value)["woken"] for output in result.outputs} <= {
        "2026-07-01T13:41:00.000Z",
        "2026-07-01T13:50:00.000Z",
    }
