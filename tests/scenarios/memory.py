"""Runs steps in memory: the services' own folds, one record at a time until nothing is in flight."""

from collections import deque
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random

import orjson

from contracts.flags import OPEN
from contracts.tasks import TERMINAL
from services.line import Line, line_processors
from services.runtime.fold import Processor, Record, Turn
from tests.scenario import AS_OF
from tests.scenarios.model import Ends, Step

__all__ = ["POLICY", "misnumbered", "processors", "run_in_memory", "run_racing", "still_open", "take"]

POLICY = Path(__file__).parents[2] / "deploy" / "policy"


@cache
def processors(units: bool = False) -> tuple[Processor, ...]:
    """The processors of the repository's own policy; read once."""
    return line_processors(POLICY, units)


def run_in_memory(steps: Iterable[Step], as_of: str = AS_OF, line: Line | None = None) -> Ends:
    """Where the steps end. `as_of` is where every service's time starts; `line`: one that has seen things before."""
    line = line or Line(processors(), as_of)
    ends = Ends()
    for step in steps:
        record = step if isinstance(step, Record) else step.record(ends)
        take(line, record, ends)
    return ends


def take(line: Line, record: Record, ends: Ends) -> None:
    """One record through the line, and into the books."""
    for _, turn in line.take(record):
        _book(turn, ends)


def _book(turn: Turn, ends: Ends) -> None:
    ends.dead.extend(dead.reason for dead in turn.dead)
    for output in turn.outputs:
        if output.topic == "risk.flags":
            flag = orjson.loads(output.value)
            ends.flags[flag["flag_id"]] = flag
            ends.published.append(("flag", flag))
        elif output.topic.startswith("referral.tasks."):
            task = orjson.loads(output.value)
            assert output.topic == f"referral.tasks.{task['unit_kind']}"
            ends.tasks[task["task_id"]] = task
            ends.published.append(("task", task))
        elif output.topic == "person.facts" and output.value.startswith(b'{"follow"'):
            ends.follows += 1


def run_racing(records: Iterable[Record], dice: Random, as_of: str = AS_OF) -> tuple[Ends, Line]:
    """The same, as Kafka may do it: everything is under way at once, and only records of one topic and key keep their
    order (the weakest that Kafka promises); whoever has something to read may be next."""
    line = Line(processors(), as_of)
    ends = Ends()
    waiting: dict[tuple[str, bytes], deque[Record]] = {}
    for record in records:
        waiting.setdefault((record.topic, record.key), deque()).append(record)
    while waiting:
        place = dice.choice(list(waiting))
        record = waiting[place].popleft()
        if not waiting[place]:
            del waiting[place]
        for task in line.tasks:
            if record.topic not in task.processor.inputs:
                continue
            for turn in task.take(record):
                _book(turn, ends)
                for out in turn.outputs:
                    sent = Record(out.topic, out.key, out.value, out.headers)
                    waiting.setdefault((out.topic, out.key), deque()).append(sent)
    return ends, line


def still_open(ends: Ends) -> dict[str, dict[str, object]]:
    """Every open flag and task by id, in everything but its revisions: what order and multiplicity must not change."""
    flags = {name: flag for name, flag in ends.flags.items() if flag["status"] in OPEN}
    tasks = {name: task for name, task in ends.tasks.items() if task["status"] not in TERMINAL}
    return {
        name: {field: value for field, value in item.items() if field not in ("revision", "since", "update_id")}
        for name, item in {**flags, **tasks}.items()
    }


def misnumbered(ends: Ends) -> list[str]:
    """Flags and tasks whose revisions are not 1, 2, 3 … in the order of publication."""
    last: dict[str, int] = {}
    faults = []
    for kind, item in ends.published:
        name = item[f"{kind}_id"]
        if item["revision"] != last.get(name, 0) + 1:
            faults.append(f"{kind} {name}: revision {item['revision']} after {last.get(name, 0)}")
        last[name] = item["revision"]
    return faults
