"""The shape of what a benchmark writes, and what it makes of its rows. No times."""

import io
from dataclasses import replace

import orjson
from rich.console import Console

from benchmarks.machine import machine_in_words
from benchmarks.report import WANTED, Report, Row, Skipped, median, ratio_table, ratios, table
from benchmarks.run import FOLD, names

OURS = Row(
    name="kithline",
    job="count",
    guarantee="exactly once",
    events_per_s=200_000,
    cpu_s_per_million=4.0,
    records=100_000,
    warm_up=10_000,
    counted=90_000,
    seconds=0.45,
    outputs=5_500,
    changelog_records=40_000,
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
        skipped=(Skipped("quix-exactly-once", "count", "no network"),),
    )
    written = orjson.loads(report.json())
    assert {"machine", "kafka", "python", "rows", "ratios", "skipped", "latency", "state"} <= written.keys()
    assert {"name", "job", "guarantee", "events_per_s", "cpu_s_per_million", "records"} <= written["rows"][0].keys()
    assert written["skipped"] == [
        {"name": "quix-exactly-once", "job": "count", "reason": "no network", "failed": False}
    ]
    assert written["ratios"] == {
        "count: kithline / faust, events_per_s": {"value": 40.0, "wanted": 35, "holds": True},
        "count: kithline / faust, per CPU second": {"value": 50.0, "wanted": None, "holds": None},
    }


def test_what_is_wanted_and_missed_is_said() -> None:
    slow = replace(OURS, events_per_s=100_000)
    assert not ratios([slow, PEER])["count: kithline / faust, events_per_s"].holds
    shown = io.StringIO()
    Console(file=shown, width=140).print(ratio_table([slow, PEER]))
    assert "DOES NOT HOLD" in shown.getvalue()


def test_ratios_are_of_one_job_but_where_two_are_meant() -> None:
    assert ratios([OURS, replace(PEER, job="correlator")]) == {}
    whole = replace(OURS, job="correlator", events_per_s=45_000)
    small = replace(PEER, name="quix-exactly-once", events_per_s=50_000)
    told = ratios([whole, small])
    assert list(told) == ["correlator: kithline / quix-exactly-once at count, events_per_s"]
    assert told.popitem()[1].holds is False


def test_every_wanted_ratio_is_of_what_can_be_measured() -> None:
    for want in WANTED:
        assert (want.peers_job or want.job, want.peer) in names()
        assert want.peer != FOLD


def test_median_of_an_odd_and_an_even_number_of_repeats() -> None:
    rows = [replace(OURS, events_per_s=speed, changelog_records=None) for speed in (300, 100, 200)]
    assert median(rows).events_per_s == 200
    assert median(rows).runs == (300, 100, 200)
    assert median(rows[:2]).events_per_s == 100
    assert median(rows).changelog_records is None


def test_one_wrong_repeat_makes_the_row_wrong_and_the_look_into_the_changelog_is_kept() -> None:
    rows = [
        replace(OURS, events_per_s=300, correct=False, changelog_records=None),
        replace(OURS, events_per_s=200, changelog_records=None),
        replace(OURS, events_per_s=100, changelog_records=7),
    ]
    assert (median(rows).correct, median(rows).changelog_records) == (False, 7)


def test_table_shows_every_row_and_what_was_wrong() -> None:
    shown = io.StringIO()
    Console(file=shown, width=140).print(table([OURS, replace(PEER, correct=False)]))
    assert "200,000" in shown.getvalue()
    assert "WRONG" in shown.getvalue()
