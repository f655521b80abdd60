"""The whole line in memory: order and multiplicity do not matter, revisions are contiguous, what is sent is in form."""

from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.facts import Fact, Follow, Projection
from contracts.flags import Flag
from contracts.tasks import Task
from services.line import Line
from services.runtime.fold import Record, encode
from tests.histories import histories
from tests.scenario import AS_OF, expand
from tests.scenarios.memory import misnumbered, processors, run_in_memory, run_racing, still_open
from tests.scenarios.model import Ends

QUICK = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

FACT, FOLLOW, PROJECTION = TypeAdapter(Fact), TypeAdapter(Follow), TypeAdapter(Projection)


def known_facts(line: Line) -> dict[str, dict[str, object]]:
    """What every household knows, by origin: facts that merged."""
    (correlator,) = [task for task in line.tasks if task.processor.name == "correlator"]
    return {
        household: {
            origin: [fact for facts in said["facts"].values() for fact in facts]
            for origin, said in state["origins"].items()
            if said["facts"]
        }
        for household, state in correlator.store.items()
        if any(said["facts"] for said in state["origins"].values())
    }


def lived(records: list[Record]) -> tuple[Ends, dict[str, dict[str, object]]]:
    line = Line(processors(), AS_OF)
    ends = run_in_memory(records, line=line)
    return ends, known_facts(line)


def ends_alike(records: list[Record], seed: int) -> None:
    """Shuffled, and some of them doubled, the records end as in order."""
    ends, facts = lived(records)
    dice = Random(seed)
    for _ in range(3):
        again = [*records, *(record for record in records if dice.random() < 0.5)]
        dice.shuffle(again)
        others, other_facts = lived(again)
        assert other_facts == facts
        assert still_open(others) == still_open(ends)
        assert misnumbered(others) == []
    assert misnumbered(ends) == []
    assert "fold_failed" not in ends.dead


@settings(QUICK, max_examples=250)
@given(histories(), st.integers(0, 2**32))
def test_the_same_records_in_any_order_and_multiplicity_end_alike(records: list[Record], seed: int) -> None:
    ends_alike(records, seed)


def overtaking_ends_alike(records: list[Record], seed: int) -> None:
    """Whatever overtakes whatever between the services, the records end as in order."""
    ends, facts = lived(records)
    dice = Random(seed)
    for _ in range(3):
        dice.shuffle(records)
        others, line = run_racing(records, dice)
        assert known_facts(line) == facts
        assert still_open(others) == still_open(ends)
        assert misnumbered(others) == []


@settings(QUICK, max_examples=150)
@given(histories(), st.integers(0, 2**32))
def test_what_overtakes_what_between_the_services_does_not_matter(records: list[Record], seed: int) -> None:
    overtaking_ends_alike(records, seed)


@settings(QUICK, max_examples=60)
@given(histories(most=14))
def test_what_the_services_write_is_in_the_form_of_the_contracts(records: list[Record]) -> None:
    line = Line(processors(), AS_OF)
    for record in records:
        for _, turn in line.take(record):
            for output in turn.outputs:
                told = orjson.loads(output.value)
                match output.topic.split(".")[0], output.topic:
                    case _, "person.facts" if told.get("follow"):
                        FOLLOW.validate_python(told, strict=True)
                    case _, "person.facts" | "address.facts":
                        FACT.validate_json(output.value)
                    case _, "household.facts":
                        PROJECTION.validate_json(output.value)
                        assert told["household_id"].encode() == output.key
                    case _, "risk.flags":
                        flag = Flag.model_validate_json(output.value)
                        assert flag.household_id.encode() == output.key
                        assert orjson.loads(encode(flag)) == told
                    case "referral", _:
                        task = Task.model_validate_json(output.value)
                        assert task.household_id.encode() == output.key
                        assert orjson.loads(encode(task)) == told
                    case _:
                        pytest.fail(f"nobody expects {output.topic}")


def test_a_household_whose_roster_is_half_told_does_not_look_alone() -> None:
    """The roster may come before what it says of a member whom nobody knows yet."""
    records = expand(
        [
            {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1990}},
            {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948, "carol": 1985}},
        ]
    )
    for seed in range(60):
        ends, _ = run_racing(list(records), Random(seed))
        assert ends.flags == {}
