"""`kithline waves`: an officer looks at the lists that wait for release, and releases a wave."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from contracts.control import OfficerDecision
    from contracts.flags import Flag
    from services.runtime.settings import Settings

__all__ = ["read_lists", "register", "release"]

_FLAGS = "risk.flags"

District = Annotated[str | None, typer.Option(help="Only this district, for example SSP.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `waves list` and `waves release`."""
    group = typer.Typer(
        help="Lists of households that wait until an officer releases them, in waves.", no_args_is_help=True
    )
    group.command("list")(listing)
    group.command("release")(release_wave)
    app.add_typer(group, name="waves")


async def read_lists(settings: "Settings") -> tuple[list["Flag"], list["OfficerDecision"]]:
    """What the cluster holds: every flag of a list rule in its latest revision, and every officer's release.
    Raises Problem."""
    import orjson
    from pydantic import ValidationError

    from contracts.control import OfficerDecision
    from contracts.flags import Flag
    from services.referral.waves import DECISIONS, on_a_list
    from services.runtime.reading import stream_topics

    latest: dict[str, dict[str, Any]] = {}
    decisions = []
    async for record in stream_topics(settings, (_FLAGS, DECISIONS)):
        if record.topic == _FLAGS:
            flag = orjson.loads(record.value)
            known = latest.get(flag["flag_id"])
            if known is None or known["revision"] < flag["revision"]:
                latest[flag["flag_id"]] = flag
        else:
            try:
                decision = OfficerDecision.model_validate_json(record.value)
            except ValidationError:
                continue  # referral buries it with its reason; it has released nobody
            if decision.decision == "release":
                decisions.append(decision)
    flags = (Flag.model_validate(flag) for flag in latest.values())
    return [flag for flag in flags if on_a_list(flag)], decisions


async def release(
    bootstrap: str, typology: str, district: str | None, size: int, officer: str, wave: str, at: str
) -> list["OfficerDecision"]:
    """Releases the first `size` candidates of a list that fit the units' days, on the cluster at `bootstrap`; returns
    the decisions sent.

    Doing so again releases the next ones; a decision that arrives twice is recognised. Raises Problem."""
    from services.referral.waves import candidates, choose
    from services.runtime.settings import Settings

    settings = Settings(kafka=bootstrap)
    flags, released = await read_lists(settings)
    waiting = choose(candidates(flags, released, typology), district, len(flags))
    chosen, starts = _fitting(waiting, flags, released, settings, at, size)
    decisions = _decide(chosen, officer, wave, at, starts)
    await _send(decisions, settings)
    return decisions


