"""Reads policy files. A wrong file is one clear error at start that names file, line and what is expected."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from services.runtime.errors import Problem

__all__ = ["line_of", "read"]

T = TypeVar("T")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml where it is there
    """YAML 1.2's plain words: only true and false are booleans (YAML 1.1 reads `on` and `no` as such, and a rule says
    `on: no_arrangement`), and a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read(path: Path, shape: TypeAdapter[T], context: Mapping[str, Any] | None = None) -> T:
    """The validated content of one YAML file. Raises Problem with file and line for whatever is wrong.

    `context` is what validators may look up (pydantic's). One that complains of a model as a whole may name the place
    within in the `at` of its error's context."""
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
        return shape.validate_python(content, context=context)
    except ValidationError as error:
        faults: list[Any] = [{**fault, "loc": _place(fault)} for fault in error.errors(include_url=False)]
        fault = _first(faults, content)
        steps = _steps(fault["loc"], content)
        where = ".".join(str(step) for step in steps) or "file"
        # one mistake in a form of several is several faults to pydantic
        others = {tuple(_steps(other["loc"], content)[:2]) for other in faults} - {tuple(steps[:2])}
        more = f" (and {len(others)} more)" if others else ""
        raise Problem(f"{path}:{_line(node, steps)}: {where}: {_expected(fault, shape)}{more}") from None


def line_of(path: Path, *steps: str | int) -> int:
    """The line of a place in a file that has been read before, for complaints about more than one file."""
    return _line(_Loader(path.read_text(encoding="utf-8")).get_single_node(), steps)


def _place(fault: Any) -> tuple[str | int, ...]:
    return (*fault["loc"], *fault.get("ctx", {}).get("at", ()))


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


def _expected(fault: Any, shape: TypeAdapter[Any]) -> str:
    message: str = fault["msg"].removeprefix("Value error, ")
    match fault["type"]:
        case "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), _words(shape, fault["loc"][:-1]), n=1)
            return f"is not a word that is known here; {f'did you mean {near[0]!r}?' if near else 'check its spelling'}"
        case "missing":
            return "is missing; add it"
        case "literal_error":
            near = get_close_matches(str(fault["input"]), re.findall(r"'([^']+)'", message), n=1)
            return f"did you mean {near[0]!r}? {message}" if near else message
        case "date_from_datetime_parsing" | "date_parsing":
            return "is no day; write it as 2026-12-31"
    return message


def _words(shape: TypeAdapter[Any], location: Sequence[str | int]) -> list[str]:
    """The words that may stand at a place, in any of the forms that what stands there may have."""
    schema = shape.json_schema()
    places = [schema]
    for step in (*location, None):
        places = [form for place in places for form in _forms(place, schema)]
        if step is not None:
            inner = [_inner(place, step) for place in places]
            # pydantic also names the members of unions, which are no steps in the file
            places = [place for place in inner if place is not None] or places
    return sorted({word for place in places for word in place.get("properties", ())})


def _forms(place: Any, schema: Any) -> Iterator[Any]:
    if "$ref" in place:
        yield from _forms(schema["$defs"][place["$ref"].rsplit("/", 1)[1]], schema)
    elif forms := place.get("anyOf") or place.get("oneOf"):
        for form in forms:
            yield from _forms(form, schema)
    else:
        yield place


def _inner(place: Any, step: str | int) -> Any:
    if isinstance(step, int):
        inner = place.get("items")
    else:
        inner = place.get("properties", {}).get(step, place.get("additionalProperties"))
    return inner if isinstance(inner, dict) else None


_WORD = re.compile(r"[a-z][\w-]*").fullmatch


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
        elif isinstance(content, dict) and place == len(location) - 1 and _WORD(str(step)):
            steps.append(step)  # what is missing
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
