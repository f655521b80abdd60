"""The doors on real Kafka, and their command line."""

from pathlib import Path

import orjson
import pytest
import typer
from aiokafka import AIOKafkaConsumer
from typer.testing import CliRunner

from services.commands import ingest, simulate
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.lines import read_lines
from services.runtime.loops import in_own_loop


def run(*arguments: object, fails: bool = False) -> str:
    app = typer.Typer()
    ingest.register(app)
    simulate.register(app)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if fails:
        assert isinstance(result.exception, Problem), result.output
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def batches(tmp_path: Path) -> Path:
    out = tmp_path / "feed.jsonl"
    run("simulate", "--households", 300, "--days", 5, "--out", out, "--hl7", tmp_path / "hl7")
    assert out.is_file()
    assert (tmp_path / "feed.jsonl.truth").is_file()
    return tmp_path / "hl7"


async def _read(kafka: str, topic: str) -> list[Record]:
    """All that is committed on a topic."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    try:
        records = []
        for part, end in (await consumer.end_offsets(consumer.assignment())).items():
            while await consumer.position(part) < end:
                found = await consumer.getmany(part, timeout_ms=1000)
                records += [Record(topic, m.key, m.value, tuple(m.headers)) for m in found.get(part, [])]
        return records
    finally:
        await consumer.stop()


@pytest.mark.kafka
def test_what_a_dry_run_shows_is_what_kafka_gets(line_topics: str, batches: Path, tmp_path: Path) -> None:
    common = (batches, "--format", "hl7v2", "--synthetic", "--received-at", "2026-07-06T07:00:00+08:00")
    dry, report = tmp_path / "dry.jsonl", tmp_path / "report.json"
    run("ingest", "hospital", *common, "--dry-run", "--out", dry)
    run("ingest", "hospital", *common, "--kafka", line_topics, "--json", report)
    expected = list(read_lines(dry))
    ids = {dict(record.headers)["ce_id"] for record in expected}
    arrived = [r for r in in_own_loop(_read(line_topics, "hospital.admissions")) if dict(r.headers).get("ce_id") in ids]
    order = lambda record: (record.key, record.headers, record.value)  # noqa: E731
    assert sorted(arrived, key=order) == sorted(expected, key=order)
    books = orjson.loads(report.read_bytes())
    assert books["read"] == books["produced"] == len(expected) > 0
    assert books["refused"] == []


def test_the_report_balances_and_refusals_are_told(batches: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.hl7"
    first = sorted(batches.iterdir())[0].read_bytes()
    mixed.write_bytes(
        first.replace(b"ADT^A03^ADT_A03", b"ADT^A60^ADT_A60").replace(b"EVN|A03", b"EVN|A60") + b"MSH|broken\r"
    )
    report = tmp_path / "report.json"
    arguments = ("--format", "hl7v2", "--synthetic", "--dry-run", "--out", tmp_path / "o", "--json", report)
    said = run("ingest", "hospital", mixed, *arguments)
    books = orjson.loads(report.read_bytes())
    assert books["read"] == books["produced"] + sum(books["ignored"].values()) + len(books["refused"])
    assert set(books["refused"][0]) == {"path", "record", "reason"}
    assert "MSH" in said


def test_problems_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KITHLINE_PSEUDONYM_KEY", raising=False)
    table = tmp_path / "t.csv"
    table.write_text("event_type\n")
    assert "KITHLINE_PSEUDONYM_KEY" in run("ingest", "housing", table, "--format", "csv", fails=True)
    assert "--out" in run("ingest", "housing", table, "--format", "csv", "--dry-run", fails=True)
    out = ("--dry-run", "--out", tmp_path / "o")
    assert "neither a file" in run("ingest", "register", tmp_path / "none", "--format", "csv", *out, fails=True)
    assert "trial key" in run("ingest", "register", table, "--format", "csv", *out)
