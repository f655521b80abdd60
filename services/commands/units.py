"""`kithline units`: who can take a task, who takes on new ones, where places are free; and declaring both."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from contracts.events.respite import PlaceKind
from contracts.events.units import Intake
from services.runtime.errors import Problem

if TYPE_CHECKING:
    from pydantic import ValidationError

    from services.directory import Directory, Standings, Unit
    from services.runtime.fold import Record
    from services.runtime.settings import Settings

__all__ = ["register"]

_DECLARATIONS, _VACANCIES, _STATUS = "units.declarations", "respite.vacancies", "units.status"

District = Annotated[str | None, typer.Option(help="A district's code, for example SSP.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
At = Annotated[str | None, typer.Option(help="As of when (ISO 8601); in a demo time is simulated. Not given: now.")]
Until = Annotated[str | None, typer.Option(help="From when it counts no more: a day in Hong Kong, or an instant.")]
UnitId = Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id, for example ssp-decc-1.")]


def register(app: typer.Typer) -> None:
    """Adds the commands `units list|places|declare|vacancy`."""
    group = typer.Typer(
        help="Units: who serves a place, who takes on new tasks, where places are free.", no_args_is_help=True
    )
    group.command("list")(listing)
    for command in (places, declare, vacancy):
        group.command()(command)
    app.add_typer(group, name="units")


def listing(
    district: District = None,
    estate: Annotated[str | None, typer.Option(help="An estate of the district: the nearest units first.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of unit, for example care_team.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no cluster how the units stand.")] = False,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Show who serves a place, in the order in which they are near, and what they last declared of their intake.

    `--json` has hours, languages and channel too."""
    import orjson

    settings, now, directory = _begin(at)
    standings = None if offline else _standings(settings)
    units = _serving(directory, kind, district, estate)
    rows = [_row(unit, standings, now) for unit in units]
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    _print(rows, ("unit", "name", "serves", *(() if offline else ("intake",))))
    strangers = standings.declaring() - directory.units.keys() if standings is not None else ()
    if strangers and not (district or kind):
        typer.echo(f"not in units.yaml, and never asked: {', '.join(sorted(strangers))}", err=True)


def places(district: District = None, at: At = None, as_json: Json = False) -> None:
    """Show where respite and emergency places are free now, and how old that is; the district's own first."""
    import orjson

    settings, now, directory = _begin(at)
    _known_district(district, directory)
    free = _standings(settings).free(now, directory.stale_hours, district)
    if as_json:
        typer.echo(orjson.dumps([one._asdict() for one in free], option=orjson.OPT_INDENT_2))
        return
    if not free:
        typer.echo("nobody has declared a free place", err=True)
        return
    rows = [
        {
            "unit": one.unit,
            "kind": one.kind,
            "district": one.district,
            "places": one.places,
            "counted": f"{_ago(one.hours)}{', STALE: ask first' if one.stale else ''}",
        }
        for one in free
    ]
    _print(rows, ("unit", "kind", "district", "places", "counted"))


def declare(
    unit: UnitId,
    intake: Annotated[str, typer.Argument(help="One of " + ", ".join(get_args(Intake)) + ".")],
    waiting_days: Annotated[int | None, typer.Option(help="For waiting_list: how long the wait is.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many more tasks it can take on.")] = None,
    until: Until = None,
    at: At = None,
) -> None:
    """Say for a unit whether it takes on new tasks. It counts for what is asked from then on."""
    settings, now, directory = _begin(at)
    if directory.unit(unit) is None:
        raise Problem(f"units.yaml has no unit {unit!r}{_near(unit, directory.units)}")
    data = {"unit": unit, "intake": intake, "waiting_days": waiting_days, "capacity": capacity}
    _send(_DECLARATIONS, "units.intake_declared", data, until, now, settings)


def vacancy(
    unit: UnitId,
    kind: Annotated[str, typer.Argument(help="One of " + ", ".join(get_args(PlaceKind)) + ".")],
    places: Annotated[int, typer.Argument(help="How many are free; 0 for none.")],
    district: Annotated[str, typer.Option(help="Where the places are: a district's code.")],
    until: Until = None,
    at: At = None,
) -> None:
    """Say for a home or centre how many respite or emergency places are free."""
    settings, now, directory = _begin(at)
    _known_district(district, directory)
    data = {"unit": unit, "kind": kind, "district": district, "places": places}
    _send(_VACANCIES, "respite.vacancy_declared", data, until, now, settings)


def _begin(at: str | None) -> "tuple[Settings, str, Directory]":
    from services.policy import load_directory
    from services.runtime.now import now
    from services.runtime.settings import Settings

    settings = Settings()
    return settings, _instant(at, "--at") if at else now(), load_directory(settings.policy_dir)


