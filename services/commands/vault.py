"""`kithline vault`: load identities, give out credentials, name officers, verify the audit."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from contracts.identity import Identity

__all__ = ["read_identities", "register"]

Unit = Annotated[str, typer.Option(help="The unit's id, as deploy/policy/units.yaml has it.")]
Officer = Annotated[str, typer.Option(help="The officer's number in the unit; no name.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `vault load`, `same-person`, `apart`, `credentials`, `officers`, `audit` and `rekey`."""
    group = typer.Typer(help="The vault: who a pseudonym is, told at the last step.", no_args_is_help=True)
    group.command("load")(load)
    group.command("same-person")(same_person)
    group.command("apart")(apart)
    group.command("audit")(audit)
    group.command("rekey")(rekey)
    credentials = typer.Typer(help="Who may ask: give out, list, revoke.", no_args_is_help=True)
    credentials.command("add")(add_credential)
    credentials.command("list")(list_credentials)
    credentials.command("revoke")(revoke_credential)
    group.add_typer(credentials, name="credentials")
    officers = typer.Typer(help="Who may open protected addresses: named by their unit.", no_args_is_help=True)
    officers.command("add")(add_officer)
    officers.command("remove")(remove_officer)
    group.add_typer(officers, name="officers")
    app.add_typer(group, name="vault")


def load(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="An identity a line (schemas/identity.json).")],
) -> None:
    """Hand identities to the vault (KITHLINE_VAULT_URL, a credential with the right `load`)."""
    import asyncio

    from services.runtime.vault_client import VaultAccess, VaultClient

    identities = list(read_identities(file))

    async def send() -> int:
        async with VaultClient(VaultAccess()) as vault:
            return await vault.load(identities)

    taken = asyncio.run(_said(send()))
    typer.echo(f"{len(identities)} identities; {taken} new or newer than what the vault held", err=True)


def same_person(
    ids: Annotated[list[str], typer.Argument(metavar="ID ID…", help="Pseudonyms of one person.")],
) -> None:
    """Say that pseudonyms are one person: each resolves as the others do."""
    import asyncio

    from services.runtime.vault_client import VaultAccess, VaultClient

    async def send() -> None:
        async with VaultClient(VaultAccess()) as vault:
            await vault.same_person(ids)

    asyncio.run(_said(send()))


def apart(
    person: Annotated[str, typer.Argument(metavar="ID", help="A pseudonym that was taken for another's.")],
) -> None:
    """Take a merge back: the pseudonym stands for itself again."""
    import asyncio

    from services.runtime.vault_client import VaultAccess, VaultClient

    async def send() -> None:
        async with VaultClient(VaultAccess()) as vault:
            await vault.apart(person)

    asyncio.run(_said(send()))


