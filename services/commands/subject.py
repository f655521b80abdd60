"""`kithline subject`: what is held of a person and why; a correction; an erasure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.commands.explain import Language
from services.runtime.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.runtime.fold import Record
    from services.runtime.settings import Settings
    from services.runtime.vault_client import VaultClient
    from services.subject.erasing import Hold, Plan
    from services.subject.holdings import Holdings

__all__ = ["read_holdings", "register"]

T = TypeVar("T")

Person = Annotated[str, typer.Argument(metavar="ID", help="A pseudonym, p- and 32 digits; any of the person's ids.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `subject access`, `correct`, `erase` and `expire`."""
    group = typer.Typer(
        help="What a person may ask: to see, correct or erase what is held of them.", no_args_is_help=True
    )
    group.command("access")(access)
    group.command("correct")(correct)
    group.command("erase")(erase)
    group.command("expire")(expire)
    app.add_typer(group, name="subject")


async def read_holdings(settings: "Settings", person: str) -> "Holdings":
    """All that the cluster holds of a person, under every id. Raises Problem."""
    from services.runtime.reading import read_topics, stream_topics
    from services.runtime.states import last_values
    from services.runtime.topics import topics
    from services.subject.holdings import Holdings

    _check_id(person)
    changelogs = [name for name, topic in topics().items() if topic.kind == "changelog"]
    holdings = Holdings.of(person, last_values(await read_topics(settings, changelogs)))
    answers = ("referral.updates", "officer.decisions")
    logs = [name for name, topic in topics().items() if topic.kind not in ("changelog", "control", "answers")]
    async for record in stream_topics(settings, logs):
        holdings.add(record)
    async for record in stream_topics(settings, answers):
        holdings.add_decision(record)
    return holdings


def access(
    person: Person,
    out: Annotated[Path | None, typer.Option("--json", help="Write the whole answer here, for machines.")] = None,
    lang: Annotated[Language, typer.Option(help="English or Traditional Chinese.")] = Language.en,
) -> None:
    """Show all that is held of a person and why, less what would tell of others or weaken somebody's protection."""
    import asyncio

    import orjson

    from services.explanation.writing import plain
    from services.runtime.now import now
    from services.runtime.settings import Settings
    from services.runtime.topics import topics
    from services.runtime.vault_log import who_runs_this
    from services.subject.access import access as explain
    from services.subject.access import told

    holdings = asyncio.run(read_holdings(Settings(), person))
    answer = told(holdings, topics(), now(), lang.value)
    answer["vault"] = _ask_vault(lambda vault: vault.subject_access(holdings.ids, who_runs_this()))
    if out is not None:
        try:
            out.write_bytes(orjson.dumps(answer, option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as fault:
            raise Problem(f"cannot write {out}: {fault.strerror}") from None
    typer.echo(plain(explain(answer, lang.value), lang.value), nl=False)


def correct(
    person: Person,
    event: Annotated[str, typer.Option(help="Id of the event that is wrong, as `subject access` shows it.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What it should have said; VALUE is JSON.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When it really happened (ISO 8601).")] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="Another type of the feed, for example a cancellation.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it. Not given: only show what would change.")] = False,
) -> None:
    """Send a correction as an event of its own, which refers to what it corrects. Nothing is edited in place."""
    import asyncio

    import orjson

    from contracts.instants import canonical
    from services.runtime.now import now
    from services.runtime.settings import Settings
    from services.subject.correcting import accepted_events
    from services.subject.correcting import correct as corrected

    settings = Settings()
    try:
        happened = canonical(at) if at else None
    except ValueError as fault:
        raise Problem(f"--at: {fault}") from None
    holdings = asyncio.run(read_holdings(settings, person))
    found = [one for one in accepted_events(holdings) if one.envelope.id == event]
    if len(found) != 1:
        raise Problem(f"{len(found)} events {event} name this person; `kithline subject access` shows their ids")
    made = corrected(found[0], _changes(change or []), now(), happened, kind)
    for slot, before, after in made.changes:
        typer.echo(f"{slot}: {orjson.dumps(before).decode()} -> {orjson.dumps(after).decode()}")
    if not send:
        typer.echo("nothing was sent; --send sends it", err=True)
        return
    asyncio.run(_send([made.record], settings))
    headers = dict(made.record.headers)
    typer.echo(f"sent as {headers['ce_id'].decode()}, which corrects {event}", err=True)


def erase(
    person: Person,
    officer: Annotated[str, typer.Option(help="The role that decides.")],
    until: Annotated[
        str | None, typer.Option(help="What was recorded up to then (ISO 8601). Not given: up to now.")
    ] = None,
    despite_open: Annotated[
        bool, typer.Option("--despite-open-tasks", help="The officer has seen the urgent tasks that are still open.")
    ] = False,
    send: Annotated[bool, typer.Option("--send", help="Do it. Not given: only show what would be done.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Policy folder (default: the repository's).")] = None,
) -> None:
    """Erase what is held of a person. Open urgent tasks and legal holds come first."""
    import asyncio

    from contracts.instants import canonical
    from services.runtime.now import now
    from services.runtime.settings import Settings
    from services.runtime.vault_log import log_erasure
    from services.subject.erasing import held_back, open_urgent, plan_erasure

    settings = Settings()
    moment = now()
    try:
        at = canonical(until) if until else moment
    except ValueError as fault:
        raise Problem(f"--until: {fault}") from None
    if at > moment:
        raise Problem(f"--until {at} has not come yet; only what was recorded already can be erased")
    holdings = asyncio.run(read_holdings(settings, person))
    if held := held_back(holdings, _holds(policy or settings.policy_dir), moment):
        raise Problem(f"a legal hold ({held[0].reason}) keeps these data until {held[0].until}; nothing was erased")
    urgent = open_urgent(holdings)
    for task in urgent:
        typer.echo(f"open: {task['task_id']}  {task['priority']}  {task['purpose']}  {task['unit']}", err=True)
    if urgent and not despite_open:
        raise Problem(
            f"{len(urgent)} urgent tasks about this person are open; put them to an officer, who may then give "
            "--despite-open-tasks. Nothing was erased"
        )
    plan = plan_erasure(holdings, at, moment)
    _show(plan, holdings)
    if not send:
        typer.echo("nothing was sent; --send does it", err=True)
        return
    path = log_erasure(holdings.ids, officer, at, plan.facts)
    asyncio.run(_send(plan.records, settings))
    typer.echo(f"sent; logged under a hash in {path}. `kithline subject access` shows what is left", err=True)
    erased = _ask_vault(lambda vault: vault.erase(holdings.ids, officer, at))
    if erased is not None:
        typer.echo(f"{erased} identities erased in the vault", err=True)


