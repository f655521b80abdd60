"""`kithline report` on what a replay wrote: a file in, a page and a sheet out."""

import csv
from io import StringIO
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from services.commands import report
from services.runtime.errors import Problem
from tests.scenario import expand
from tests.scenarios.memory import run_in_memory
from tests.scenarios.model import Answer

LINES = [
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1946}},
    {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "high_risk_public_housing"},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-07-10T02:00"},
]
FOUND = [
    Answer("ben", "check_arrangements", "accept"),
    Answer("ben", "check_arrangements", "complete", outcome="follow_up_planned", findings=("no_arrangement",)),
]


@pytest.fixture
def replayed(tmp_path: Path) -> Path:
    """A file as `kithline replay` writes it: one admission, of which the hotline found that no care is arranged."""
    ends = run_in_memory([*expand(LINES), *FOUND])
    path = tmp_path / "result.jsonl"
    items = [
        *({"kind": "flag", **f} for f in ends.flags.values()),
        *({"kind": "task", **t} for t in ends.tasks.values()),
    ]
    path.write_bytes(b"".join(orjson.dumps(item) + b"\n" for item in items))
    return path


def run(*arguments: str) -> None:
    app = typer.Typer()
    report.register(app)
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


DAYS = ("--from", "2026-07-01", "--to", "2026-07-31", "--district", "SSP")


def test_the_sheet_counts_the_notice_the_need_and_the_tasks(replayed: Path, tmp_path: Path) -> None:
    out = tmp_path / "ssp.csv"
    run(*DAYS, "--source", str(replayed), "--out", str(out))
    rows = csv.DictReader(StringIO(out.read_text("utf-8-sig")))
    counts = {(row["table"], row["line"], row["place"]): row["count"] for row in rows}
    assert counts["glance", "admissions.total", "SSP"] == "1"
    assert counts["glance", "admissions.urgent", "territory"] == "1"
    assert counts["units", "total", "territory"] == "2"


def test_the_page_says_until_when_answers_were_known(replayed: Path, tmp_path: Path) -> None:
    out = tmp_path / "ssp.html"
    run(*DAYS, "--source", str(replayed), "--out", str(out), "--lang", "zh-Hant")
    assert "跟進結果以2026年7月31日所知為準" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((*DAYS, "--out", "x.pdf"), "ending .html or .csv"),
        (("--from", "July", "--to", "2026-07-31", "--out", "x.csv"), "--from July: not a day"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(Problem, match=why):
        run(*arguments)
