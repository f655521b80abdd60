"""The shape of what a benchmark writes, and that its records are what they claim to be. No times."""

import io
from dataclasses import replace

import orjson
import pytest
from rich.console import Console

from benchmarks.corpus import household_facts, twin
from benchmarks.jobs import JOBS, digest, expected
from benchmarks.machine import busy_now, machine_in_words
from benchmarks.report import Report, Row, ratios, table
from benchmarks.run import chosen
from services.runtime.errors import Problem
from services.runtime.fold import Record

OURS = Row(
    name="kithline",
    job="count",
    guarantee="exactly once",
    events_per_s=200_000,
    cpu_s_per_million=4.0,
    records=100_000,
    counted=90_000,
    seconds=0.45,
    outputs=5_000,
    correct=True,
    memory_mb=90,
    load=0.1,
    others_cores=0.02,
)
PEER = replace(OURS, name="faust", guarantee="at least once", events_per_s=5_000, cpu_s_per_million=200.0)


def test_json_has_rows_and_ratios() -> None:
    report = Report(
        machine=machine_in_words(),
        kafka={"version": "4.1.2", "nodes": 1, "acks": "all"},
        python="3.11.7",
        versions={"aiokafka": "0.14.0"},
        partitions=4,
        jobs={"count": "…"},
        rows=(OURS, PEER),
    )
    written = orjson.loads(report.json())
    assert {"machine", "kafka", "python", "rows", "ratios"} <= written.keys()
    assert {"name", "job", "guarantee", "events_per_s", "cpu_s_per_million", "records"} <= written["rows"][0].keys()
    assert written["ratios"] == {
        "count: kithline / faust, events_per_s": 40.0,
        "count: kithline / faust, per CPU second": 50.0,
    }


def test_ratios_are_of_one_job_only() -> None:
    assert ratios([OURS, replace(PEER, job="correlator")]) == {}


def test_table_shows_every_row_and_what_was_wrong() -> None:
    shown = io.StringIO()
    Console(file=shown, width=140).print(table([OURS, replace(PEER, correct=False)]))
    assert "200,000" in shown.getvalue()
    assert "WRONG" in shown.getvalue()


def test_choice_by_job_name_or_both() -> None:
    assert chosen(["count/faust"]) == [("count", "faust")]
    assert {job for job, _ in chosen(["count"])} == {"count"}
    assert {name for _, name in chosen(["faust"])} == {"faust"}
    with pytest.raises(Problem, match="--list"):
        chosen(["flink"])


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
    outputs = [output.value for output in expected(job, job.records(1_000))]
    assert len(outputs) == 50
    assert digest(job, outputs) == digest(job, [*outputs[:1], *outputs])
    assert digest(job, outputs) != digest(job, outputs[1:])


def test_correlator_has_something_to_say() -> None:
    job = JOBS["correlator"]
    records = household_facts(1_000, households=100)
    assert len(records) == 1_000
    assert records == household_facts(1_000, households=100)
    assert expected(job, records)


def test_other_programs_are_never_less_than_nothing() -> None:
    assert busy_now().others_since(busy_now(), 1.0) >= 0
