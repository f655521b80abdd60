"""The policy folder: rules, units, hours, clocks, sources. Data that the department edits; checked whole at start."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pydantic import TypeAdapter

from contracts.ids import Token
from contracts.model import Code
from services.calendar import ROUND_THE_CLOCK, Calendar, Holidays, Week
from services.correlator.kinds import RANKED
from services.correlator.rules import Rule
from services.correlator.view import Precedence
from services.referral.policy import OFFICE, ClockPolicy, Clocks
from services.runtime.errors import Problem
from services.runtime.yaml_file import line_of, read
from services.territory import load_directory, load_places

__all__ = ["load_calendar", "load_clocks", "load_directory", "load_rules", "load_sources", "read_rules"]


def load_rules(policy: Path) -> list[Rule]:
    """The rules of `rules/*.yaml`, in the order of their ids. Raises Problem."""
    rules, mistakes = read_rules(policy)
    if mistakes:
        raise Problem(mistakes[0])
    return sorted((rule for _, rule in rules), key=lambda rule: rule.id)


def read_rules(policy: Path) -> tuple[list[tuple[Path, Rule]], list[str]]:
    """Every rule file that can be read, and what is wrong with the others or between them. Raises Problem where there
    are no rules, or no districts."""
    folder = policy / "rules"
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise Problem(f"{folder}: no rule files (*.yaml); point KITHLINE_POLICY_DIR at a policy folder")
    known = {"districts": frozenset(load_places(policy).districts)}
    rules: list[tuple[Path, Rule]] = []
    mistakes = []
    for path in files:
        try:
            rules.append((path, read(path, TypeAdapter(Rule), known)))
        except Problem as problem:
            mistakes.append(str(problem))
    return rules, mistakes + list(_between(rules))


def _between(rules: list[tuple[Path, Rule]]) -> Iterator[str]:
    """What is wrong between two rules."""
    ids: dict[str, Path] = {}
    patterns: dict[str, tuple[Path, Rule]] = {}
    for path, rule in rules:
        if rule.id in ids:
            where = f"{path}:{line_of(path, 'id')}"
            yield f"{where}: rule id {rule.id!r} is used by {ids[rule.id].name} too; give each rule an id of its own"
        ids[rule.id] = path
        other_path, other = patterns.setdefault(rule.pattern, (path, rule))
        if (rule.subject, rule.raises.episode) != (other.subject, other.raises.episode):
            yield (
                f"{path}:{line_of(path, 'subject')}: typology {rule.pattern!r} is about a {other.subject} and its "
                f"{other.raises.episode} in {other_path.name}, and about a {rule.subject} and its "
                f"{rule.raises.episode} here; one typology has one subject and one kind of episode"
            )


def load_clocks(policy: Path) -> Clocks:
    """The clocks of `clocks.yaml`, one for each priority, with the calendar by which they run. Raises Problem."""
    path = policy / "clocks.yaml"
    clocks = read(path, TypeAdapter(ClockPolicy))
    line = line_of(path, "priorities")
    if missing := {"stat", "asap", "urgent", "routine"} - clocks.priorities.keys():
        raise Problem(f"{path}:{line}: no clock for {', '.join(sorted(missing))}; each priority needs one")
    if not (stat := clocks.priorities["stat"]).round_the_clock or not stat.hand_on:
        where = f"{path}:{line_of(path, 'priorities', 'stat')}"
        raise Problem(
            f"{where}: stat is for what cannot wait for the morning; give it round_the_clock: true, and a step that "
            "hands it on"
        )
    return Clocks(clocks, load_calendar(policy))


def load_calendar(policy: Path) -> Calendar:
    """Service hours of `hours.yaml`, with the general holidays of `holidays.yaml`. Raises Problem."""
    path = policy / "hours.yaml"
    tables = read(path, TypeAdapter(dict[Code, Week]))
    for name, why in ((OFFICE, "units that name no hours keep it"), (ROUND_THE_CLOCK, "`stat` tasks run by it")):
        if name not in tables:
            raise Problem(f"{path}:1: no table is called {name}; add it: {why}")
    if any(hours != ((0, 24 * 60),) for hours in tables[ROUND_THE_CLOCK].openings()):
        where = f"{path}:{line_of(path, ROUND_THE_CLOCK)}"
        raise Problem(f"{where}: {ROUND_THE_CLOCK} is never closed; write mon-sun and holidays: [00:00-24:00]")
    return Calendar(tables, read(policy / "holidays.yaml", TypeAdapter(Holidays)))


def load_sources(policy: Path) -> Precedence:
    """Which source prevails, of `sources.yaml`. Raises Problem."""
    path = policy / "sources.yaml"
    sources = read(path, TypeAdapter(dict[str, tuple[Token, ...]]))
    for kind, named in sources.items():
        where = f"{path}:{line_of(path, kind)}: {kind}"
        if kind not in RANKED:
            near = get_close_matches(kind, RANKED, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(RANKED))}"
            raise Problem(f"{where}: of no such kind of fact does one source prevail; {hint}")
        if len(set(named)) != len(named):
            raise Problem(f"{where}: a source is named twice; keep the place that it should have")
    return sources
