"""Replay: a file of records through the services' own folds, line by line in file order, without Kafka."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from contracts.events import FEEDS
from contracts.instants import EPOCH, canonical
from services.line import Line, line_processors
from services.runtime.fold import TICKS, Record
from services.runtime.lines import read_lines

__all__ = ["Outcome", "last_receipt", "replay"]


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


def last_receipt(records: Iterable[Record]) -> tuple[str, bool]:
    """(the last receipt time stamped on a feed record, whether there are ticks)."""
    latest, ticks = EPOCH, False
    for record in records:
        if record.topic == TICKS:
            ticks = True
        elif record.topic in FEEDS:
            for name, value in record.headers:
                if name == "ce_receivedtime":
                    try:
                        latest = max(latest, canonical(value.decode()))
                    except ValueError:
                        continue  # a damaged stamp: the record will be refused, and is no measure of time
    return latest, ticks


def replay(path: Path, policy: Path, as_of: str | None = None) -> Outcome:
    """Replays a file. Without ticks in it everything is seen at one `as_of` (default: its last receipt time);
    with ticks they move it, and `as_of` comes last as one tick more. Raises Problem for a bad file or policy."""
    latest, ticks = last_receipt(read_lines(path))
    end = as_of or latest
    line = Line(line_processors(policy), EPOCH if ticks else end)
    outcome = Outcome()
    for record in read_lines(path):
        _take(line, record, outcome)
    if ticks:
        _take(line, Record(TICKS, b"", orjson.dumps({"as_of": end})), outcome)
    return outcome


def _take(line: Line, record: Record, outcome: Outcome) -> None:
    if record.topic in FEEDS:
        outcome.inputs[record.topic] += 1
    for _, turn in line.take(record):
        if turn.record is not None and turn.record.topic in FEEDS:
            outcome.duplicates += turn.duplicate and not turn.dead
            outcome.dead_letters += len(turn.dead)
        for output in turn.outputs:
            if output.topic == "risk.flags":
                flag = orjson.loads(output.value)
                outcome.flags[flag["flag_id"]] = flag
            elif output.topic.startswith("referral.tasks."):
                task = orjson.loads(output.value)
                outcome.tasks[task["task_id"]] = task
