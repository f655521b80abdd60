"""`kithline topics`: makes the table of topics true on a cluster, and shows it."""

from typing import Annotated

import typer

from services.runtime.errors import Problem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands `topics apply` and `topics list`."""
    group = typer.Typer(help="The table of topics (contracts/topics.yaml) and a cluster.", no_args_is_help=True)
    group.command("apply")(apply)
    group.command("list")(listing)
    app.add_typer(group, name="topics")


def apply(
    replication: Annotated[
        int | None, typer.Option(help="Copies of each partition. Not given: 3, or one a broker.", min=1)
    ] = None,
    settings: Annotated[
        bool,
        typer.Option("--settings", help="Also set retention and compaction of topics that exist, as in the table."),
    ] = False,
) -> None:
    """Create the topics that are missing on the cluster of KITHLINE_KAFKA. Removes nothing."""
    from services.runtime.loops import in_own_loop
    from services.runtime.settings import Settings
    from services.runtime.topic_admin import align_settings, ensure_topics
    from services.runtime.topics import topics

    bootstrap = Settings().kafka
    created = ensure_topics(bootstrap, replication)
    print(f"{bootstrap}: {len(topics())} topics, {len(created)} of them new")  # noqa: T201
    for one in in_own_loop(align_settings(Settings(), change=settings)):
        done = "set" if settings else "left as it is; --settings sets it"
        print(f"{one.topic}: {one.name} is {one.there}, the table says {one.wanted}: {done}")  # noqa: T201


def listing(
    plain: Annotated[bool, typer.Option("--plain", help="Only the names in the table, without a cluster.")] = False,
) -> None:
    """Show the table of topics, and what of it the cluster of KITHLINE_KAFKA has."""
    from services.runtime.topics import topics

    if plain:
        for name in topics():
            print(name)  # noqa: T201
        return
    import asyncio

    from rich.console import Console
    from rich.table import Column, Table

    from services.runtime.settings import Settings
    from services.runtime.topic_admin import existing_partitions

    try:
        found = asyncio.run(existing_partitions(Settings(kafka_wait_seconds=3)))
        unknown = ""
    except Problem as problem:
        found, unknown = {}, f"Without a cluster: {problem}."
    table = Table(
        Column("topic", no_wrap=True), "kind", "key", "kept", "partitions", "on the cluster", box=None, pad_edge=False
    )
    for topic in topics().values():
        there = found.get(topic.name)
        kept = "compacted" if topic.cleanup == "compact" else f"{topic.retention_days or 'all'} days"
        state = (
            "" if unknown else "missing" if there is None else "yes" if there == topic.partitions else f"has {there}"
        )
        table.add_row(topic.name, topic.kind, topic.key, kept, str(topic.partitions), state)
    console = Console()
    console.print(table)
    if unknown:
        Console(stderr=True).print(unknown, highlight=False)
