"""What is generated is current, and says the same as the models."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts.events import FEEDS
from services.runtime.schemas import CONTRACTS, MODELS, generated, schema_of
from services.runtime.topics import topics


def test_the_generated_files_are_current() -> None:
    stale = [path.name for path, text in generated().items() if not path.is_file() or path.read_text("utf-8") != text]
    assert stale == [], "run `make schemas`"
    assert {path for path in generated() if path.suffix == ".json"} == set((CONTRACTS / "schemas").glob("*.json"))


@pytest.mark.parametrize("name", MODELS)
def test_every_schema_is_a_schema(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith(f"urn:kithline:{name}:")


def test_everything_on_a_feed_has_a_schema() -> None:
    assert {kind for feed in FEEDS.values() for kind in feed.types} <= set(MODELS)


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for value in part.values() for ref in _references(value)]
    return [ref for value in part for ref in _references(value)] if isinstance(part, list) else []


def test_asyncapi_names_every_topic_and_every_reference_resolves() -> None:
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text("utf-8"))
    assert document["asyncapi"] == "3.0.0"
    described = {topic.name for topic in topics().values() if topic.kind != "changelog"}
    assert set(document["channels"]) == described
    for reference in _references(document):
        if reference.startswith("./"):
            assert (CONTRACTS / reference).is_file(), reference
            continue
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert all(re.fullmatch(r"[\w.-]+", name) for name in document["components"]["messages"])
    for name, operation in document["operations"].items():
        assert operation["action"] == name.split(".")[0]


def test_the_schema_folder_holds_no_path_of_a_machine() -> None:
    for path in (*generated(), *(CONTRACTS / "examples").rglob("*.json")):
        assert str(Path.home()) not in path.read_text("utf-8")
