"""`kithline desk`: accounts of the desk, and its audit."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.book.store import Store

__all__ = ["register"]

Name = Annotated[str, typer.Option(help="A number or role in the unit, for example w-07; no person's name is needed.")]


def register(app: typer.Typer) -> None:
    """Adds `desk account add`, `list`, `close`, and `desk audit`."""
    group = typer.Typer(help="The desk: who may sign in, and what was done there.", no_args_is_help=True)
    account = typer.Typer(help="Accounts of units: open, list, close.", no_args_is_help=True)
    account.command("add")(add)
    account.command("list")(listing)
    account.command("close")(close)
    group.add_typer(account, name="account")
    group.command("audit")(audit)
    app.add_typer(group, name="desk")


def add(
    unit: Annotated[str, typer.Option(help="The unit's id, as deploy/policy/units.yaml has it.")],
    name: Name,
    role: Annotated[str, typer.Option(help="worker; or officer, of a district office.")] = "worker",
    generate: Annotated[bool, typer.Option("--generate", help="Make a password, and print it once.")] = False,
) -> None:
    """Open an account, or give it another password (asked for, or read from standard input): it is signed out then."""
    import secrets
    import sys

    if generate:
        password = "-".join(secrets.token_hex(3) for _ in range(4))
    elif sys.stdin.isatty():
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")

    async def made(store: "Store") -> None:
        from services.desk.accounts import Accounts
        from services.policy import load_directory
        from services.runtime.settings import Settings

        await Accounts(store, load_directory(Settings().policy_dir)).add(unit, name, role, password)

    _run(made)
    if generate:
        typer.echo(password)
    typer.echo(f"{name} ({role}) may sign in for {unit}", err=True)


def listing() -> None:
    """Show the accounts."""

    async def shown(store: "Store") -> None:
        from services.desk.accounts import Accounts
        from services.directory import Directory

        for name, unit, role, active in await Accounts(store, Directory(())).listed():
            typer.echo(f"{name}\t{unit}\t{role}\t{'open' if active else 'closed'}")

    _run(shown)


def close(name: Name) -> None:
    """Close an account. Who is signed in with it is signed out."""

    async def closed(store: "Store") -> None:
        from services.desk.accounts import Accounts
        from services.directory import Directory

        await Accounts(store, Directory(())).close(name)

    _run(closed)
    typer.echo(f"{name} is closed", err=True)


def audit(
    verify: Annotated[bool, typer.Option("--verify", help="Only see whether the chain of hashes holds.")] = False,
    head: Annotated[
        str | None, typer.Option(help="NUMBER:HASH noted earlier, which must still be in the chain.")
    ] = None,
) -> None:
    """Print what was done at the desk, a JSON object a line; or verify it, and print the head to note elsewhere."""

    async def told(store: "Store") -> None:
        import orjson

        from services.book import audit as chain
        from services.book.tables import AUDIT

        async with store.read() as look:
            if not (verify or head):
                async for entry in chain.entries(look, AUDIT):
                    typer.echo(orjson.dumps(entry))
                return
            count = await chain.verify(look, AUDIT, _noted(head))
            number, last = await chain.head(look, AUDIT)
            typer.echo(f"{count} entries, and the chain holds; its head is {number}:{last}")

    _run(told)


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    number, _, digest = head.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise Problem("--head: NUMBER:HASH as `kithline desk audit --verify` printed it")
    return int(number), digest


def _run(task: "Callable[[Store], Awaitable[None]]") -> None:
    """Runs `task` on the desk's store. Raises Problem."""
    import asyncio

    from services.book.store import Store
    from services.book.tables import METADATA
    from services.desk.settings import DeskSettings
    from services.desk.tables import DESK

    async def run() -> None:
        store = Store(DeskSettings().dsn, METADATA, DESK)
        await store.open()
        try:
            await task(store)
        finally:
            await store.close()

    asyncio.run(run())
