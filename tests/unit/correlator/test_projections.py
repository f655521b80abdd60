"""What none of our services writes to `household.facts` is a dead letter that says why; it leaves no trace."""

from copy import deepcopy
from typing import Any

import orjson
import pytest

from services.correlator.household import correlator
from services.correlator.projections import NEEDED
from services.policy import load_rules, load_sources
from services.runtime.fold import Record, Turn
from services.runtime.folding import MemoryStore, Task
from tests.scenario import AS_OF, person
from tests.scenarios.memory import POLICY

HOUSEHOLD = "h-8a0ce85f-cf18-5ae3-906c-3107d13f9156"
CORRELATOR = correlator(load_rules(POLICY), load_sources(POLICY))
SOUND: dict[str, Any] = {
    "household_id": HOUSEHOLD,
    "origin": person("anna"),
    "revision": 1,
    "facts": [
        {
            "subject": person("anna"),
            "kind": "membership.start",
            "key": HOUSEHOLD,
            "source": "hd-tenancies",
            "version": ["2026-06-30T10:00:02.000Z", 25, "hd-00000025", -1782835372000, "0950a75b6c91f94e"],
            "at": "2016-07-02T16:00:00.000Z",
            "received": "2026-06-30T16:02:52.000Z",
            "value": {"role": "parent", "birth_year": 1947},
        }
    ],
}
VALUES: dict[str, dict[str, Any]] = {
    "absence": {"starts_at": "2026-08-10T00:00:00.000Z", "ends_at": "2026-08-20T00:00:00.000Z", "reason": "travel"},
    "care.gives": {"person": person("ben"), "group": "elderly"},
    "care.receives": {"person": person("ben"), "group": "elderly"},
    "consent": {"granted": False},
    "contact": {"topics": ["care"], "gravity": "grave", "immediate_danger": False, "district": "SSP"},
    "flag.decided": {
        "decision": "snooze",
        "scope": "member",
        "officer": "duty-officer",
        "reason": "away_with_family",
        "until": "2026-08-20T00:00:00.000Z",
        "flags": {"f-1": "high"},
    },
    "membership.asserted": {"birth_year": 1950},
    "membership.start": {"birth_year": 1950},
    "incident": {"block": "b", "kind": "fire", "district": "SSP", "households": [HOUSEHOLD]},
    "observation": {"concern": "not_seen", "by": "property_staff", "days": 5},
    "occupancy.asserted": {"district": "SSP", "estate": "e"},
    "occupancy.end": {"moved_to": {"unit": "u", "district": "SSP", "estate": "e"}},
    "occupancy.roster": {"members": [person("anna")]},
    "occupancy.start": {"district": "SSP", "estate": "e", "members": [person("anna")]},
    "residence": {"district": "SSP", "birth_year": 1950},
    "service": {"active": True},
}


def taken(value: bytes, key: bytes = HOUSEHOLD.encode()) -> Turn:
    task = Task(CORRELATOR, MemoryStore(), AS_OF)
    (turn,) = task.take(Record("household.facts", key, value))
    assert not (turn.dead and list(task.store.items()))
    return turn


def refused(said: Any, reason: str = "invalid") -> str:
    (dead,) = taken(orjson.dumps(said)).dead
    assert dead.reason == reason
    assert dead.detail
    return dead.detail


def with_fact(**parts: Any) -> dict[str, Any]:
    said = deepcopy(SOUND)
    said["facts"][0].update(parts)
    return said


def test_what_our_services_write_is_taken() -> None:
    assert not taken(orjson.dumps(SOUND)).dead


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"nonsense"])
def test_what_is_no_json(value: bytes) -> None:
    (dead,) = taken(value).dead
    assert dead.reason == "unreadable"


@pytest.mark.parametrize("said", [None, 1, "text", [], {}, [SOUND], {"facts": []}])
def test_what_is_no_projection(said: Any) -> None:
    refused(said)


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("wrong", [None, {}, "x", 1.5, True])
def test_a_part_of_the_wrong_kind(name: str, wrong: Any) -> None:
    if type(wrong) is type(SOUND[name]):
        return
    refused({**SOUND, name: wrong})


@pytest.mark.parametrize("name", SOUND)
def test_a_part_that_is_missing_is_named(name: str) -> None:
    assert name in refused({part: value for part, value in SOUND.items() if part != name})


@pytest.mark.parametrize("name", SOUND["facts"][0])
@pytest.mark.parametrize("wrong", [None, 1, [], [1], ["a", "b", 1, 2, "c"]])
def test_a_part_of_a_fact_of_the_wrong_kind(name: str, wrong: Any) -> None:
    assert "facts.0" in refused(with_fact(**{name: wrong}))


@pytest.mark.parametrize("name", SOUND["facts"][0])
def test_a_part_of_a_fact_that_is_missing_is_named(name: str) -> None:
    said = deepcopy(SOUND)
    del said["facts"][0][name]
    assert f"facts.0.{name}" in refused(said)


@pytest.mark.parametrize("name", ["at", "received"])
@pytest.mark.parametrize(
    "instant",
    [
        "",
        "soon",
        "2016-07-02",
        "2016-07-02T16:00:00Z",
        "2016-07-02T16:00:00.000+08:00",
        "2016-02-30T16:00:00.000Z",
        "2016-13-01T16:00:00.000Z",
        "2016-07-02T24:00:00.000Z",
        "２016-07-02T16:00:00.000Z",
        "2016-07-02T16:00:00.000Z\n",
        "2016-W27-6T16:00:00.000Z",
    ],
)
def test_an_instant_that_is_not_written_as_ours_are(name: str, instant: str) -> None:
    detail = refused(with_fact(**{name: instant}))
    assert "2026-07-01T07:00:00.000Z" in detail
    assert not instant or instant not in detail


def test_there_is_an_example_of_every_kind_that_needs_something() -> None:
    assert set(VALUES) == set(NEEDED)


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_that_the_rules_could_not_read(kind: str) -> None:
    assert not taken(orjson.dumps(with_fact(kind=kind, value=VALUES[kind]))).dead
    for name in NEEDED[kind]:
        for wrong in (7.5, {"a": 1}, [1], "1 p.m.") if name.endswith("_at") else (7.5, {"a": 1}, [1]):
            assert name in refused(with_fact(kind=kind, value={**VALUES[kind], name: wrong}))


@pytest.mark.parametrize(
    ("origin", "subject"), [(person("anna"), person("ben")), ("unit:u", person("anna")), (person("anna"), "block-1")]
)
def test_a_fact_about_somebody_else(origin: str, subject: str) -> None:
    assert "facts.0.subject" in refused({**with_fact(subject=subject), "origin": origin})


def test_under_the_key_of_another_household() -> None:
    (dead,) = taken(orjson.dumps(SOUND), b"h-another").dead
    assert dead.reason == "wrong_key"


@pytest.mark.parametrize("flags", [None, [], {"f-1": "highest"}, {"f-1": None}])
def test_a_decision_names_the_flags_that_it_covers_with_their_levels(flags: Any) -> None:
    assert "flag.decided" in refused(with_fact(kind="flag.decided", value={**VALUES["flag.decided"], "flags": flags}))
