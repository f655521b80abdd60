"""What a run of chaos prints at its end."""

from rich.console import Console
from rich.table import Table

from services.chaos.run import Outcome

__all__ = ["tell"]

_SHOWN = 10
"""Findings of each kind that are printed."""

_ROWS = (
    ("inputs", "feed records on Kafka"),
    ("applied", "of these applied"),
    ("duplicates", "… known before"),
    ("dead_letters", "… dead letters"),
    ("applied_before_drain", "through the line before the faults ended, at least"),
    ("transactions", "transactions explained by the folds"),
    ("kills", "kill -9 of a worker"),
    ("broker_kills", "kill -9 of a broker"),
    ("pauses", "workers stopped for longer than their session"),
    ("fenced", "processes that were fenced"),
    ("missing", "missing"),
    ("repeated", "repeated"),
    ("state_differs", "state that differs"),
)


def tell(outcome: Outcome, console: Console) -> None:
    """Prints the summary, and what was found."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, words in _ROWS:
        table.add_row(words, str(outcome.figures[name]))
    stalls = outcome.figures["stalls_s"]
    table.add_row("longest stall of any partition after a kill, s", f"p50 {stalls['p50']}, max {stalls['max']}")
    console.print(table)
    verdict = outcome.verdict
    for kind, found in (
        ("missing", verdict.missing),
        ("repeated", verdict.repeated),
        ("state differs", verdict.state_differs),
    ):
        for finding in found[:_SHOWN]:
            console.print(f"{kind}: {finding}", markup=False)
        if len(found) > _SHOWN:
            console.print(f"… and {len(found) - _SHOWN} more")
    for complaint in outcome.complaints:
        console.print(complaint, markup=False)