def audit(
    verify: Annotated[bool, typer.Option("--verify", help="Go through the whole chain; say whether it holds.")] = False,
    known_head: Annotated[
        str | None, typer.Option("--head", metavar="NUMBER:HASH", help="With --verify: a head that was noted earlier.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="Show so many entries, the latest.")] = 20,
) -> None:
    """Show the audit of the vault's store (KITHLINE_VAULT_DSN), or verify that nobody has touched it."""
    import asyncio

    import orjson

    from services.book.audit import entries, head
    from services.book.audit import verify as verify_chain
    from services.vault.tables import AUDIT

    noted = _head(known_head) if known_head is not None else None

    async def look() -> None:
        async with _store(reads=True) as connection:
            number, digest = await head(connection, AUDIT)
            if verify:
                await verify_chain(connection, AUDIT, noted)
                typer.echo(f"{number} entries, none changed, none missing; note the head: {number}:{digest}")
                return
            async for entry in entries(connection, AUDIT, max(0, number - last)):
                typer.echo(orjson.dumps(entry))

    asyncio.run(look())


def rekey(
    new_key: Annotated[Path, typer.Option("--new-key", help="File with the new private key.")],
) -> None:
    """Seal all identities to a new key. Stop the vault first; then let KITHLINE_VAULT_KEY_FILE name the new one."""
    import asyncio

    from services.vault.identities import Identities
    from services.vault.keys import VaultKey
    from services.vault.settings import VaultSettings

    old, new = VaultSettings().key(), VaultKey.of_file(new_key)

    async def change() -> int:
        async with _store() as connection:
            count = await Identities(old).seal_anew(connection, new)
            await _log(connection, "rekey", identities=count)
            return count

    typer.echo(
        f"{asyncio.run(change())} identities sealed to {new_key}; keep the old key for old dead letters", err=True
    )


def add_credential(
    right: Annotated[list[str], typer.Option(help="resolve, load, letters or subjects; may be given more than once.")],
    unit: Annotated[
        list[str] | None, typer.Option(help="For `resolve`: whom it acts for; more than once, or `*` for all.")
    ] = None,
    attended: Annotated[
        bool,
        typer.Option("--attended", help="People sign in where it is used: only so are protected addresses opened."),
    ] = False,
) -> None:
    """Give out a credential. It is printed once; the vault keeps a hash."""
    import asyncio

    from services.runtime.now import now
    from services.vault.credentials import give_out

    async def add() -> str:
        async with _store() as connection:
            token = await give_out(connection, right, unit or [], attended, now())
            said = {"rights": sorted(right), "units": sorted(unit or []), "attended": attended}
            await _log(connection, "credential_given", credential=token.split(".")[1], **said)
            return token

    typer.echo(asyncio.run(add()))


def list_credentials() -> None:
    """List credentials: id, rights, units, since when. No secret is kept, so none is shown."""
    import asyncio

    from sqlalchemy import select

    from services.vault.tables import CREDENTIALS

    async def look() -> list[Any]:
        async with _store(reads=True) as connection:
            return list(await connection.execute(select(CREDENTIALS).order_by(CREDENTIALS.c.given_at)))

    for row in asyncio.run(look()):
        state = f"revoked {row.revoked_at}" if row.revoked_at else f"since {row.given_at}"
        typer.echo(f"{row.id}  {row.rights}  {row.units or '-'}  {'attended' if row.attended else '-'}  {state}")


def revoke_credential(name: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """Revoke a credential, from now on."""
    import asyncio

    from services.runtime.now import now
    from services.vault.credentials import revoke

    async def change() -> None:
        async with _store() as connection:
            await revoke(connection, name, now())
            await _log(connection, "credential_revoked", credential=name)

    asyncio.run(change())


def add_officer(unit: Unit, officer: Officer) -> None:
    """Name an officer who may open protected addresses of the unit's tasks."""
    import asyncio

    from services.runtime.now import now
    from services.vault.credentials import name_officer

    async def change() -> None:
        async with _store() as connection:
            await name_officer(connection, unit, officer, now())
            await _log(connection, "officer_named", unit=unit, officer=officer)

    asyncio.run(change())


def remove_officer(unit: Unit, officer: Officer) -> None:
    """…and from now on they may not."""
    import asyncio

    from services.vault.credentials import remove_officer as remove

    async def change() -> bool:
        async with _store() as connection:
            known = await remove(connection, unit, officer)
            if known:
                await _log(connection, "officer_removed", unit=unit, officer=officer)
            return known

    if not asyncio.run(change()):
        raise Problem(f"{unit} has not named {officer}; nothing was changed")


def read_identities(path: Path) -> "Iterator[Identity]":
    """The identities of a file. Raises Problem naming file and line, and never what stands there."""
    from pydantic import ValidationError

    from contracts.identity import Identity
    from services.runtime.hkid import holds_hkid
    from services.runtime.lines import raw_lines

    for number, _, line in raw_lines(path):
        if holds_hkid(line):
            raise Problem(f"{path}:{number}: holds an identity card number; the vault takes pseudonyms only")
        try:
            yield Identity.model_validate_json(line)
        except ValidationError as fault:
            first = fault.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise Problem(f"{path}:{number}: {where}: {first['msg']}; see contracts/schemas/identity.json") from None


def _head(text: str) -> tuple[int, str]:
    number, colon, digest = text.partition(":")
    if not (colon and number.isdigit() and len(digest) == 64):
        raise Problem("--head: write it as NUMBER:HASH, as `kithline vault audit --verify` printed it")
    return int(number), digest


async def _said(asking: Any) -> Any:
    """What the vault answers; its refusals are problems for the person at the keyboard."""
    from services.runtime.vault_client import VaultRefused

    try:
        return await asking
    except VaultRefused as refused:
        raise Problem(f"the vault refuses ({refused.refusal.refused}): {refused.refusal.says}") from None


@asynccontextmanager
async def _store(reads: bool = False) -> "AsyncIterator[AsyncConnection]":
    """A transaction on the vault's own store, for whoever runs the vault. `reads`: only to look, in nobody's way."""
    from services.vault.settings import VaultSettings

    store = VaultSettings().store()
    await store.open()
    try:
        async with store.read() if reads else store.write() as connection:
            yield connection
    finally:
        await store.close()


async def _log(connection: "AsyncConnection", what: str, **said: Any) -> None:
    from services.book.audit import append
    from services.runtime.now import now
    from services.runtime.vault_log import who_runs_this
    from services.vault.tables import AUDIT

    await append(connection, AUDIT, {"what": what, "who": who_runs_this(), "result": "done", **said}, now())
