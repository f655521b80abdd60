"""`kithline backtest`: what another policy would have raised of a recorded feed, and how well each does."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("backtest")(backtest)


def backtest(
    feed: Annotated[Path, typer.Argument(help="Recorded feeds, a JSON line each.")],
    against: Annotated[Path, typer.Option(help="The policy folder to try: B.")],
    policy: Annotated[
        Path | None, typer.Option(help="The policy folder to compare with: A (default: in force).")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Labelled cases, as `simulate` writes FILE.truth.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: as many as there are cores.")] = None,
) -> None:
    """Live through a feed under two policies: what only one raises, precision, recall, units' work, disparities.

    The services' own folds run, and time moves as it would have. Ticks, answers and decisions in FEED are left out.
    """
    import orjson
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from services.backtest.run import Policy, lived, report
    from services.backtest.screen import tell
    from services.backtest.truth import read_truth
    from services.runtime.errors import Problem
    from services.runtime.settings import Settings
    from services.shards import Tell

    policies = [Policy.read(policy or Settings().policy_dir), Policy.read(against)]
    cases = read_truth(truth) if truth is not None else None
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        reading = progress.add_task("reading the feed", total=None)

        def begin(lines: int) -> Tell:
            progress.update(reading, description="records under both policies", total=lines)
            return lambda count: progress.advance(reading, count)

        told = lived(feed, policies, cases or (), jobs, begin)
    figures = report(told, cases)
    if json_file is not None:
        try:
            json_file.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        except OSError as fault:
            raise Problem(f"cannot write {json_file}: {fault.strerror}") from None
    tell(figures, Console(width=None if Console().is_terminal else 160))
