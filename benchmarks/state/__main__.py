"""`python -m benchmarks.state --json FILE`: restore, memory and work of the correlator over many households."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.command import run_command, tell_rows
from benchmarks.state.measure import EVENTS, HOUSEHOLDS, measure_all
from services.runtime.kafka_dev import broker
from services.runtime.settings import Settings


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[list[int] | None, typer.Option(help="How many; may be repeated, the fewest first.")] = None,
    events: Annotated[int, typer.Option(min=1_000, help="Of each run.")] = EVENTS,
) -> None:
    """Measures, and prints the rows as JSON. The cluster is that of KITHLINE_KAFKA where it is set, else its own."""
    with broker(hot=True) as started:
        settings = Settings(kafka=started.bootstrap)
        rows = asyncio.run(measure_all(settings, typer.echo, households or HOUSEHOLDS, events))
    tell_rows(rows, json_file)


if __name__ == "__main__":
    run_command(main)
