"""A task: its turns, its state, and what ticks wake. Nothing of a record that fails takes effect."""

import orjson
import pytest

from contracts.instants import EPOCH, plus
from services.runtime.errors import Problem
from services.runtime.fold import MAX_OUTPUT_BYTES, TICKS, UNIT_TICKS, Processor, Record, Refused, Turn
from services.runtime.folding import MemoryStore, Task

NOON = "2026-07-01T12:00:00.000Z"


def tick(as_of: str, topic: str = TICKS) -> Record:
    return Record(topic, b"0", orjson.dumps({"as_of": as_of}))


def alarm(key: str, at: str | None) -> Record:
    return Record("alarms", key.encode(), orjson.dumps({"at": at}))


def keep(record: Record, turn: Turn) -> None:
    key = record.key.decode()
    turn.put(key, orjson.loads(record.value))
    turn.emit("kept", key, {"as_of": turn.as_of})
    match key:
        case "refused":
            raise Refused("invalid", "it was asked for")
        case "broken":
            raise RuntimeError("our own fault")


def ring(key: str, turn: Turn) -> None:
    known = turn.get(key)
    assert known is not None
    turn.put(key, {"at": plus(known["at"], hours=24) if key == "daily" else None})
    turn.emit("rung", key, {"at": known["at"], "as_of": turn.as_of})


CLOCKWORK = Processor("clockwork", ("alarms", TICKS), ("kept", "rung"), keep, lambda value: value["at"], ring)


def rung(task: Task, as_of: str) -> list[tuple[str, str]]:
    outputs = [output for turn in task.take(tick(as_of)) for output in turn.outputs]
    return [(output.key.decode(), orjson.loads(output.value)["at"]) for output in outputs]


def take(task: Task, record: Record) -> Turn:
    (turn,) = task.take(record)
    return turn


def test_a_record_takes_effect_with_its_turn() -> None:
    task = Task(CLOCKWORK, MemoryStore())
    turn = take(task, alarm("a", None))
    assert task.store.get("a") == {"at": None}
    assert [output.key for output in turn.outputs] == [b"a"]
    assert turn.as_of == EPOCH


@pytest.mark.parametrize(("key", "why"), [("refused", "invalid"), ("broken", "fold_failed")])
def test_nothing_of_a_record_that_fails_takes_effect(key: str, why: str) -> None:
    task = Task(CLOCKWORK, MemoryStore())
    record = alarm(key, NOON)
    turn = take(task, record)
    assert [(dead.record, dead.reason) for dead in turn.dead] == [(record, why)]
    assert turn.outputs == [] and turn.writes == {} and task.store.get(key) is None
    assert rung(task, plus(NOON, hours=1)) == []


def test_our_own_fault_is_named_without_quoting_the_record() -> None:
    (dead,) = take(Task(CLOCKWORK, MemoryStore()), alarm("broken", NOON)).dead
    assert "RuntimeError in clockwork" in dead.detail
    assert "our own fault" not in dead.detail


def test_what_is_due_is_woken_once_in_the_order_of_time_and_key() -> None:
    task = Task(CLOCKWORK, MemoryStore())
    later = plus(NOON, hours=1)
    for key, at in (("b", NOON), ("c", later), ("a", NOON), ("z", plus(NOON, hours=9))):
        take(task, alarm(key, at))
    assert rung(task, plus(NOON, seconds=-1)) == []
    assert rung(task, later) == [("a", NOON), ("b", NOON), ("c", later)]
    assert rung(task, plus(NOON, hours=2)) == []


@pytest.mark.parametrize("steps", [1, 7, 72])
def test_how_often_ticks_come_does_not_matter(steps: int) -> None:
    task = Task(CLOCKWORK, MemoryStore())
    take(task, alarm("daily", NOON))
    woken = [entry for step in range(1, steps + 1) for entry in rung(task, plus(NOON, hours=72 / steps * step))]
    assert woken == [("daily", plus(NOON, hours=24 * day)) for day in range(4)]


def test_an_alarm_that_was_moved_rings_at_its_new_time_only() -> None:
    task = Task(CLOCKWORK, MemoryStore())
    take(task, alarm("a", NOON))
    take(task, alarm("a", plus(NOON, hours=2)))
    assert rung(task, plus(NOON, hours=1)) == []
    assert rung(task, plus(NOON, hours=3)) == [("a", plus(NOON, hours=2))]


