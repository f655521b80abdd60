"""`kithline flags`: what an officer decides about a flag, always about the revision that was seen."""

from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from contracts.flags import Outcome, Scope
from services.runtime.errors import Problem

if TYPE_CHECKING:
    from contracts.control import OfficerDecision
    from services.runtime.settings import Settings

__all__ = ["decide", "register"]

FlagId = Annotated[str, typer.Argument(metavar="FLAG", help="The flag's id; its first 6 characters may do.")]
Reason = Annotated[str, typer.Option(help="Why, as a code that is kept: lower case, for example away_with_family.")]
Officer = Annotated[str, typer.Option(help="The role that decides, never a name.")]
Seen = Annotated[int | None, typer.Option(help="The revision that was looked at. Not given: the latest there is.")]
At = Annotated[str | None, typer.Option(help="When (ISO 8601). Not given: now.")]
Covers = Annotated[str, typer.Option(help="flag, member (all flags about the person) or household.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `flags acknowledge|snooze|unsnooze|close`."""
    group = typer.Typer(
        help="Decisions about flags. One about a revision that has changed since in what matters is refused: it "
        "becomes a dead letter that says what is different (`kithline deadletters list`).",
        no_args_is_help=True,
    )
    for command in (acknowledge, snooze, unsnooze, close):
        group.command()(command)
    app.add_typer(group, name="flags")


def acknowledge(
    flag: FlagId, reason: Reason, officer: Officer = "duty-officer", seen: Seen = None, at: At = None
) -> None:
    """Say that an officer has seen the flag at its present level. What was asked goes on."""
    _run(flag, "acknowledge", officer, reason, seen, at)


def snooze(
    flag: FlagId,
    reason: Reason,
    until: Annotated[str, typer.Option(help="When it ends by itself: a day in Hong Kong, or an instant (ISO 8601).")],
    scope: Covers = "flag",
    officer: Officer = "duty-officer",
    seen: Seen = None,
    at: At = None,
) -> None:
    """Put a flag aside for a while: it stands and asks nothing new. New episodes and higher levels are not covered."""
    _run(flag, "snooze", officer, reason, seen, at, scope=scope, until=until)


def unsnooze(
    flag: FlagId,
    reason: Reason,
    scope: Covers = "flag",
    officer: Officer = "duty-officer",
    seen: Seen = None,
    at: At = None,
) -> None:
    """Lift one snooze; others that cover the flag stay."""
    _run(flag, "unsnooze", officer, reason, seen, at, scope=scope)


def close(
    flag: FlagId,
    outcome: Annotated[str, typer.Option(help="One of " + ", ".join(get_args(Outcome)) + ".")],
    reason: Reason,
    officer: Officer = "duty-officer",
    seen: Seen = None,
    at: At = None,
) -> None:
    """Say how a flag ends. Units that are at work are asked to stop, and decide."""
    _run(flag, "close", officer, reason, seen, at, outcome=outcome)


def decide(flag: dict[str, Any], decision: str, officer: str, reason: str, at: str, **more: Any) -> "OfficerDecision":
    """The decision about a flag as it was seen. Raises Problem for what is no code, outcome, scope or instant."""
    from pydantic import ValidationError

    from contracts.control import OfficerDecision

    said = {
        "decision_id": f"{flag['flag_id']}:{decision}:{flag['revision']}:{at}",
        "household_id": flag["household_id"],
        "flag_id": flag["flag_id"],
        "decision": decision,
        "seen_revision": flag["revision"],
        "officer": officer,
        "reason": reason,
        "at": at,
        **more,
    }
    try:
        return OfficerDecision.model_validate(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = f"--{fault['loc'][0]}: " if fault["loc"] else ""
        raise Problem(f"{name}{fault['msg'].removeprefix('Value error, ')}") from None


def _run(
    wanted: str,
    decision: str,
    officer: str,
    reason: str,
    seen: int | None,
    at: str | None,
    scope: str = "flag",
    until: str | None = None,
    **more: Any,
) -> None:
    import asyncio

    from services.referral.waves import DECISIONS, decision_record
    from services.runtime.now import now
    from services.runtime.sender import send
    from services.runtime.settings import Settings

    settings = Settings()
    flag = asyncio.run(_find(wanted, settings))
    if seen is not None:
        flag = {**flag, "revision": seen}
    more |= {"scope": cast("Scope", scope)} | ({"until": _instant(until, "--until")} if until else {})
    made = decide(flag, decision, officer, reason, _instant(at, "--at") if at else now(), **more)
    asyncio.run(send([decision_record(made)], [DECISIONS], settings))
    typer.echo(
        f"{made.flag_id}: {decision} sent, about revision {made.seen_revision} ({flag['status']}, {flag['level']})"
    )


def _instant(text: str, option: str) -> str:
    from contracts.instants import canonical

    try:
        return canonical(f"{text}T00:00+08:00" if len(text) == 10 else text)
    except ValueError as fault:
        raise Problem(f"{option}: {fault}") from None


async def _find(wanted: str, settings: "Settings") -> dict[str, Any]:
    """The flag's latest revision. Raises Problem where there is none, or several ids begin so."""
    import orjson

    from services.explanation.cases import Cases
    from services.runtime.reading import stream_topics

    cases = Cases(f"the topics on {settings.kafka}")
    async for record in stream_topics(settings, ("risk.flags",)):
        cases.add_flag(orjson.loads(record.value))
    found = [case.flag for case in cases.find(wanted) if case.flag is not None]
    if len(found) != 1 or not found[0]["flag_id"].startswith(wanted):
        ids = ", ".join(flag["flag_id"] for flag in found)
        raise Problem(f"{wanted} is no flag; its flags are {ids}. Decide about one of them")
    return found[0]
