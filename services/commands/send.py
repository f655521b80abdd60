"""`kithline send`: a file of record lines onto the feeds."""

from pathlib import Path
from typing import Annotated

import typer

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
        records = (record for record in read_lines(file) if record.topic in FEEDS)
        sent = asyncio.run(send_records(records, FEEDS, settings))
        typer.echo(f"{sent} records sent to {settings.kafka}", err=True)
