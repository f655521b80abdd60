"""`kithline policy check`: everything in a policy folder is read, and every rule's examples are tried."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.holidays import write_holidays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.calendar import Calendar
    from services.correlator.rules import Rule

__all__ = ["holidays_end", "mistakes", "register"]


def register(app: typer.Typer) -> None:
    """Adds the commands `policy check` and `policy holidays`."""
    group = typer.Typer(help="The department's policy: rules, units, hours, clocks, sources.", no_args_is_help=True)
    group.command("check")(check)
    group.command("holidays")(write_holidays)
    app.add_typer(group, name="policy")


def check(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Default: the policy in force.")] = None,
) -> None:
    """Read the whole folder, try every rule's examples, and print what is in force. Exit 1 with every mistake."""
    from services.policy import load_calendar, load_directory, load_rules
    from services.runtime.now import now
    from services.runtime.settings import Settings

    policy = folder or Settings().policy_dir
    found = mistakes(policy)
    for mistake in found:
        typer.echo(mistake, err=True)
    if found:
        typer.echo(f"{len(found)} to mend", err=True)
        raise typer.Exit(1)
    for kind, places in load_directory(policy).gaps().items():
        typer.echo(f"units.yaml: no {kind} in {', '.join(places)}; what is asked of it there goes to the duty officer")
    _print(load_rules(policy))
    if (warning := holidays_end(load_calendar(policy), now())) is not None:
        typer.echo(warning, err=True)


def holidays_end(calendar: "Calendar", today: str) -> str | None:
    """What to say where the holidays of this year or the next are not known; clocks then take such days for working
    days, and run out too early rather than too late."""
    from contracts.instants import in_hong_kong

    year, last = in_hong_kong(today).year, calendar.holidays.last_year
    if calendar.knows(year) and calendar.knows(year + 1):
        return None
    return (
        f"holidays.yaml: the general holidays end with {last}; after that, clocks count them as working days. Make the "
        f"file anew: kithline policy holidays --from {calendar.holidays.first_year} --to {max(year, last) + 2} --out …"
    )


def mistakes(policy: Path) -> list[str]:
    """Every mistake in a policy folder: `file:line: what is wrong and how to mend it`."""
    from services.examples import fault_of
    from services.line import line_processors
    from services.policy import load_calendar, load_clocks, load_directory, load_sources, read_rules
    from services.runtime.errors import Problem
    from services.runtime.yaml_file import line_of

    found = []
    for load in (load_directory, load_calendar, load_clocks, load_sources):
        try:
            load(policy)
        except Problem as problem:
            found.append(str(problem))
    if found := list(dict.fromkeys(found)):  # what is wrong with hours is met twice
        return found  # rules are held to the districts that the directory names
    rules, found = read_rules(policy)
    if found:
        return found
    found += _unprotected(policy, rules)
    processors = line_processors(policy)
    for path, rule in rules:
        for number, example in enumerate(rule.examples):
            if rule.mode != "off" and (fault := fault_of(rule, example, processors)) is not None:
                where = f"{path}:{line_of(path, 'examples', number)}"
                found.append(f"{where}: example {example.name!r}: {fault}; mend the rule or the example")
    return found


def _unprotected(policy: Path, rules: "list[tuple[Path, Rule]]") -> "Iterator[str]":
    """What is wrong with `disclosure.yaml` (a folder without it is for a line without a vault), and which rules ask for
    protection while the vault would tell every unit where the person is."""
    from services.runtime.errors import Problem
    from services.runtime.yaml_file import line_of
    from services.vault.settings import load_policy

    path = policy / "disclosure.yaml"
    if not path.exists():
        return
    try:
        protected = load_policy(policy).protected
    except Problem as problem:
        yield str(problem)
        return
    for place, rule in rules:
        asked = {ask.unit for ask in rule.asks} & protected.unit_kinds
        if asked and rule.pattern not in protected.typologies:
            yield (
                f"{place}:{line_of(place, 'asks')}: asks {', '.join(sorted(asked))} at once, but {rule.pattern!r} is "
                f"not among the protected typologies of {path.name}; add it there, or other units are told the address"
            )


def _print(rules: "list[Rule]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("rule", "version", "mode", "about", "level", "counts", "where", "examples", box=None)
    for rule in rules:
        fires = sum(example.fires for example in rule.examples)
        table.add_row(
            rule.id,
            str(rule.version),
            rule.mode,
            rule.subject.replace("_", " "),
            " to ".join(dict.fromkeys([rule.raises.level, _highest(rule)])).replace("_", " "),
            _days(rule),
            _districts(rule),
            f"{fires} fire, {len(rule.examples) - fires} do not",
        )
    console = Console()
    if not console.is_terminal:
        console.width = 1_000  # piped: a line a rule
    console.print(table, highlight=False)
    typer.echo(f"{len(rules)} rules are right, and so are their examples", err=True)


def _highest(rule: "Rule") -> str:
    from services.correlator.rules import LEVELS

    return max([rule.raises.level, *(clause.level for clause in rule.raises.raised_by)], key=LEVELS.index)


def _days(rule: "Rule") -> str:
    said = [f"{word} {day}" for word, day in (("from", rule.valid_from), ("until", rule.valid_until)) if day]
    return " ".join(said) or "always"


def _districts(rule: "Rule") -> str:
    if rule.districts is None:
        return "everywhere"
    if rule.districts.only is not None:
        return ", ".join(rule.districts.only)
    return "not " + ", ".join(rule.districts.except_ or ())
