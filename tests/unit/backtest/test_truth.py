"""Labelled cases are read, and a line that is none is named."""

from pathlib import Path

import orjson
import pytest

from services.backtest.cases import MEASURES, Case
from services.backtest.truth import read_truth
from services.correlator.episodes import EPISODES
from services.runtime.errors import Problem
from services.simulator import Parameters, simulate, write_simulation

GOOD = {"kind": "carer_admitted", "household_id": "h-1", "person_id": "p-1", "visit_id": "V1", "needs": ["x"]}


def written(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "feed.jsonl.truth"
    path.write_bytes(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines))
    return path


def test_cases_are_read_and_other_kinds_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, {"kind": "bad_record", "line": 7}, {"kind": "call", "person_id": None, "needs": []})
    assert read_truth(path) == [
        Case("carer_admitted", "h-1", "p-1", "V1", frozenset({"x"})),
        Case("call", None, None, None, frozenset()),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"not json", "unexpected|expected"),
        ([], "it is no object"),
        ({"needs": []}, "kind: should be a text"),
        ({**GOOD, "needs": "x"}, "needs: should be a list of texts"),
        ({**GOOD, "needs": [1]}, "needs: should be a list of texts"),
        ({**GOOD, "person_id": 5}, "person_id: should be a text"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: object, why: str) -> None:
    with pytest.raises(Problem, match=rf"feed\.jsonl\.truth:2: not a labelled case \(.*({why})"):
        read_truth(written(tmp_path, GOOD, line))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"cannot read .*none\.truth"):
        read_truth(tmp_path / "none.truth")


def test_the_measures_are_of_kinds_of_episode_and_of_cases_that_there_are(tmp_path: Path) -> None:
    """So that neither a rule nor the simulator's truth drops out unseen when a word changes."""
    assert MEASURES.keys() <= EPISODES.keys()
    path = tmp_path / "feed.jsonl"
    write_simulation(simulate(Parameters(households=400, days=40, seed=2, true_need_share=0.5, danger_share=0.2)), path)
    cases = read_truth(tmp_path / "feed.jsonl.truth")
    for episode, measure in MEASURES.items():
        assert any(measure.concerns(case) and measure.in_need(case) for case in cases), episode
