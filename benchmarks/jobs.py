"""The jobs: a fold, the records that it folds, and what must come out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

import orjson

from benchmarks.corpus import AS_OF, events, household_facts
from services.correlator.household import correlator
from services.policy import load_rules, load_sources
from services.runtime.fold import Processor, Record, Turn, Value
from services.runtime.folding import MemoryStore, Task
from services.runtime.settings import Settings

__all__ = ["JOBS", "Expected", "Job", "digest", "expected", "state_digest"]

Result = tuple[str, Value | int]
"""An output's id and what it says; of several with one id the last counts."""


@dataclass(frozen=True, slots=True)
class Job:
    """`processor(sink)` does it, at one `as_of`, and sends to the topic `sink`; `records(n)` are its input; `result`
    reads an output."""

    name: str
    title: str
    processor: Callable[[str], Processor]
    records: Callable[[int], list[Record]]
    result: Callable[[bytes], Result]
    size: int
    """Records by default, the warm-up among them."""


@cache
def _rules() -> Processor:
    policy = Settings().policy_dir
    return correlator(load_rules(policy), load_sources(policy))


def _correlator(sink: str) -> Processor:
    """It reads no ticks here: `as_of` is the end of the month."""
    processor = _rules()

    def fold(record: Record, turn: Turn) -> None:
        turn.as_of = AS_OF
        already = len(turn.outputs)
        processor.fold(record, turn)
        for at in range(already, len(turn.outputs)):
            turn.outputs[at] = turn.outputs[at]._replace(topic=sink)

    return replace(processor, outputs=(sink,), fold=fold)


def _flag(value: bytes) -> Result:
    flag = orjson.loads(value)
    # An engine that takes a flag's households in another order numbers its revisions otherwise; no more may differ.
    return flag["flag_id"], {name: part for name, part in flag.items() if name != "revision"}


def _counter(sink: str) -> Processor:
    def count(record: Record, turn: Turn) -> None:
        event = orjson.loads(record.value)
        household = event["household_id"]
        before = turn.get(household)
        now = before["count"] + 1 if before is not None else 1
        turn.put(household, {"count": now})
        if event["number"] % 20 == 0:
            turn.emit(sink, household, {"id": event["id"], "count": now})

    return Processor("count", ("events",), (sink,), count)


def _counted(value: bytes) -> Result:
    said = orjson.loads(value)
    return said["id"], said["count"]


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job(
            "correlator",
            "household.facts → risk.flags: parse, merge, rules, explanation, changelog",
            _correlator,
            household_facts,
            _flag,
            size=100_000,
        ),
        Job(
            "count",
            "parse JSON, count per household, changelog, 5 % outputs",
            _counter,
            events,
            _counted,
            size=1_000_000,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the job's own fold writes and knows in the end, in memory."""

    outputs: tuple[bytes, ...]
    state: Mapping[str, Value]


def expected(job: Job, records: Iterable[Record]) -> Expected:
    """Runs the fold. Raises AssertionError should it refuse a record."""
    store = MemoryStore()
    task = Task(job.processor("out"), store, AS_OF)
    outputs: list[bytes] = []
    for record in records:
        for turn in task.take(record):
            assert not turn.dead, turn.dead[0].detail
            outputs += [output.value for output in turn.outputs]
    return Expected(tuple(outputs), store.values)


def digest(job: Job, outputs: Iterable[bytes]) -> str:
    """One word for what the outputs end in; equal results have equal words."""
    return _word(dict(job.result(value) for value in outputs))


def state_digest(state: Mapping[str, Value]) -> str:
    """One word for what a state says."""
    return _word(state)


def _word(said: Mapping[str, Any]) -> str:
    return sha256(orjson.dumps(sorted(said.items()), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