def listing(
    district: District = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show each list: how many households wait, how urgently, and what has been released so far."""
    import asyncio

    import orjson

    from services.runtime.settings import Settings

    settings = Settings()
    flags, decisions = asyncio.run(read_lists(settings))
    rows = _rows(flags, decisions, district)
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    if not rows:
        where = f" in district {district}" if district else ""
        typer.echo(f"nobody waits on a list{where}, and nobody has been released", err=True)
        return
    from rich.console import Console
    from rich.table import Column, Table

    from services.correlator.rules import LEVELS

    levels = [level for level in reversed(LEVELS) if any(row["candidates"].get(level) for row in rows)]
    table = Table(
        "list",
        "district",
        "candidates",
        *(_word(level) for level in levels),
        "released",
        Column("waves", overflow="fold"),
        box=None,
    )
    for row in rows:
        waves = ", ".join(f"{name} ({count})" for name, count in row["waves"].items())
        counts = [str(row["candidates"].get(level, 0)) for level in levels]
        table.add_row(
            row["list"],
            row["district"] or "not known",
            str(sum(row["candidates"].values())),
            *counts,
            str(row["released"]),
            waves or "none yet",
        )
    console = Console()
    if not console.is_terminal:
        console.width = 1_000  # piped: a line a list, however long
    console.print(table, highlight=False)


def release_wave(
    typology: Annotated[str, typer.Argument(metavar="LIST", help="For example little-support.")],
    size: Annotated[
        int | None, typer.Option(min=1, help="At most so many households. Not given: as many as fit the units' days.")
    ] = None,
    district: District = None,
    officer: Annotated[str, typer.Option(help="The role that decides.")] = "duty-officer",
    wave: Annotated[str | None, typer.Option(help="Name of the wave. Not given: LIST-DISTRICT-NUMBER.")] = None,
    at: Annotated[str | None, typer.Option(help="When (ISO 8601): the clocks run from then. Not given: now.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show who would be released.")] = False,
) -> None:
    """Release the most pressing households of a list for visits: highest level first, then longest known. Each unit
    gets no more a day than clocks.yaml says (`waves`): the clocks of the others run from a later day on."""
    import asyncio

    from contracts.instants import canonical, in_hong_kong
    from services.referral.waves import candidates, choose, next_wave
    from services.runtime.now import now
    from services.runtime.settings import Settings

    try:
        instant = canonical(at) if at else now()
    except ValueError as fault:
        raise Problem(f"--at: {fault}") from None
    settings = Settings()
    flags, decisions = asyncio.run(read_lists(settings))
    _check_list(typology, flags, settings)
    waiting = choose(candidates(flags, decisions, typology), district, len(flags))
    name = wave or next_wave(typology, district, decisions)
    chosen, starts = _fitting(waiting, flags, decisions, settings, instant, size or len(waiting))
    made = _decide(chosen, officer, name, instant, starts)
    if dry_run:
        for flag in chosen:
            place = f"{_word(flag.level):9}  {flag.district or '-'}"
            typer.echo(f"{flag.flag_id}  {place}  {flag.household_id}  {in_hong_kong(starts[flag.flag_id]).date()}")
    else:
        asyncio.run(_send(made, settings))
    said = "would be released" if dry_run else "released"
    where = f" in {district}" if district else ""
    typer.echo(
        f"{len(made)} {said} of {typology}{where} in wave {name}; {len(waiting) - len(made)} still wait",
        err=dry_run,
    )


def _fitting(
    waiting: list["Flag"],
    flags: list["Flag"],
    decisions: list["OfficerDecision"],
    settings: "Settings",
    at: str,
    size: int,
) -> tuple[list["Flag"], dict[str, str]]:
    """The first of those who wait that fit the units' days, at most `size`; and from when the clocks of each run."""
    from services.policy import load_clocks, load_directory
    from services.referral.waves import spread

    policy = settings.policy_dir
    starts = spread(waiting, flags, decisions, load_directory(policy), load_clocks(policy), at)
    return [flag for flag in waiting if flag.flag_id in starts][:size], starts


def _decide(
    chosen: Iterable["Flag"], officer: str, wave: str, at: str, starts: dict[str, str]
) -> list["OfficerDecision"]:
    from pydantic import ValidationError

    from services.referral.waves import decisions_for

    try:
        return decisions_for(chosen, officer, wave, at, starts)
    except ValidationError as error:
        names = ", ".join(f"--{fault['loc'][0]}" for fault in error.errors())
        raise Problem(f"{names}: letters, digits and : . _ | - only, no spaces (a role, not a person's name)") from None


async def _send(decisions: list["OfficerDecision"], settings: "Settings") -> None:
    from services.referral.waves import DECISIONS, decision_record
    from services.runtime.sender import send

    if decisions:
        await send((decision_record(decision) for decision in decisions), [DECISIONS], settings)


def _check_list(typology: str, flags: list["Flag"], settings: "Settings") -> None:
    """A typing error must not look like an empty list."""
    from services.policy import load_rules

    lists = {flag.typology for flag in flags}
    if typology in lists:
        return
    rules = load_rules(settings.policy_dir)
    lists |= {rule.pattern for rule in rules if any(ask.release == "wave" for ask in rule.asks)}
    if typology not in lists:
        raise Problem(f"no list is called {typology}; there are: {', '.join(sorted(lists)) or 'none'}")


def _rows(flags: list["Flag"], decisions: list["OfficerDecision"], district: str | None) -> list[dict[str, Any]]:
    """One row for each list and district."""
    from services.referral.waves import candidates

    by_flag = {decision.flag_id: decision for decision in decisions}
    waiting = Counter((flag.typology, flag.district, flag.level) for flag in candidates(flags, decisions))
    rows = []
    places = {(flag.typology, flag.district) for flag in flags if district in (None, flag.district)}
    for typology, place in sorted(places, key=lambda pair: (pair[0], pair[1] or "")):
        of_place = [flag for flag in flags if (flag.typology, flag.district) == (typology, place)]
        released = sorted(
            (by_flag[flag.flag_id] for flag in of_place if flag.flag_id in by_flag),
            key=lambda decision: (decision.at, decision.wave or ""),
        )
        levels = {
            level: count for (t, d, level), count in sorted(waiting.items(), key=str) if (t, d) == (typology, place)
        }
        rows.append(
            {
                "list": typology,
                "district": place,
                "candidates": levels,
                "released": len(released),
                "waves": dict(Counter(decision.wave for decision in released)),
            }
        )
    return rows


def _word(level: str) -> str:
    return level.replace("_", " ")
