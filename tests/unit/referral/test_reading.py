"""What is no flag is refused before it touches a desk."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from contracts.flags import Ask
from services.line import Line
from services.referral.reading import ask_of, asks_of, read_flag
from services.runtime.fold import Record, Refused, Value
from services.runtime.folding import MemoryStore, Task
from tests.scenario import AS_OF, expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.memory import processors


def flag() -> Record:
    """A real one, as the correlator writes it."""
    line = Line(processors(), AS_OF)
    sent = [out for told in expand([*PAIR, ADMITTED]) for _, turn in line.take(told) for out in turn.outputs]
    found = next(out for out in sent if out.topic == "risk.flags" and orjson.loads(out.value)["asks"])
    return Record(found.topic, found.key, found.value, found.headers)


def changed(change: Callable[[Value], Any]) -> Record:
    record = flag()
    said = orjson.loads(record.value)
    change(said)
    return Record(record.topic, record.key, orjson.dumps(said))


def test_a_flag_is_kept_without_what_only_explains_it() -> None:
    said = orjson.loads(flag().value)
    only_explains = {name: said[name] for name in ("evidence", "not_triggered", "linked")}
    ours = {"matter": read_flag(flag())["matter"], "since": said["revision"]}
    assert read_flag(flag()) | only_explains == said | ours
    assert not read_flag(flag()).keys() & only_explains.keys()


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (lambda said: said.update(status="retracted"), True),
        (lambda said: said.update(level="low"), True),
        (lambda said: said["evidence"][0].update(verdict="not_met"), True),
        (lambda said: said["evidence"].append({**said["evidence"][0], "clause": "another"}), True),
        (lambda said: said["evidence"].append({**said["evidence"][0], "clause": "no", "verdict": "not_met"}), False),
        (lambda said: said["evidence"].reverse(), False),
        (lambda said: said["evidence"][0].update(age=99.0), False),
        (lambda said: said.update(revision=7, as_of="2026-08-01T00:00:00.000Z", estate="another"), False),
    ],
)
def test_what_an_officers_decision_rests_on(change: Callable[[Value], Any], matters: bool) -> None:
    assert (read_flag(changed(change))["matter"] != read_flag(flag())["matter"]) == matters


def test_what_a_flag_asks_is_read_as_the_contract_has_it() -> None:
    said = orjson.loads(flag().value)
    assert [ask_of(raw) for raw in said["asks"]] == [Ask.model_validate(raw) for raw in said["asks"]]
    assert len(asks_of(said)) == len(said["asks"]) + len(said["then"])


FIELDS = (
    "flag_id",
    "status",
    "level",
    "subject",
    "episode_at",
    "as_of",
    "revision",
    "title",
    "asks",
    "then",
    "district",
)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_another_type_is_named(field: str) -> None:
    for spoilt in (changed(lambda said: said.update({field: True})), changed(lambda said: said.pop(field))):
        with pytest.raises(Refused, match=f"invalid: {field}: should be") as refused:
            read_flag(spoilt)
        assert "True" not in refused.value.detail


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda said: said.update(asks=[{"unit": "hotline"}]), "invalid"),
        (lambda said: said.update(asks=[7]), "invalid"),
        (lambda said: said.update(asks=[{**said["asks"][0], "unit": ["hotline"]}]), "invalid"),
        (lambda said: said.update(then=[{}]), "invalid"),
        (lambda said: said.update(household_id="h-1"), "wrong_key"),
        (lambda said: said.pop("household_id"), "wrong_key"),
    ],
)
def test_other_garbage_leaves_no_trace(change: Callable[[Value], Any], reason: str) -> None:
    (desk,) = [processor for processor in processors() if processor.name == "referral"]
    (turn,) = Task(desk, MemoryStore()).take(changed(change))
    assert [dead.reason for dead in turn.dead] == [reason]
    assert turn.outputs == [] and turn.writes == {}
