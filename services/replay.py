"""Replay: a file of records through the services' own folds, line by line in file order, without Kafka."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from contracts.events import FEEDS
from contracts.instants import EPOCH
from services.line import Line, line_processors
from services.runtime.fold import TICKS, Processor, Record
from services.shards import EVERYWHERE, Lines, Tell, cores, in_processes, read_shard, split, worth

__all__ = ["Outcome", "replay"]


class Outcome:
    """What a replay ends in: every flag and task in its final revision, and the books."""

    def __init__(self) -> None:
        self.flags: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.inputs = dict.fromkeys(FEEDS, 0)
        self.duplicates = 0
        self.dead_letters = 0

    def lines(self) -> list[bytes]:
        """One JSON line per flag and task, sorted by id."""
        kinds = {"flag": self.flags, "task": self.tasks}
        entries = [(name, kind, value) for kind, values in kinds.items() for name, value in values.items()]
        return [
            orjson.dumps({"kind": kind, **value}) + b"\n" for _, kind, value in sorted(entries, key=lambda e: e[:2])
        ]

    def add(self, other: "Outcome") -> None:
        """Takes in what a replay of other records, which have nothing to do with these, ended in."""
        self.flags |= other.flags
        self.tasks |= other.tasks
        for feed, count in other.inputs.items():
            self.inputs[feed] += count
        self.duplicates += other.duplicates
        self.dead_letters += other.dead_letters


def replay(
    path: Path, policy: Path, as_of: str | None = None, jobs: int | None = 1, tell: Tell | None = None
) -> Outcome:
    """Replays a file in so many processes (None: as many as it is worth); how many does not change what comes of it.
    Without ticks in it everything is seen at one `as_of` (default: its last receipt time); with ticks they move it, and
    where that is later than they are it comes last as one tick more. `tell` hears of progress. Raises Problem for a bad
    file or policy."""
    processors.cache_clear()  # the files may have changed
    processors(policy)
    cut = split(path, least=jobs or cores())
    end = as_of or cut.last_receipt
    outcome = Outcome()
    work = [(path, lines, policy, end, cut.ticks > 0, number == 0) for number, lines in enumerate(cut.shards)]
    for part in in_processes(_replay_shard, work, jobs or worth(cut.lines), tell):
        outcome.add(part)
    return outcome


@lru_cache(maxsize=4)
def processors(policy: Path) -> tuple[Processor, ...]:
    """Of all services, under a policy; read once in each process."""
    return line_processors(policy)


def _replay_shard(
    path: Path, lines: Lines, policy: Path, end: str, ticks: bool, first: bool, taken: Tell | None
) -> Outcome:
    """`first`: whether this shard is the one in which what stands in every shard is counted."""
    line = Line(processors(policy), EPOCH if ticks else end)
    outcome = Outcome()
    for record in read_shard(path, lines, taken):
        _take(line, record, outcome, first or record.topic not in EVERYWHERE)
    if ticks and end > max(task.as_of for task in line.tasks):
        _take(line, Record(TICKS, b"", orjson.dumps({"as_of": end})), outcome, first)
    return outcome


def _take(line: Line, record: Record, outcome: Outcome, counts: bool) -> None:
    if counts and record.topic in FEEDS:
        outcome.inputs[record.topic] += 1
    for _, turn in line.take(record):
        if counts and turn.record is not None and turn.record.topic in FEEDS:
            outcome.duplicates += turn.duplicate and not turn.dead
            outcome.dead_letters += len(turn.dead)
        for output in turn.outputs:
            if output.topic == "risk.flags":
                flag = orjson.loads(output.value)
                outcome.flags[flag["flag_id"]] = flag
            elif output.topic.startswith("referral.tasks."):
                task = orjson.loads(output.value)
                outcome.tasks[task["task_id"]] = task
