"""Garbage between our own services is a dead letter that says what is wrong, and leaves no other trace."""

from typing import Any

import orjson
import pytest

from contracts.facts import slot
from services.housing.places import PROCESSOR as PLACES
from services.people.person import PROCESSOR as PEOPLE
from services.runtime.fold import Processor, Record
from services.runtime.folding import MemoryStore, Task

FACT = {
    "subject": "p-1",
    "kind": "cohort",
    "key": "high_risk_public_housing",
    "source": "swd",
    "version": ["2026-07-01T00:00:00.000Z", 1, "e1", -1, "d"],
    "at": "2026-07-01T00:00:00.000Z",
    "received": "2026-07-01T00:00:00.000Z",
    "value": {},
}
FOLLOW = {"follow": True, "subject": "p-1", "via": "p-2|care", "revision": 1, "because": "care"}
FOLLOW |= {"own": [], "households": []}


def without(said: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: part for name, part in said.items() if name != field}


def refused(processor: Processor, value: bytes, key: bytes = b"p-1") -> tuple[str, str]:
    (turn,) = Task(processor, MemoryStore()).take(Record(processor.inputs[0], key, value))
    assert turn.outputs == [] and turn.writes == {}
    (dead,) = turn.dead
    return dead.reason, dead.detail


@pytest.mark.parametrize("processor", [PEOPLE, PLACES], ids=lambda processor: processor.name)
@pytest.mark.parametrize(
    ("value", "why", "says"),
    [
        (b"{", "unreadable", "not UTF-8 JSON"),
        (b"\xff", "unreadable", "not UTF-8 JSON"),
        (b"[]", "invalid", "not a JSON object"),
        (b"null", "invalid", "not a JSON object"),
        (b"{}", "wrong_key", "subject: is not the record key"),
        *((without(FACT, name), "invalid", f"{name}: should be") for name in FACT if name != "subject"),
        *(({**FACT, name: 7}, "invalid", f"{name}: should be") for name in FACT if name != "subject"),
        ({**FACT, "subject": 7}, "wrong_key", "subject"),
        ({**FACT, "subject": "p-2"}, "wrong_key", "subject"),
        ({**FACT, "version": FACT["version"][:3]}, "invalid", "version"),
        ({**FACT, "version": [*FACT["version"][:4], None]}, "invalid", "version"),
    ],
)
def test_what_is_no_fact_is_refused(processor: Processor, value: Any, why: str, says: str) -> None:
    reason, detail = refused(processor, value if isinstance(value, bytes) else orjson.dumps(value))
    assert reason == why
    assert says in detail


@pytest.mark.parametrize("field", [name for name in FOLLOW if name not in ("follow", "subject")])
def test_what_is_no_follow_is_refused(field: str) -> None:
    for spoilt in (without(FOLLOW, field), {**FOLLOW, field: None}):
        reason, detail = refused(PEOPLE, orjson.dumps(spoilt))
        assert reason == "invalid"
        assert detail.startswith(f"{field}: should be")


def test_a_key_that_is_no_text_is_refused() -> None:
    assert refused(PEOPLE, orjson.dumps(FACT), b"\xff")[0] == "wrong_key"


def test_a_fact_and_a_follow_as_they_should_be_are_taken() -> None:
    for said in (FACT, {**FACT, "value": None}, FOLLOW):
        (turn,) = Task(PEOPLE, MemoryStore()).take(Record("person.facts", b"p-1", orjson.dumps(said)))
        assert turn.dead == [] and turn.outputs


def test_a_bar_in_a_key_makes_no_two_slots_one() -> None:
    """A visit `V|a` of source `b` is not the visit `V` of source `a|b`."""
    names = {slot({**FACT, "key": key, "source": source}) for key, source in (("V|a", "b"), ("V", "a|b"))}  # type: ignore[typeddict-item]
    assert len(names) == 2
