"""What the demo shows while it runs and at its end: a live table on a terminal, plain lines elsewhere."""

from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from contracts.events import FEEDS
from contracts.flags import OPEN
from contracts.instants import in_hong_kong
from contracts.tasks import TERMINAL
from services.demo.observer import Observer

__all__ = ["Screen", "hong_kong"]


def hong_kong(instant: str) -> str:
    """An instant as a person in Hong Kong reads it."""
    return f"{in_hong_kong(instant):%a %d %b %Y %H:%M}"


class Screen:
    """Use as a context manager around the run."""

    def __init__(self, console: Console, plain: bool) -> None:
        self._console = console
        self._live = None if plain else Live(console=console, refresh_per_second=4, transient=True)
        self._day = ""

    def __enter__(self) -> "Screen":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """The live view ends; lines still stay."""
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, as_of: str, done: int, of: int, sent: dict[str, int], observer: Observer) -> None:
        """Where the month stands."""
        figures = _figures(sent, observer)
        if self._live:
            self._live.update(_table(as_of, done, of, figures, sent))
        elif (day := hong_kong(as_of)[:15]) != self._day:
            self._day = day
            self.say(f"{day}  " + "  ".join(f"{name} {value}" for name, value in figures.items()))


def _figures(sent: dict[str, int], observer: Observer) -> dict[str, Any]:
    books, counts = observer.books, observer.counts
    flags = books.flags.values()
    tasks = books.tasks.values()
    latencies = sorted(observer.latencies_ms[-500:])
    return {
        "events": sum(sent.values()),
        "flags": len(flags),
        "open flags": sum(flag["status"] in OPEN for flag in flags),
        "tasks": len(tasks),
        "open tasks": sum(task["status"] not in TERMINAL for task in tasks),
        "answers": counts["referral.updates"],
        "dead letters": counts["dead.letters"],
        "latency ms": round(latencies[len(latencies) // 2]) if latencies else "–",
    }


def _table(as_of: str, done: int, of: int, figures: dict[str, Any], sent: dict[str, int]) -> Table:
    table = Table(title=f"守望線 Kithline · {hong_kong(as_of)} · {100 * done // max(1, of)} %", title_style="bold")
    table.add_column("feed", style="cyan")
    table.add_column("records", justify="right")
    table.add_column("the line", style="green")
    table.add_column("", justify="right")
    rows = list(figures.items())
    feeds = list(FEEDS)
    for place in range(max(len(rows), len(feeds))):
        feed = feeds[place] if place < len(feeds) else ""
        name, value = rows[place] if place < len(rows) else ("", "")
        table.add_row(feed, str(sent.get(feed, "")) if feed else "", name, str(value))
    return table
