"""`kithline send`: a file of record lines onto the feeds."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.runtime.fold import Record

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def send(
        file: Annotated[Path, typer.Argument(help="Records, a JSON line each, as `simulate` and `ingest` write them.")],
    ) -> None:
        """Put the feed records of a file on Kafka, in file order. Ticks and answers in it stay where they are."""
        import asyncio

        from contracts.events import FEEDS
        from services.runtime.lines import read_lines
        from services.runtime.sender import send as send_records
        from services.runtime.settings import Settings

        settings = Settings()
        left_out: Counter[str] = Counter()

        def of_feeds() -> "Iterator[Record]":
            for record in read_lines(file):
                if record.topic in FEEDS:
                    yield record
                else:
                    left_out[record.topic] += 1

        sent = asyncio.run(send_records(of_feeds(), FEEDS, settings))
        typer.echo(f"{sent} records sent to {settings.kafka}", err=True)
        if left_out:
            others = ", ".join(f"{topic} {count}" for topic, count in sorted(left_out.items()))
            typer.echo(f"{left_out.total()} left out, since they are of no feed: {others}", err=True)
