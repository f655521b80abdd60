"""`python -m benchmarks.state --json FILE`: restore, memory and work of the correlator over many households."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.machine import machine_in_words
from benchmarks.state.measure import EVENTS, HOUSEHOLDS, measure_all
from services.runtime.errors import Problem
from services.runtime.kafka_dev import broker
from services.runtime.settings import Settings


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[list[int] | None, typer.Option(help="How many; may be repeated, the fewest first.")] = None,
    events: Annotated[int, typer.Option(min=1_000, help="Of each run.")] = EVENTS,
) -> None:
    """Measures, and prints the rows as JSON. The cluster is that of KITHLINE_KAFKA where it is set, else its own."""
    with broker() as started:
        settings = Settings(kafka=started.bootstrap)
        rows = asyncio.run(measure_all(settings, typer.echo, households or HOUSEHOLDS, events))
    report = orjson.dumps({"machine": machine_in_words(), "rows": rows}, option=orjson.OPT_INDENT_2)
    if json_file is not None:
        json_file.write_bytes(report + b"\n")
    typer.echo(report.decode())


if __name__ == "__main__":
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    try:
        command()
    except Problem as problem:
        print(f"kithline: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
