"""`python -m benchmarks.replay --json FILE`: events a second of the whole line in memory, on one core and on more.

A simulated month of the standard mix goes through every service's own fold (`kithline replay`), in one process and in
more, in turns. The best run of each counts: other programs only ever make one slower. Where they do, CPU seconds tell
better what the work costs, though a busy neighbour makes these longer too.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.command import run_command
from benchmarks.machine import busy_now, machine_in_words
from services.replay import Outcome, replay
from services.runtime.errors import Problem
from services.runtime.settings import Settings
from services.shards import cores, split
from services.simulator import Parameters, simulate, write_simulation

__all__ = ["Run", "measure", "rows_of"]


@dataclass(frozen=True, slots=True)
class Run:
    """One replay: wall-clock and CPU seconds of all its processes. `others`: cores that other programs kept busy."""

    jobs: int
    seconds: float
    cpu_seconds: float
    others: float


def measure(feed: Path, policy: Path, jobs: Sequence[int], repeats: int, say: Callable[[str], None]) -> list[Run]:
    """Replays a feed with each number of processes in turns. Raises Problem where two do not end alike."""
    runs: list[Run] = []
    first: Outcome | None = None
    for repeat in range(repeats):
        for count in jobs:
            busy, cpu, begun = busy_now(), _cpu_seconds(), time.monotonic()
            outcome = replay(feed, policy, jobs=count)
            seconds = time.monotonic() - begun
            runs.append(Run(count, seconds, _cpu_seconds() - cpu, busy_now().others_since(busy, seconds)))
            say(f"run {repeat + 1} of {repeats}, {count} process{'es' if count > 1 else ''}: {seconds:.1f} s")
            if first is not None and vars(outcome) != vars(first):
                raise Problem(f"{count} processes did not end as {jobs[0]} did; that is a fault of services/shards.py")
            first = outcome
    return runs


def _cpu_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def rows_of(runs: Sequence[Run], events: int) -> list[dict[str, Any]]:
    """For each number of processes: its best run, events a second by the clock and by CPU seconds, and how many times
    as quick by the clock as the first."""
    best = {run.jobs: min((other for other in runs if other.jobs == run.jobs), key=_by_seconds) for run in runs}
    first = next(iter(best.values()))
    return [
        {
            "jobs": run.jobs,
            "seconds": round(run.seconds, 2),
            "events_per_second": round(events / run.seconds),
            "cpu_seconds": round(run.cpu_seconds, 2),
            "events_per_cpu_second": round(events / run.cpu_seconds),
            "ratio": round(first.seconds / run.seconds, 2),
            "cores_busy_with_others": round(run.others, 2),
        }
        for run in best.values()
    ]


def _by_seconds(run: Run) -> float:
    return run.seconds


def _table(rows: Sequence[dict[str, Any]], events: int) -> Table:
    table = Table(title=f"replay of {events:,} events of the feeds, whole line, in memory")
    for heading in ("processes", "seconds", "events/s", "CPU s", "events/CPU s", "ratio", "busy with others"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(f"{value:,}" for value in row.values()))
    return table


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[int, typer.Option(min=10, help="Households to simulate.")] = 5_000,
    days: Annotated[int, typer.Option(min=1, help="Days to simulate.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed is another month.")] = 1,
    jobs: Annotated[list[int] | None, typer.Option(help="Processes; may be repeated (default: 1 and all).")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each, in turns; the best counts.")] = 3,
) -> None:
    """Events a second of `kithline replay` on one core and on more, over a simulated month."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    progress = Console(stderr=True)

    def say(text: str) -> None:
        progress.print(text, style="dim", highlight=False)

    counts = list(dict.fromkeys(jobs or [1, cores()]))
    with tempfile.TemporaryDirectory(prefix="kithline-replay-") as folder:
        feed = Path(folder) / "feed.jsonl"
        events = write_simulation(simulate(Parameters(households=households, days=days, seed=seed)), feed)
        begun = time.process_time()
        shards = len(split(feed, least=max(counts)).shards)
        splitting = time.process_time() - begun
        runs = measure(feed, Settings().policy_dir, counts, repeats, say)
    rows = rows_of(runs, events)
    report = {
        "machine": machine_in_words(),
        "python": platform.python_version(),
        "households": households,
        "days": days,
        "events": events,
        "shards": shards,
        "splitting_cpu_us_per_event": round(splitting / events * 1e6, 1),
        "rows": rows,
        "runs": [asdict(run) for run in runs],
    }
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    console = Console(width=120)
    console.print(_table(rows, events))
    console.print(f"{report['machine']}; Python {report['python']}", style="dim", highlight=False)


if __name__ == "__main__":
    run_command(main)
