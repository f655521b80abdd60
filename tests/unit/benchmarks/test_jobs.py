"""The jobs' records are what they claim to be, and what must come of them is told apart from what must not."""

import orjson

from benchmarks.corpus import events, household_facts, twin
from benchmarks.jobs import JOBS, digest, expected, state_digest
from benchmarks.machine import busy_now
from services.runtime.fold import Record


def test_twins_are_other_households_of_other_people() -> None:
    person = "p-" + "0" * 32
    record = Record(
        "household.facts", b"h-819501cb-e90d", f'{{"household_id":"h-819501cb-e90d","p":"{person}"}}'.encode()
    )
    twins = [twin(record, number) for number in range(4)]
    assert twins[0] == record
    assert len({other.key for other in twins}) == 4
    for other in twins:
        assert orjson.loads(other.value)["household_id"].encode() == other.key
    assert len({orjson.loads(other.value)["p"] for other in twins}) == 4


def test_small_job_sends_one_in_twenty_and_later_outputs_prevail() -> None:
    job = JOBS["count"]
    outputs = expected(job, job.records(1_000)).outputs
    assert len(outputs) == 50
    assert digest(job, outputs) == digest(job, [*outputs[:1], *outputs])
    assert digest(job, outputs) != digest(job, outputs[1:])


def test_small_job_knows_every_household_in_the_end() -> None:
    state = expected(JOBS["count"], events(20_000)).state
    assert len(state) == 10_000
    assert set(map(str, state.values())) == {"{'count': 2}"}
    assert state_digest(state) == state_digest(dict(reversed(list(state.items()))))
    assert state_digest(state) != state_digest({**state, "h-00000000": {"count": 3}})


def test_a_shorter_course_is_the_beginning_of_a_longer_one() -> None:
    assert events(2_000)[:500] == events(500)


def test_correlator_has_something_to_say() -> None:
    job = JOBS["correlator"]
    records = household_facts(1_000, households=100)
    assert len(records) == 1_000
    assert records == household_facts(1_000, households=100)
    assert expected(job, records).outputs


def test_other_programs_are_never_less_than_nothing() -> None:
    assert busy_now().others_since(busy_now(), 1.0) >= 0
