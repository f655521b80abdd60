"""Reads policy files. A wrong file is one clear error at start that names file, line and what is expected."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from services.runtime.errors import Problem

__all__ = ["read"]

T = TypeVar("T")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml where it is there
    """YAML 1.2's plain words: only true and false are booleans (YAML 1.1 reads `on` and `no` as such, and a rule says
    `on: no_arrangement`), and a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read(path: Path, shape: TypeAdapter[T]) -> T:
    """The validated content of one YAML file. Raises Problem with file and line for whatever is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as unreadable:
        raise Problem(f"{path}: cannot be read ({unreadable.strerror}); is KITHLINE_POLICY_DIR right?") from None
    except UnicodeDecodeError:
        raise Problem(f"{path}: is not UTF-8 text") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        _no_key_twice(path, node)
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise Problem(f"{path}:{line}: not YAML: {broken.problem}") from None
    try:
        return shape.validate_python(content)
    except ValidationError as error:
        fault = _first(error.errors(include_url=False), content)
        steps = _steps(fault["loc"], content)
        where = ".".join(str(step) for step in steps) or "file"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise Problem(f"{path}:{_line(node, steps)}: {where}: {_expected(fault)}{more}") from None


def _first(faults: Sequence[Any], content: Any) -> Any:
    """The fault to name. Of the forms that something may have, the one that fitted deepest was meant; and where a word
    is missing and an unknown one stands beside it, it was misspelt."""
    place = _steps(faults[0]["loc"], content)[:-1]
    within = [fault for fault in faults if _steps(fault["loc"], content)[: len(place)] == place]
    first = max(within, key=lambda fault: len(_steps(fault["loc"], content)))
    if first["type"] != "missing":
        return first
    beside = (f for f in faults if f["type"] == "extra_forbidden" and f["loc"][:-1] == first["loc"][:-1])
    return next(beside, first)


def _expected(fault: Any) -> str:
    message: str = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return "is not a word that is known here; check its spelling"
    if fault["type"] == "missing":
        return "is missing; add it"
    return message


def _steps(location: Sequence[str | int], content: Any) -> list[str | int]:
    """The part of a location that is a path in the file (pydantic also names the members of unions)."""
    steps: list[str | int] = []
    for place, step in enumerate(location):
        if isinstance(content, list) and isinstance(step, int) and step < len(content):  # noqa: SIM114  # mypy narrows
            content = content[step]
            steps.append(step)
        elif isinstance(content, dict) and step in content:
            content = content[step]
            steps.append(step)
        elif isinstance(content, dict) and place == len(location) - 1:
            steps.append(step)
    return steps


def _line(node: yaml.Node | None, steps: Sequence[str | int]) -> int:
    """The line of the deepest part of the path that exists in the file."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _no_key_twice(path: Path, node: yaml.Node | None) -> None:
    """YAML readers keep the last of two equal keys and say nothing; a policy must not lose a line like that."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise Problem(f"{path}:{key.start_mark.line + 1}: {key.value!r} occurs twice here; keep one")
            seen.add(key.value)
            _no_key_twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _no_key_twice(path, value)
