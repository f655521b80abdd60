"""The `kithline` command: mounts the commands, and prints problems as one clear line."""

import sys
from importlib import import_module

import typer

from services.runtime.errors import Problem

__all__ = ["main"]

_COMMANDS = (
    *("broker", "topics", "run", "demo"),
    *("simulate", "ingest", "send", "replay", "backtest"),
    *("explain", "flags", "waves", "units", "policy", "deadletters", "report", "subject", "vault", "desk"),
    "adapters",
    "chaos",
)
"""Each is a module of `services.commands` with a `register(app)` that adds it."""


def build() -> typer.Typer:
    """The command line with all its commands."""
    app = typer.Typer(
        name="kithline",
        help="Kithline (守望線): explained risk flags per household, and referral tasks, on Kafka.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name in _COMMANDS:
        import_module(f"services.commands.{name}").register(app)
    return app


def main() -> None:
    """Entry point. Exit status 2 for a problem that the user can mend."""
    try:
        build()()
    except Problem as problem:
        print(f"kithline: {problem}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
