"""`python -m benchmarks --json FILE`: measures, prints a table, and writes it all as JSON."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.command import run_command
from benchmarks.report import ratio_table, table
from benchmarks.run import Plan, chosen, run, run_latency
from services.runtime.errors import Problem
from services.runtime.kafka_dev import broker


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write rows and ratios here.")] = None,
    records: Annotated[
        int | None, typer.Option(min=1_000, help="Records of each job; by default 100,000 and 1,000,000.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each, in turns; the median counts.")] = 3,
    partitions: Annotated[int, typer.Option(min=1, help="Of every topic.")] = 4,
    only: Annotated[
        list[str] | None, typer.Option(help="A job, a name, job/name, or another of --list. May be repeated.")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="What there is to measure.")] = False,
) -> None:
    """Throughput and CPU time of the engine and its peers, at the same work on the same bytes, on real Kafka.

    Uses the cluster of KITHLINE_KAFKA where it is set, else one of its own. Exit status 1 if any output was wrong.
    """
    wanted, others = chosen(only or ())
    if show_list:
        for line in (*(f"{job}/{name}" for job, name in wanted), *others):
            typer.echo(line)
        return
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    plan = Plan(tuple(wanted), tuple(others), records, partitions, repeats)
    console, progress = Console(width=140), Console(stderr=True)

    def say(text: str) -> None:
        progress.print(text, style="dim", highlight=False)

    with broker(hot=True) as started:
        report = asyncio.run(run(started, plan, say))
    if "latency" in plan.others:
        report = asyncio.run(run_latency(report, say))
    if json_file is not None:
        json_file.write_bytes(report.json())
    console.print(table(report.rows))
    console.print(ratio_table(report.rows))
    for title, rows in (("latency", report.latency), ("state", report.state)):
        for row in rows:
            console.print(f"{title}: " + ", ".join(f"{name} {value}" for name, value in row.items()), highlight=False)
    for one in report.skipped:
        console.print(
            f"{one.job}: {one.name} {'failed' if one.failed else 'was skipped'}: {one.reason}", highlight=False
        )
    console.print(
        f"{report.machine}; Kafka {report.kafka['version'] or '(yours)'}; Python {report.python}", style="dim"
    )
    if not all(row.correct for row in report.rows) or any(one.failed for one in report.skipped):
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(main)
