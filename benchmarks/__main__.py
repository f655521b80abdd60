"""`python -m benchmarks --json FILE`: measures, prints a table, and writes it all as JSON."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.report import ratios, table
from benchmarks.run import chosen, run
from services.runtime.errors import Problem
from services.runtime.kafka_dev import broker


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write rows and ratios here.")] = None,
    records: Annotated[
        int | None, typer.Option(min=1_000, help="Records of each job; by default 20,000 and 100,000.")
    ] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Of every topic.")] = 4,
    only: Annotated[list[str] | None, typer.Option(help="A job, a name, or job/name. May be repeated.")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="What there is to measure.")] = False,
) -> None:
    """Throughput and CPU time of the engine and its peers, at the same work on the same bytes, on real Kafka.

    Uses the cluster of KITHLINE_KAFKA where it is set, else one of its own. Exit status 1 if any output was wrong.
    """
    wanted = chosen(only or ())
    if show_list:
        for job, name in wanted:
            typer.echo(f"{job}/{name}")
        return
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    console, progress = Console(width=120), Console(stderr=True)
    with broker() as started:
        report = asyncio.run(run(started, wanted, records, partitions, lambda text: progress.print(text, style="dim")))
    if json_file is not None:
        json_file.write_bytes(report.json())
    console.print(table(report.rows))
    for name, ratio in ratios(report.rows).items():
        console.print(f"{name}: {ratio:g}", highlight=False)
    console.print(
        f"{report.machine}; Kafka {report.kafka['version'] or '(yours)'}; Python {report.python}", style="dim"
    )
    if not all(row.correct for row in report.rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    try:
        command()
    except Problem as problem:
        print(f"kithline: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
