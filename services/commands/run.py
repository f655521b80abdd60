"""`kithline run`: starts services and runs them until it is told to stop."""

import os
from typing import Annotated

import typer

from services.runtime.errors import Problem
from services.runtime.settings import BESIDE_THE_LINE, WEB_ORDER

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("run")(run)


def run(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…|all",
            help=f"Services: {', '.join(WEB_ORDER)}. `all` is the line, without {', '.join(sorted(BESIDE_THE_LINE))}.",
        ),
    ],
    web_port: Annotated[
        int | None,
        typer.Option(help="Port of the first service's health and metrics; the others follow, in the order above."),
    ] = None,
) -> None:
    """Start services, each a Faust app, in this one process; SIGTERM or Ctrl-C stops them cleanly."""
    from services.runtime.app import run_services

    unknown = [name for name in names if name not in (*WEB_ORDER, "all")]
    if unknown:
        raise Problem(f"no service is called {', '.join(unknown)}; there are {', '.join(WEB_ORDER)}, and `all`")
    if web_port is not None:
        os.environ["KITHLINE_WEB_PORT"] = str(web_port)
    line = [name for name in WEB_ORDER if name not in BESIDE_THE_LINE]
    run_services(*dict.fromkeys([*(line if "all" in names else ()), *(name for name in names if name != "all")]))