def test_time_never_goes_back() -> None:
    task = Task(CLOCKWORK, MemoryStore())
    list(task.take(tick(NOON)))
    list(task.take(tick(EPOCH)))
    assert task.as_of == NOON
    assert take(task, alarm("a", None)).as_of == NOON


def test_what_was_due_is_known_again_after_a_restart() -> None:
    before = Task(CLOCKWORK, MemoryStore())
    take(before, alarm("a", NOON))
    after = Task(CLOCKWORK, before.store, plus(NOON, hours=-1))
    assert rung(after, NOON) == [("a", NOON)]


def test_a_waking_that_fails_stops_loudly() -> None:
    def fail(key: str, turn: Turn) -> None:
        raise RuntimeError(key)

    task = Task(Processor("loud", ("alarms", TICKS), ("kept",), keep, lambda value: value["at"], fail), MemoryStore())
    take(task, alarm("a", NOON))
    with pytest.raises(RuntimeError) as raised:
        list(task.take(tick(NOON)))
    assert raised.value.__notes__ == [f"loud: waking a, due {NOON}. It stops its partition until the fold is mended"]


@pytest.mark.parametrize("fault", [Problem("its state is damaged"), MemoryError()])
def test_what_is_no_fault_of_the_record_makes_no_dead_letter_of_it(fault: Exception) -> None:
    def fail(record: Record, turn: Turn) -> None:
        if record.key == b"second":
            raise fault

    task = Task(Processor("ill", ("alarms",), (), fail), MemoryStore())
    records = [alarm("first", None), alarm("second", None)]
    assert task.take_run(records).taken == 1
    with pytest.raises(type(fault)):
        task.take_run(records[1:])
    with pytest.raises(type(fault)):
        list(task.take(records[1]))


def test_a_turn_reads_its_own_writes() -> None:
    turn = Turn(NOON, MemoryStore())
    turn.put("a", {"n": 1})
    assert turn.get("a") == {"n": 1}
    turn.put("a", None)
    assert turn.get("a") is None


def test_units_have_ticks_of_their_own() -> None:
    units = Processor("units", ("alarms", UNIT_TICKS), ("kept", "rung"), keep, lambda value: value["at"], ring)
    task = Task(units, MemoryStore())
    take(task, alarm("a", NOON))
    assert [out.topic for turn in task.take(tick(NOON, UNIT_TICKS)) for out in turn.outputs] == ["rung"]
    assert units.ticks and CLOCKWORK.ticks
    assert not Processor("plain", ("alarms",), (), keep).ticks


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"null", b"\xff", b'{"as_of": 7}', b'{"as_of": "tomorrow"}'])
def test_what_is_no_tick_is_kept_and_time_stands_still(value: bytes) -> None:
    task = Task(CLOCKWORK, MemoryStore(), NOON)
    take(task, alarm("a", plus(NOON, hours=1)))
    record = Record(TICKS, b"0", value)
    turn = take(task, record)
    assert [(dead.record, dead.reason) for dead in turn.dead] == [(record, "invalid")]
    assert (turn.record, turn.as_of, task.as_of) == (record, NOON, NOON)
    assert rung(task, plus(NOON, hours=1)) == [("a", plus(NOON, hours=1))]


def test_an_output_that_kafka_would_not_take_fails_its_record_only() -> None:
    def shout(record: Record, turn: Turn) -> None:
        turn.put("a", {"at": None})
        turn.emit("kept", "a", {"loud": "!" * MAX_OUTPUT_BYTES})

    task = Task(Processor("loud", ("alarms",), ("kept",), shout), MemoryStore())
    turn = take(task, alarm("a", None))
    assert [(dead.reason, "OutputTooLarge" in dead.detail) for dead in turn.dead] == [("fold_failed", True)]
    assert turn.outputs == [] and task.store.get("a") is None


@pytest.mark.parametrize("puts", [True, False])
def test_a_waking_that_would_never_end_stops_loudly(puts: bool) -> None:
    def snooze(key: str, turn: Turn) -> None:
        if puts:
            turn.put(key, turn.get(key))

    task = Task(Processor("snooze", ("alarms", TICKS), (), keep, lambda value: value["at"], snooze), MemoryStore())
    take(task, alarm("a", NOON))
    with pytest.raises(RuntimeError, match="snooze"):
        list(task.take(tick(NOON)))
