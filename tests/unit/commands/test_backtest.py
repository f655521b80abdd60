"""`kithline backtest` as people use it: two policy folders, the JSON that comes out, and what it says of mistakes."""

from pathlib import Path
from shutil import copytree

import orjson
import pytest
from typer.testing import CliRunner

from services.cli import build
from services.runtime.errors import Problem
from services.simulator import Parameters, simulate, write_simulation
from tests.scenarios.memory import POLICY


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    write_simulation(simulate(Parameters(households=300, days=20, seed=6)), path)
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The policy in force, without its list of households with little support."""
    folder = tmp_path / "other"
    copytree(POLICY, folder)
    (folder / "rules" / "little-support.yaml").unlink()
    return folder


def run(*words: object) -> str:
    result = CliRunner().invoke(build(), ["backtest", *map(str, words), "--jobs", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_two_policies_and_the_truth(feed: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    said = run(feed, "--policy", POLICY, "--against", other, "--truth", f"{feed}.truth", "--json", out)
    told = orjson.loads(out.read_bytes())
    assert told.keys() == {"feed", "truth", "policies", "rules", "differences", "workload", "disparity"}
    assert told["policies"]["a"]["ruleset"] != told["policies"]["b"]["ruleset"]
    difference = told["differences"]["by_rule"]["little-support"]
    assert difference["only_a"] > 30 and difference["only_b"] == difference["both"] == 0
    rows = {row["rule"]: row for row in told["rules"]["a"]}
    assert rows["little-support"]["listed"] == rows["little-support"]["raised"] == difference["only_a"]
    assert 0 < rows["little-support"]["recall"]["value"] <= 1
    assert "little-support" not in {row["rule"] for row in told["rules"]["b"]}
    assert told["workload"]["b"]["tasks"] == told["workload"]["a"]["tasks"] > 0
    assert "contacting all" in said and "What only one policy raised" in said and "hotline-182183" in said


def test_without_truth_nothing_is_judged(feed: Path, other: Path) -> None:
    said = run(feed, "--policy", POLICY, "--against", other)
    assert "not labelled" in said and "contacting all" not in said


def test_the_other_way_round_it_is_the_other_that_raises(feed: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    run(feed, "--policy", other, "--against", POLICY, "--json", out)
    difference = orjson.loads(out.read_bytes())["differences"]["by_rule"]["little-support"]
    assert difference["only_b"] > 30 and difference["only_a"] == difference["both"] == 0


def test_what_is_wrong_is_named(feed: Path, other: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(feed.read_bytes() + b"{}\n")
    count = feed.read_bytes().count(b"\n")
    with pytest.raises(Problem, match=rf"bad\.jsonl:{count + 1}: not a record line"):
        run(bad, "--policy", POLICY, "--against", other)
    with pytest.raises(Problem, match=r"nowhere"):
        run(feed, "--policy", POLICY, "--against", tmp_path / "nowhere")
    with pytest.raises(Problem, match=r"bad\.jsonl:1: not a labelled case"):
        run(feed, "--policy", POLICY, "--against", other, "--truth", bad)
    with pytest.raises(Problem, match=r"is not a folder"):
        run(feed, "--policy", POLICY, "--against", other, "--json", tmp_path / "nowhere" / "x.json")
    rule = other / "rules" / "carer-strain.yaml"
    rule.write_text(rule.read_text(encoding="utf-8") + "\nmoode: live\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"carer-strain\.yaml:\d+"):
        run(feed, "--policy", POLICY, "--against", other)