def expire(
    days: Annotated[
        int, typer.Option(min=400, help="A person who is gone is forgotten so many days after the last record.")
    ] = 800,
    at_most: Annotated[int, typer.Option(min=1, help="Persons in one run, the longest gone first.")] = 100,
    send: Annotated[bool, typer.Option("--send", help="Do it. Not given: only show what would be done.")] = False,
    policy: Annotated[Path | None, typer.Option(help="Policy folder (default: the repository's).")] = None,
) -> None:
    """Forget what has no purpose any more: accepted events older than their feed, and persons who are gone."""
    import asyncio

    from services.runtime.now import now
    from services.runtime.reading import read_topics
    from services.runtime.settings import Settings
    from services.runtime.states import last_values
    from services.runtime.topics import topics
    from services.runtime.vault_log import log_erasure
    from services.subject.erasing import held_back, plan_erasure
    from services.subject.expiry import expired_events, gone_persons
    from services.subject.holdings import Holdings

    settings, moment, table = Settings(), now(), topics()
    changelogs = [name for name, topic in table.items() if topic.kind == "changelog"]
    states = last_values(asyncio.run(read_topics(settings, changelogs)))
    records = list(expired_events(states, {name: topic.retention_days for name, topic in table.items()}, moment))
    holds = _holds(policy or settings.policy_dir)
    gone = gone_persons(states, days, moment)
    holdings = [Holdings.of(one.ids[0], states) for one in gone[:at_most]]
    free = [one for one in holdings if not held_back(one, holds, moment)]
    typer.echo(f"{len(records)} records about expired events; {len(free)} of {len(gone)} persons who are gone")
    if not send:
        typer.echo("nothing was sent; --send does it", err=True)
        return
    for one in free:
        plan = plan_erasure(one, moment, moment)
        log_erasure(one.ids, "expiry", moment, plan.facts)
        records += plan.records
    if records:
        asyncio.run(_send(records, settings))
    if gone_ids := [id_ for one in free for id_ in one.ids]:
        _ask_vault(lambda vault: vault.erase(gone_ids, "expiry", moment))


def _show(plan: "Plan", holdings: "Holdings") -> None:
    typer.echo(
        f"{plan.facts} facts under {len(holdings.ids)} ids, recorded up to {plan.at}; {len(plan.records)} records"
    )
    if plan.sources:
        typer.echo(f"to erase at their own place, and to send nothing older again: {', '.join(plan.sources)}")
    for topic, times in sorted(holdings.copies.items()):
        typer.echo(f"copies that stay until they expire: {topic}, {len(times)} records")


def _holds(policy: Path) -> "list[Hold]":
    from pydantic import TypeAdapter

    from services.runtime.yaml_file import read
    from services.subject.erasing import Hold

    path = policy / "holds.yaml"
    return read(path, TypeAdapter(list[Hold])) if path.exists() else []


def _changes(pairs: list[str]) -> dict[str, object]:
    import orjson

    changes: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Problem(f"--set {pair}: write it as field=value")
        try:
            changes[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            changes[name] = value
    return changes


def _check_id(person: str) -> None:
    import re

    from pydantic import TypeAdapter, ValidationError

    from contracts.ids import PersonId

    try:
        TypeAdapter(PersonId).validate_python(person)
    except ValidationError:
        told = person if re.fullmatch(r"[a-z]-[0-9a-f-]*", person) else "what was given"
        raise Problem(f"{told} is no pseudonym: p- and 32 of 0-9a-f. The vault knows whose is which") from None


def _ask_vault(question: "Callable[[VaultClient], Awaitable[T]]") -> "T | None":
    """What the vault at KITHLINE_VAULT_URL answers; None, and a word to the person at the keyboard, where none is
    named. Raises Problem where it refuses or does not answer."""
    import asyncio

    from services.runtime.vault_client import VaultAccess, VaultClient, VaultRefused

    access = VaultAccess()
    if access.url is None:
        typer.echo("the vault was not asked: KITHLINE_VAULT_URL names none", err=True)
        return None

    async def ask() -> "T":
        async with VaultClient(access) as vault:
            return await question(vault)

    try:
        return asyncio.run(ask())
    except VaultRefused as refused:
        raise Problem(
            f"the vault refuses ({refused.refusal.refused}): {refused.refusal.says}; run this again"
        ) from None


async def _send(records: "list[Record]", settings: "Settings") -> None:
    from services.runtime.sender import send

    await send(records, sorted({record.topic for record in records}), settings)
