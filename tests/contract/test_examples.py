"""Every type has examples: good ones that pass, bad ones that are refused at the field that they name."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from services.doors.identity import has_identity
from services.runtime.schemas import CONTRACTS, MODELS, schema_of

EXAMPLES = CONTRACTS / "examples"
FILES = sorted(EXAMPLES.rglob("*.json"))

BEYOND_JSON_SCHEMA = ("no-offset", "instant", "order")
"""Bad only in the form or the order of instants, which JSON Schema cannot say (and `format` need not be checked)."""


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("name", MODELS)
def test_every_type_has_good_and_bad_examples(name: str) -> None:
    assert len(list((EXAMPLES / name).glob("good-*.json"))) >= 1
    assert len(list((EXAMPLES / name).glob("bad-*.json"))) >= 3


def test_there_are_no_other_examples() -> None:
    assert {path.parent.name for path in FILES} == set(MODELS)
    assert all(path.name.startswith(("good-", "bad-")) for path in FILES)


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("good")], ids=name_of)
def test_good_ones_pass_and_lose_nothing(path: Path) -> None:
    value, model = load(path), TypeAdapter(MODELS[path.parent.name])
    read = model.validate_json(json.dumps(value))
    written = model.dump_python(read, mode="json", by_alias=True)
    if path.parent.name == "envelope":  # headers are text
        written = {name: str(part).lower() if isinstance(part, bool) else str(part) for name, part in written.items()}
    assert value.items() <= written.items()
    assert not has_identity(path.read_bytes())
    if path.parent.name != "envelope":
        Draft202012Validator(schema_of(path.parent.name)).validate(value)


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("bad")], ids=name_of)
def test_bad_ones_are_refused_at_the_field_that_they_name(path: Path) -> None:
    example, name = load(path), path.parent.name
    assert set(example) == {"why", "at", "value"}
    assert example["why"]
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(MODELS[name]).validate_json(json.dumps(example["value"]))
    errors = caught.value.errors(include_url=False, include_input=False)
    assert any(example["at"] in fault["loc"] or example["at"] in fault["msg"] for fault in errors), errors
    assert not has_identity(path.read_bytes())
    if name != "envelope" and not path.stem.endswith(BEYOND_JSON_SCHEMA):
        assert not Draft202012Validator(schema_of(name)).is_valid(example["value"])
