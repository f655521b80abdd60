"""`python -m benchmarks.ceiling --json FILE`: how quick the line could be if nobody had to think.

Every record that an event of the feeds becomes is only read, checked at the door, taken through a task with nothing to
do, and written. What that costs is a ceiling for any replay with these hops in this Python, whatever the folds do.
"""

import gc
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from benchmarks.command import run_command, tell_rows
from contracts.envelope import Envelope
from contracts.events import FEEDS
from contracts.instants import EPOCH
from services.line import Line, line_processors
from services.runtime.errors import Problem
from services.runtime.fold import Processor, Record, Turn
from services.runtime.folding import MemoryStore, Task
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate

__all__ = ["hops", "measure"]


def hops(households: int, days: int, seed: int, policy: Path) -> tuple[list[Record], int]:
    """(every record that a processor takes in a simulated month and does not refuse, events of the feeds)."""
    line, taken, events = Line(line_processors(policy), EPOCH), [], 0
    for record in simulate(Parameters(households=households, days=days, seed=seed)).records():
        events += record.topic in FEEDS
        for _, turn in line.take(record):
            if turn.record is not None and not turn.dead:
                taken.append(turn.record)
    return taken, events


def measure(records: Sequence[Record], events: int, repeats: int) -> list[dict[str, Any]]:
    """Rows of CPU µs per event of a feed: reading, checking, a task with nothing to do, writing; and their sum with the
    events a second that it leaves room for."""
    objects = [orjson.loads(record.value) for record in records]
    at_doors = []
    for record, content in zip(records, objects, strict=True):
        if record.topic in FEEDS:
            model = FEEDS[record.topic].types.get(Envelope.from_headers(record.headers).type)
            at_doors += [] if model is None else [(record.headers, model, content)]

    def read() -> None:
        for record in records:
            orjson.loads(record.value)

    def check() -> None:
        for headers, model, content in at_doors:
            Envelope.from_headers(headers)
            model.model_validate(content)

    def idle() -> None:
        task = Task(_IDLE, MemoryStore())
        for record in records:
            task.take_one(record)

    def write() -> None:
        for content in objects:
            orjson.dumps(content)

    spent = {name.__name__: _quickest(name, repeats) / events for name in (read, check, idle, write)}
    together = sum(spent.values())
    rows: list[dict[str, Any]] = [{"what": name, "us_per_event": round(us, 1)} for name, us in spent.items()]
    whole = {"us_per_event": round(together, 1), "events_per_s": round(1e6 / together)}
    return [*rows, {"what": "together", **whole, "records_per_event": round(len(records) / events, 2)}]


def _nothing(record: Record, turn: Turn) -> None:
    turn.put(record.topic, turn.get(record.topic) or {})


_IDLE = Processor("idle", tuple(FEEDS), (), _nothing)


def _quickest(work: Callable[[], None], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time_ns()
        work()
        best = min(best, time.process_time_ns() - begun)
    return best / 1000


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[int, typer.Option(min=10, help="Households to simulate.")] = 1_500,
    days: Annotated[int, typer.Option(min=1, help="Days to simulate.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed is another month.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds; the quickest counts.")] = 9,
) -> None:
    """What reading, checking and writing alone cost for an event of a feed, over all hops."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    records, events = hops(households, days, seed, Settings().policy_dir)
    gc.collect()
    gc.freeze()
    gc.disable()
    tell_rows([{**row, "python": platform.python_version()} for row in measure(records, events, repeats)], json_file)


if __name__ == "__main__":
    run_command(main)
