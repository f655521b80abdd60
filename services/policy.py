"""The policy folder: rules, units, clocks, sources. Data that the department edits; checked whole at start."""

from pathlib import Path

from pydantic import TypeAdapter

from services.correlator.rules import Rule
from services.correlator.view import Precedence
from services.referral.policy import Clock, Directory, Unit
from services.runtime.errors import Problem
from services.runtime.yaml_file import read

__all__ = ["load_clocks", "load_directory", "load_rules", "load_sources"]


def load_rules(policy: Path) -> list[Rule]:
    """The rules of `rules/*.yaml`, in the order of their ids. Raises Problem."""
    folder = policy / "rules"
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise Problem(f"{folder}: no rule files (*.yaml); point KITHLINE_POLICY_DIR at a policy folder")
    rules: dict[str, Rule] = {}
    for path in files:
        rule = read(path, TypeAdapter(Rule))
        if rule.id in rules:
            raise Problem(f"{path}:1: rule id {rule.id!r} is used by another file too; give each rule an id of its own")
        rules[rule.id] = rule
    return [rules[name] for name in sorted(rules)]


def load_directory(policy: Path) -> Directory:
    """The unit directory of `units.yaml`. Raises Problem."""
    path = policy / "units.yaml"
    units = read(path, TypeAdapter(list[Unit]))
    seen: set[str] = set()
    for unit in units:
        if unit.id in seen:
            raise Problem(f"{path}: unit id {unit.id!r} occurs twice; give each unit an id of its own")
        seen.add(unit.id)
    return Directory(units)


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
    return read(policy / "sources.yaml", TypeAdapter(dict[str, tuple[str, ...]]))