def _standings(settings: "Settings") -> "Standings":
    import asyncio

    import orjson

    from services.directory import Standings
    from services.runtime.reading import read_topics

    standings = Standings()
    for record in asyncio.run(read_topics(settings, (_STATUS,))):
        standings.take(orjson.loads(record.value))
    return standings


def _serving(directory: "Directory", kind: str | None, district: str | None, estate: str | None) -> "list[Unit]":
    from contracts.tasks import UNIT_KINDS

    _known_district(district, directory)
    if estate is not None and directory.places.place(district, estate).sub_district is None:
        raise Problem(f"districts.yaml has no estate {estate!r} in {district or 'any district: give --district too'}")
    if kind is not None and kind not in UNIT_KINDS:
        raise Problem(f"there are no units of kind {kind!r}{_near(kind, UNIT_KINDS)}")
    kinds = UNIT_KINDS if kind is None else (kind,)
    if district is None:
        return [unit for unit in directory.units.values() if unit.kind in kinds]
    return [unit for one in kinds for unit in directory.eligible(one, district, estate)]


def _row(unit: "Unit", standings: "Standings | None", now: str) -> dict[str, Any]:
    serves = unit.estates + unit.sub_districts or (["all"] if unit.districts == "all" else unit.districts)
    return {
        "unit": unit.id,
        "kind": unit.kind,
        "name": f"{unit.name.en} {unit.name.zh_hant}",
        "serves": serves,
        "hours": unit.hours,
        "languages": unit.languages,
        "channel": unit.channel,
        "intake": "not asked" if standings is None else _intake(standings.intake(unit.id, now), now),
    }


def _intake(declared: Any, now: str) -> str:
    from contracts.instants import milliseconds

    if declared is None:
        return "nothing declared: asked like one that accepts"
    words = declared["intake"].replace("_", " ")
    if declared["waiting_days"] is not None:
        words += f" of {declared['waiting_days']} days"
    if declared["capacity"] is not None:
        words += f", room for {declared['capacity']}"
    return f"{words} (said {_ago((milliseconds(now) - milliseconds(declared['as_of'])) / 3_600_000)})"


def _ago(hours: float) -> str:
    hours = max(0.0, hours)
    return (
        f"{hours * 60:.0f} min ago" if hours < 1 else f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} d ago"
    )


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    first, *others = columns
    table = Table(Column(first, no_wrap=True), *(Column(name, overflow="fold") for name in others), box=None)
    for row in rows:
        cells = (row[column] for column in columns)
        table.add_row(*(", ".join(cell) if isinstance(cell, list) else str(cell) for cell in cells))
    Console().print(table)


def _known_district(district: str | None, directory: "Directory") -> None:
    if district is not None and district not in directory.places.districts:
        raise Problem(f"districts.yaml has no district {district!r}{_near(district, directory.places.districts)}")


def _near(said: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(said, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else "; `kithline units list --offline` shows them all"


def _send(topic: str, kind: str, data: dict[str, Any], until: str | None, now: str, settings: "Settings") -> None:
    import asyncio

    from services.runtime.sender import send

    data |= {"as_of": now, "valid_until": _instant(until, "--until") if until else None}
    record = _declaration(topic, kind, data, now)
    asyncio.run(send([record], [topic], settings))
    typer.echo(f"{data['unit']}: sent to {topic}, as of {now}")


def _declaration(topic: str, kind: str, data: dict[str, Any], now: str) -> "Record":
    """The event, in its envelope. Raises Problem for what no unit can say."""
    from pydantic import ValidationError

    from contracts.instants import milliseconds
    from services.doors.events import feed_record

    said = {name: value for name, value in data.items() if value is not None}
    try:
        return feed_record(
            topic,
            said,
            id=f"{now}:{data.get('kind', 'intake')}:{data.get('district', '')}",
            source="kithline-cli",
            type=kind,
            time=now,
            subject=data["unit"],
            sequence=milliseconds(now),
            recordedtime=now,
            receivedtime=now,
        )
    except ValidationError as error:
        raise Problem(_complaint(error)) from None


def _complaint(error: "ValidationError") -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    name = f"{fault['loc'][0]}: " if fault["loc"] else ""
    return f"{name}{fault['msg'].removeprefix('Value error, ')}"


def _instant(text: str, option: str) -> str:
    from contracts.instants import canonical

    try:
        return canonical(f"{text}T00:00+08:00" if len(text) == 10 else text)
    except ValueError as fault:
        raise Problem(f"{option}: {fault}") from None
