"""`kithline adapters`: tasks that could not be delivered, for the person who mends that."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from services.adapters.webhook.queue import Stuck
    from services.book.store import Store

__all__ = ["register"]

Unit = Annotated[str | None, typer.Option(help="Only this unit's.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `adapters queue` and `adapters retry`."""
    group = typer.Typer(
        help="Tasks on their way to units' systems: what is stuck, and trying again.", no_args_is_help=True
    )
    group.command("queue")(queue)
    group.command("retry")(retry)
    app.add_typer(group, name="adapters")


def queue(unit: Unit = None, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """List the tasks that a unit's system refuses, or could not be reached for: the operator queue."""
    import asyncio
    from dataclasses import asdict

    import orjson

    rows = [asdict(row) for row in asyncio.run(_stuck(unit))]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    if not rows:
        typer.echo("nothing is stuck", err=True)
        return
    from rich.console import Console
    from rich.table import Column, Table

    from services.explanation.terms import hong_kong_time

    columns = ("revision", "priority", "status", "since (Hong Kong)", "tried", "why")
    table = Table("unit", Column("task", no_wrap=True), *columns, box=None)
    for row in rows:
        row["failing_since"] = hong_kong_time(row["failing_since"], "en")
        names = ("unit", "task", "revision", "priority", "status", "failing_since", "attempts", "why")
        table.add_row(*(str(row[name]) for name in names))
    console = Console()
    if not console.is_terminal:
        console.width = 1_000  # piped: a line a task
    console.print(table)
    typer.echo(f"{len(rows)} stuck; mend the cause, then `kithline adapters retry`", err=True)


def retry(
    tasks: Annotated[list[str] | None, typer.Argument(metavar="TASK…", help="Tasks, as `queue` shows them.")] = None,
    unit: Unit = None,
    every: Annotated[bool, typer.Option("--all", help="All that is stuck (of --unit, if that is given).")] = False,
) -> None:
    """Try again what is stuck, now that its cause has been mended."""
    import asyncio

    if bool(tasks) == every:
        raise Problem("name tasks, or else --all (or --unit U --all); `kithline adapters queue` lists them")
    count = asyncio.run(_retry(unit, tasks or [None]))
    typer.echo(f"{count} set going again" + ("" if count else ": nothing of that name is stuck"))


async def _stuck(unit: str | None) -> "list[Stuck]":
    from services.adapters.webhook.queue import stuck

    store = _store()
    await store.open()
    try:
        return await stuck(store, unit)
    finally:
        await store.close()


async def _retry(unit: str | None, tasks: list[str] | list[None]) -> int:
    from services.adapters.webhook.queue import retry as set_going

    store = _store()
    await store.open()
    try:
        return sum([await set_going(store, unit, task) for task in tasks])
    finally:
        await store.close()


def _store() -> "Store":
    from services.adapters.settings import AdapterSettings
    from services.adapters.tables import METADATA as OURS
    from services.book.store import Store
    from services.book.tables import METADATA

    dsn = AdapterSettings().dsn
    file = Path(dsn.removeprefix("sqlite:///"))
    if dsn.startswith("sqlite:///") and not file.exists():
        raise Problem(f"there is no store {file}; name the one of the adapters in KITHLINE_ADAPTERS_STORE")
    return Store(dsn, METADATA, OURS)
