"""The replay's benchmark: what it makes of its runs, and that it notices a replay that ends otherwise."""

from pathlib import Path

import pytest

from benchmarks.replay import Run, measure, rows_of
from services.runtime.lines import write_lines
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.memory import POLICY


def test_the_best_run_of_each_counts() -> None:
    runs = [Run(1, 10.0, 9.0, 0.5), Run(2, 6.0, 11.0, 0.0), Run(1, 8.0, 7.9, 0.1), Run(2, 5.0, 9.0, 0.2)]
    one, two = rows_of(runs, events=1000)
    assert (one["jobs"], one["events_per_second"], one["events_per_cpu_second"], one["ratio"]) == (1, 125, 127, 1.0)
    assert (two["jobs"], two["events_per_second"], two["ratio"], two["cores_busy_with_others"]) == (2, 200, 1.6, 0.2)


def test_every_number_of_processes_is_measured_as_often(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    write_lines(feed, expand([*PAIR, ADMITTED]))
    said: list[str] = []
    runs = measure(feed, POLICY, [1, 2], 2, said.append)
    assert [run.jobs for run in runs] == [1, 2, 1, 2]
    assert all(run.seconds > 0 and run.cpu_seconds > 0 for run in runs)
    assert len(said) == 4
    assert rows_of(runs, 5)[0]["ratio"] == pytest.approx(1.0)
