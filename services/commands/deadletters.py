"""`kithline deadletters`: what could not be applied: listed, shown, corrected and sent back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.runtime.fold import Record
    from services.runtime.letter_box import Kept

__all__ = ["register"]

Reason = Annotated[str | None, typer.Option(help="Only letters with this reason, for example too_new.")]
Topic = Annotated[str | None, typer.Option(help="Only records that came from this topic.")]
VaultKey = Annotated[
    Path | None,
    typer.Option(
        help="Open sealed letters here, with the vault's private key in this file, where no vault runs. Not given: the "
        "vault at KITHLINE_VAULT_URL opens them. Either way each opening is logged."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands `deadletters list`, `show`, `replay` and `keys`."""
    group = typer.Typer(
        help="Records that could not be applied, kept whole: list, show, correct, replay.", no_args_is_help=True
    )
    group.command("list")(listing)
    group.command("show")(show)
    group.command("replay")(replay)
    group.command("keys")(keys)
    app.add_typer(group, name="deadletters")


def listing(
    reason: Reason = None,
    topic: Topic = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List dead letters: why, from where, since when. Shows nothing of what they hold."""
    import orjson

    from services.runtime.letter_box import listed

    rows = [listed(one) for one in _matching(_read(), reason, topic)]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    if not rows:
        typer.echo("no dead letters" + (" that match" if reason or topic else ""), err=True)
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from services.explanation.terms import hong_kong_time

    table = Table(Column("id", no_wrap=True), "reason", "when (Hong Kong)", "sealed", "what is wrong", box=None)
    for row in rows:
        when = hong_kong_time(str(row["at"]), "en")
        cells = (row["id"], row["reason"], when, "sealed" if row["sealed"] else "", row["detail"])
        table.add_row(*(Text(str(cell), overflow="fold") for cell in cells))
    console = Console()
    if not console.is_terminal:
        console.width = 1_000  # piped: a line a letter, however long
    console.print(table)
    typer.echo(f"{len(rows)} dead letters", err=True)


def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="topic:partition:offset, as `list` shows it.")],
    vault_key: VaultKey = None,
) -> None:
    """Show one dead letter whole: headers, key and value, as text or in hex."""
    from services.runtime.letter_box import find, listed, shown

    one = find(_read(), letter_id)
    record = _open(one, vault_key, "show")
    for name, value in listed(one).items():
        typer.echo(f"{name + ':':11}{value}")
    typer.echo(f"key:       {shown(record.key)}")
    typer.echo("headers:")
    for header, data in record.headers:
        typer.echo(f"  {shown(header.encode())}: {shown(data)}")
    typer.echo(f"value: ({len(record.value)} bytes)")
    typer.echo(shown(record.value))


def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Ids, as `list` shows them.")] = None,
    reason: Reason = None,
    topic: Topic = None,
    every: Annotated[bool, typer.Option("--all", help="All letters that --reason and --topic name.")] = False,
    value: Annotated[Path | None, typer.Option(help="Send this file's bytes as the value (one ID only).")] = None,
    vault_key: VaultKey = None,
) -> None:
    """Send records back to the topics they came from. Each is a new input record, and is checked again."""
    import asyncio

    from services.runtime.letter_box import again, find

    wanted = ids or []
    if bool(wanted) == every or (every and not (reason or topic)):
        raise Problem("name ids, or else --reason R --all (or --topic T --all)")
    if value is not None and (len(wanted) != 1 or every):
        raise Problem("--value FILE corrects one record: give exactly one id with it")
    kept = _read()
    chosen = _matching(kept, reason, topic) if every else [find(kept, one) for one in dict.fromkeys(wanted)]
    corrected = _bytes_of(value) if value is not None else None
    records = [again(one, _open(one, vault_key, "replay"), corrected) for one in chosen]
    asyncio.run(_send(records))
    typer.echo(f"{len(records)} sent back; what is still wrong with them will be a new dead letter")


def _read() -> "list[Kept]":
    import asyncio

    from services.runtime.cluster import DEAD_LETTERS
    from services.runtime.letter_box import keep
    from services.runtime.reading import read_topics
    from services.runtime.settings import Settings

    return keep(asyncio.run(read_topics(Settings(), (DEAD_LETTERS,))))


def _matching(kept: "list[Kept]", reason: str | None, topic: str | None) -> "list[Kept]":
    """The letters with the reason and from the topic; raises Problem for a reason that no letter can have."""
    from typing import get_args

    from contracts import deadletters

    reasons = get_args(deadletters.Reason)
    if reason is not None and reason not in reasons:
        raise Problem(f"--reason {reason}: no such reason; there are {', '.join(reasons)}")
    return [one for one in kept if reason in (None, one.letter.reason) and topic in (None, one.letter.topic)]


def _open(one: "Kept", vault_key: Path | None, purpose: str) -> "Record":
    """The record that a letter keeps. A sealed one is opened with the key only, and after the log has its entry."""
    from services.runtime.letters import record_of_letter

    if not one.letter.sealed:
        return record_of_letter(one.letter)
    if vault_key is None:
        return _opened_by_the_vault(one, purpose)
    from services.runtime.vault_log import log_opening, read_private_key

    key = read_private_key(vault_key)
    path = log_opening(one.id, purpose)
    typer.echo(f"{one.id}: this opening is logged in {path}", err=True)
    return record_of_letter(one.letter, key)


def _opened_by_the_vault(one: "Kept", purpose: str) -> "Record":
    import asyncio

    from services.runtime.letters import record_of_contents
    from services.runtime.vault_client import VaultAccess, VaultClient, VaultRefused
    from services.runtime.vault_log import who_runs_this

    access = VaultAccess()
    if access.url is None:
        raise Problem(
            f"{one.id} is sealed because it carries identity: set KITHLINE_VAULT_URL to the vault that opens it, or "
            "give --vault-key FILE where none runs; each opening is logged"
        )

    async def ask() -> "Mapping[str, Any]":
        async with VaultClient(access) as vault:
            return await vault.open_letter(one.id, one.letter, purpose, who_runs_this())

    try:
        contents = asyncio.run(ask())
    except VaultRefused as refused:
        raise Problem(f"{one.id}: the vault refuses ({refused.refusal.refused}): {refused.refusal.says}") from None
    typer.echo(f"{one.id}: this opening is entry {contents['entry']} of the vault's audit", err=True)
    return record_of_contents(one.letter, contents)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise Problem(f"cannot read {path}: {fault.strerror}") from fault


async def _send(records: "list[Record]") -> None:
    from services.runtime.sender import send
    from services.runtime.settings import Settings

    await send(records, sorted({record.topic for record in records}), Settings())


def keys(
    out: Annotated[Path, typer.Option(help="File for the private key: the vault's, and nobody else's.")],
) -> None:
    """Make the pair of keys for sealed dead letters; print the public one, for KITHLINE_VAULT_PUBLIC_KEY."""
    import base64
    import os

    from nacl.public import PrivateKey

    private = PrivateKey.generate()
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Problem(f"{out} exists already; what was sealed to it needs it, so name another file") from None
    except OSError as fault:
        raise Problem(f"cannot write {out}: {fault.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(bytes(private)) + b"\n")
    typer.echo(base64.b64encode(bytes(private.public_key)).decode())
