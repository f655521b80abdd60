"""A batch may end after any step: what is in the state by then has been handed out, and nothing more."""

from aiokafka import TopicPartition

from services.runtime.batch import Segment
from services.runtime.fold import TICKS, Processor, Record, Turn
from services.runtime.folding import MemoryStore, Task
from services.runtime.steps import steps

_DUE = "2030-01-01T00:00:00.000Z"
_PLACE = TopicPartition(TICKS, 0)


def _wake(key: str, turn: Turn) -> None:
    turn.put(key, None)
    turn.emit("woken", key, {})


def _task(*keys: str) -> Task:
    store = MemoryStore()
    store.values = {key: {"due": _DUE} for key in keys}
    processor = Processor("sleepers", (TICKS,), ("woken",), lambda *_: None, lambda value: value["due"], _wake)
    return Task(processor, store)


def _tick(value: bytes) -> list[Segment]:
    return [Segment(_PLACE, [Record(TICKS, b"", value)])]


def test_a_tick_is_done_with_the_last_step_and_no_step_runs_ahead_of_its_outputs() -> None:
    task = _task("a", "b", "c")
    sent: list[bytes] = []
    done: list[int] = []
    for step in steps(task, _tick(b'{"as_of":"%s"}' % _DUE.encode())):
        sent += [output.key for output in step.turn.outputs]
        assert sorted(key for key, _ in task.store.items()) == ["a", "b", "c"][len(sent) :]
        done.append(len(step.records))
    assert sent == [b"a", b"b", b"c"]
    assert done[-1] == sum(done) == 1


def test_what_is_no_tick_is_done_and_refused_at_once() -> None:
    (step,) = steps(_task("a"), _tick(b"noon"))
    assert (len(step.records), step.refused, step.turn.dead[0].reason) == (1, 1, "invalid")
