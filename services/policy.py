"""The policy folder: rules, units, clocks, sources. Data that the department edits; checked whole at start."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pydantic import TypeAdapter

from contracts.ids import Token
from services.correlator.kinds import RANKED
from services.correlator.rules import Rule
from services.correlator.view import Precedence
from services.directory import Directory, Unit
from services.referral.policy import Clock
from services.runtime.errors import Problem
from services.runtime.yaml_file import line_of, read

__all__ = ["load_clocks", "load_directory", "load_rules", "load_sources", "read_rules"]


def load_rules(policy: Path) -> list[Rule]:
    """The rules of `rules/*.yaml`, in the order of their ids. Raises Problem."""
    rules, mistakes = read_rules(policy)
    if mistakes:
        raise Problem(mistakes[0])
    return sorted((rule for _, rule in rules), key=lambda rule: rule.id)


def read_rules(policy: Path) -> tuple[list[tuple[Path, Rule]], list[str]]:
    """Every rule file that can be read, and what is wrong with the others or between them. Raises Problem where there
    are no rules, or no directory of units."""
    folder = policy / "rules"
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise Problem(f"{folder}: no rule files (*.yaml); point KITHLINE_POLICY_DIR at a policy folder")
    known = {"districts": _districts(policy)}
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


def _districts(policy: Path) -> frozenset[str]:
    """The districts that the unit directory names: a rule cannot be switched for any other."""
    return frozenset(code for unit in _units(policy) if unit.districts != "all" for code in unit.districts)


def load_directory(policy: Path) -> Directory:
    """The unit directory of `units.yaml`. Raises Problem."""
    return Directory(_units(policy))


def _units(policy: Path) -> list[Unit]:
    path = policy / "units.yaml"
    units = read(path, TypeAdapter(list[Unit]))
    seen: set[str] = set()
    for number, unit in enumerate(units):
        if unit.id in seen:
            where = f"{path}:{line_of(path, number, 'id')}"
            raise Problem(f"{where}: unit id {unit.id!r} occurs twice; give each unit an id of its own")
        seen.add(unit.id)
    return units


def load_clocks(policy: Path) -> dict[str, Clock]:
    """The clocks of `clocks.yaml`, one for each priority. Raises Problem."""
    path = policy / "clocks.yaml"
    clocks = read(path, TypeAdapter(dict[str, Clock]))
    missing = {"stat", "asap", "urgent", "routine"} - clocks.keys()
    if missing:
        raise Problem(f"{path}:1: no clock for {', '.join(sorted(missing))}; each priority needs one")
    return clocks


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
