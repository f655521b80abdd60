"""`kithline chaos`, in short; and its judge on a real run of an engine that loses records."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import psutil
import pytest

from services.chaos.plan import Plan
from services.chaos.run import run_chaos
from services.line import line_processors
from services.runtime.kafka_dev import EXTERNAL, start_broker
from services.runtime.settings import Settings
from services.runtime.topic_admin import ensure_topics
from tests.faults.sabotaged_line import sabotaged_line

pytestmark = pytest.mark.kafka

# The judges look at whole topics, so each run has a cluster of its own, whatever the other tests use.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != EXTERNAL}


def chaos(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "services.cli", "chaos", *map(str, arguments)]
    return subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


@pytest.mark.timeout(600)
def test_workers_die_and_nothing_is_lost_doubled_or_wrong(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    process = chaos("--seconds", 40, "--kill-every", 5, "--workers", 3, "--nodes", 1, "--rate", 15, "--json", result)
    said, _ = process.communicate(timeout=580)
    assert process.returncode == 0, said
    figures = orjson.loads(result.read_bytes())
    assert figures["missing"] == figures["repeated"] == figures["state_differs"] == 0
    assert figures["inputs"] == 40 * 15
    assert figures["inputs"] == figures["applied"] + figures["duplicates"] + figures["dead_letters"]
    assert figures["applied_before_drain"] >= figures["inputs"] / 2
    assert figures["kills"] >= 6
    assert figures["pauses"] == 1
    assert set(figures["stalls_s"]) == {"p50", "max"}


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_an_engine_that_commits_its_offsets_first_is_found_out(tmp_path: Path) -> None:
    plan = Plan(seconds=6, kill_every=4, workers=1, nodes=1, rate=20, seed=3, session=10)
    broker = start_broker()
    try:
        ensure_topics(broker.bootstrap)
        processors = line_processors(Settings().policy_dir, units=True)
        outcome = await run_chaos(plan, processors, broker, tmp_path, print, sabotaged_line)
    finally:
        broker.stop()
    assert not outcome.good
    assert outcome.verdict.missing, "kills between offsets and outputs lose outputs"
    assert outcome.verdict.state_differs


@pytest.mark.timeout(300)
@pytest.mark.soak
def test_ctrl_c_leaves_nothing_running() -> None:
    process = chaos("--seconds", 60)
    assert process.stdout is not None
    line = ""
    while "feeding" not in line:
        line = process.stdout.readline()
        assert line, "it ended before it had begun"
    ours = psutil.Process(process.pid).children(recursive=True)
    assert len(ours) > 3
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "logs are in" not in said
    deadline = time.monotonic() + 30
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in ours):
        assert time.monotonic() < deadline, [child.cmdline() for child in ours if child.is_running()]
        time.sleep(0.1)
