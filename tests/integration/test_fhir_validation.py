"""HAPI's validator has nothing against what the FHIR adapter says: every kind of resource, every status of a task, and
tasks as nobody would think of. One JVM for all; skipped where Java or its jars cannot be had.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from contracts.identity import Disclosure
from contracts.tasks import STATUSES
from services.adapters.fhir import mapping
from services.adapters.fhir.outcome import Fault, operation_outcome
from services.adapters.fhir.published import DEFINITIONS, capability_statement
from services.adapters.fhir.subscriptions import PAYLOAD, read_subscription
from services.runtime.errors import Problem
from tests.hapi import Message, prepare, validated
from tests.unit.adapters.fhir.made import NOW, UNIT, everything_published, generated, view_of
from tests.unit.book.made import task

_BASE = "https://kithline.example/fhir"
_BROKEN = {
    "broken-status": ("status", "done"),
    "broken-element": ("outcome", "risk_assessed"),
    "broken-code": ("businessStatus", {"coding": [{"system": "urn:kithline:fhir:business-status", "code": "nearly"}]}),
    "broken-extension": ("extension", [{"url": "urn:kithline:fhir:extension:visit-at", "valueString": "soon"}]),
    "broken-dates": ("lastModified", "2020-01-01T00:00:00Z"),
}
"""What the validator must find: it would be of no use if it were content with everything."""


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """What HAPI says of all that is judged here."""
    try:
        prepare()
    except Problem as problem:
        pytest.skip(f"HAPI's validator cannot be had here: {problem}")
    definitions = [one for kind in DEFINITIONS.values() for one in kind.values()]
    resources = {f"definition-{one['resourceType']}-{one['id']}": one for one in definitions}
    resources |= _kinds() | _tasks() | _broken()
    return validated(resources, definitions, tmp_path_factory.mktemp("hapi"))


def _kinds() -> dict[str, mapping.Resource]:
    subscribed = read_subscription(
        UNIT.id,
        {
            "status": "requested",
            "reason": "new tasks",
            "criteria": "Task?status=requested",
            "channel": {"type": "rest-hook", "endpoint": "https://unit-a.example/hook", "payload": PAYLOAD},
        },
        ["unit-a.example"],
    )
    told = {"task": "t-1", "person": "p-1", "purpose": "visit", "protected": False, "entry": 1, "language": "yue"}
    words = {"name": {"zh_hant": "陳大文", "en": "CHAN Tai Man"}, "telephones": ["+85291234567"]}
    disclosed = Disclosure.model_validate({**told, **words, "address": {"zh_hant": "一樓", "en": "First floor"}})
    found, request = everything_published(task(unit=UNIT.id))
    place = {"unit": "home-1", "kind": "emergency", "district": "SSP", "places": 2, "as_of": NOW, "stale": True}
    return {
        "with-places": mapping.task({**view_of(task(unit=UNIT.id)), "places": [place]}, UNIT, NOW),
        "capability": capability_statement(_BASE),
        "unit": mapping.organization(UNIT),
        "kithline": mapping.kithline(),
        "patient": mapping.patient("p-1", disclosed),
        "pseudonym": mapping.patient("p-1", None),
        "subscription": subscribed.resource,
        "page": mapping.bundle(_BASE, [found], [request, mapping.organization(UNIT)], {"self": f"{_BASE}/Task"}),
        "nothing": mapping.bundle(_BASE, [], [], {"self": f"{_BASE}/Task"}),
        "refusal": Fault(422, "business-rule", "not now", "Task.status").outcome,
        "under-way": operation_outcome("information", "informational", "on its way"),
    }


def _tasks() -> dict[str, mapping.Resource]:
    made = [task(unit=UNIT.id, status=status) for status in STATUSES]

    @settings(max_examples=12, deadline=None, derandomize=True, database=None)
    @given(generated())
    def more(one: object) -> None:
        made.append(one)  # type: ignore[arg-type]

    more()
    pairs = [everything_published(one, NOW) for one in made]
    return {f"{number}-{one['resourceType']}": one for number, pair in enumerate(pairs) for one in pair}


def _broken() -> dict[str, mapping.Resource]:
    found, _ = everything_published(task(unit=UNIT.id))
    return {name: json.loads(json.dumps(found)) | {element: wrong} for name, (element, wrong) in _BROKEN.items()}


def test_hapi_finds_no_error_in_anything_that_units_read(messages: list[Message]) -> None:
    wrong = [one for one in messages if one.severity in ("error", "fatal") and one.name not in _BROKEN]
    assert not wrong


def test_hapi_warns_of_nothing_but_codes_of_policy_and_missing_narratives(messages: list[Message]) -> None:
    """Codes that policy may add to are published in part (HAPI calls that a fragment)."""
    warned = [one for one in messages if one.severity == "warning" and one.name not in _BROKEN]
    assert not [one for one in warned if "dom-6" not in one.text and "fragment CodeSystem" not in one.text]


@pytest.mark.parametrize("name", _BROKEN)
def test_hapi_finds_what_is_wrong(messages: list[Message], name: str) -> None:
    assert any(one.name == name and one.severity in ("error", "fatal") for one in messages)


def test_the_jars_are_of_one_version() -> None:
    lines = (Path(__file__).parents[1] / "hapi" / "jars.txt").read_text(encoding="utf-8").splitlines()
    versions = {line.split(" ")[0].rpartition(":")[2] for line in lines if ":hapi-fhir-" in line}
    assert len(versions) == 1
