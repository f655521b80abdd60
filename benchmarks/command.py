"""What the commands of this package share: how they end on a Problem, and how plain rows are told."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import typer

from benchmarks.machine import machine_in_words
from services.runtime.errors import Problem

__all__ = ["run_command", "tell_rows"]


def run_command(main: Callable[..., None]) -> None:
    """Runs `main` with the arguments of this process. A Problem is one line on stderr and exit status 2."""
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    try:
        command()
    except Problem as problem:
        print(f"kithline: {problem}", file=sys.stderr)
        raise SystemExit(2) from None


def tell_rows(rows: Sequence[dict[str, Any]], json_file: Path | None) -> None:
    """Prints the rows as JSON with the machine in words, and writes the same where a file is named."""
    report = orjson.dumps({"machine": machine_in_words(), "rows": rows}, option=orjson.OPT_INDENT_2)
    if json_file is not None:
        json_file.write_bytes(report + b"\n")
    typer.echo(report.decode())
