"""`python -m benchmarks.latency --json FILE`: p50 and p99 of one hop and of the whole line, beside bare copies."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.command import run_command, tell_rows
from benchmarks.latency.measure import TIMINGS, measure_all


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Records a second; may be repeated.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="That are counted, for each rate.")] = None,
) -> None:
    """Measures, and prints the rows as JSON. Takes about four minutes on two quiet cores."""
    usual = dict(TIMINGS)
    timings = [(one, seconds or usual.get(one, 20)) for one in rate or usual]
    rows = asyncio.run(measure_all(lambda text: typer.echo(text, err=True), timings))
    tell_rows(rows, json_file)


if __name__ == "__main__":
    run_command(main)
