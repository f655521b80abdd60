"""`python -m benchmarks.latency --json FILE`: p50 and p99 of one hop and of the whole line, beside bare copies."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.latency.measure import TIMINGS, measure_all
from benchmarks.machine import machine_in_words
from services.runtime.errors import Problem


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Records a second; may be repeated.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="That are counted, for each rate.")] = None,
) -> None:
    """Measures, and prints the rows as JSON. Takes about four minutes on two quiet cores."""
    usual = dict(TIMINGS)
    timings = [(one, seconds or usual.get(one, 20)) for one in rate or usual]
    rows = asyncio.run(measure_all(lambda text: typer.echo(text, err=True), timings))
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
