"""The jobs: a fold, the records that it folds, and what must come out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import orjson

from benchmarks.corpus import AS_OF, events, household_facts
from services.correlator.household import correlator
from services.policy import load_rules, load_sources
from services.runtime.fold import MemoryStore, Output, Processor, Record, Task, Turn, Value
from services.runtime.settings import Settings

__all__ = ["JOBS", "Job", "digest", "expected"]

Result = tuple[str, Value | int]
"""An output's id and what it says; of several with one id the last counts."""


@dataclass(frozen=True, slots=True)
class Job:
    """`processor()` does it, from any topic, at one `as_of`; `records(n)` are its input; `result` reads an output."""

    name: str
    title: str
    processor: Callable[[], Processor]
    records: Callable[[int], list[Record]]
    result: Callable[[bytes], Result]
    size: int
    """Records by default, so that the slowest contender takes well under a minute."""
    as_of: str = AS_OF


@cache
def _correlator() -> Processor:
    policy = Settings().policy_dir
    return correlator(load_rules(policy), load_sources(policy))


def _flag(value: bytes) -> Result:
    flag = orjson.loads(value)
    # An engine that takes a flag's households in another order numbers its revisions otherwise; no more may differ.
    return flag["flag_id"], {name: part for name, part in flag.items() if name != "revision"}


def _count(record: Record, turn: Turn) -> None:
    event = orjson.loads(record.value)
    household = event["household_id"]
    count = (turn.get(household) or {"count": 0})["count"] + 1
    turn.put(household, {"count": count})
    if event["number"] % 20 == 0:
        turn.emit("counts", household, {"id": event["id"], "count": count})


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
            size=20_000,
        ),
        Job(
            "count",
            "parse JSON, count per household, changelog, 5 % outputs",
            lambda: Processor("count", ("events",), ("counts",), _count),
            events,
            _counted,
            size=100_000,
        ),
    )
}


def digest(job: Job, outputs: Iterable[bytes]) -> str:
    """One word for what the outputs end in; equal results have equal words."""
    final = dict(job.result(value) for value in outputs)
    return sha256(orjson.dumps(sorted(final.items()), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def expected(job: Job, records: Iterable[Record]) -> list[Output]:
    """What the job's own fold writes, in memory. Raises AssertionError should it refuse a record."""
    task = Task(job.processor(), MemoryStore(), job.as_of)
    outputs: list[Output] = []
    for record in records:
        for turn in task.take(record):
            assert not turn.dead, turn.dead[0].detail
            outputs += turn.outputs
    return outputs
