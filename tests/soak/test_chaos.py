"""`kithline chaos` at length: ten minutes of kills, zombies and dying brokers. Leaves its figures for publication."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from benchmarks.machine import machine_in_words
from services.runtime.kafka_dev import EXTERNAL

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "chaos.json"

pytestmark = [pytest.mark.soak, pytest.mark.kafka, pytest.mark.timeout(3_600)]


def test_ten_minutes_of_kills_lose_nothing_double_nothing_and_spoil_nothing(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    numbers = {"--seconds": 600, "--kill-every": 5, "--workers": 3, "--nodes": 3, "--json": result}
    arguments = [str(part) for pair in numbers.items() for part in pair]
    environment = {name: value for name, value in os.environ.items() if name != EXTERNAL}
    done = subprocess.run([sys.executable, "-m", "services.cli", "chaos", *arguments], env=environment, check=False)
    figures = orjson.loads(result.read_bytes())
    RESULTS.write_bytes(orjson.dumps({"machine": machine_in_words(), **figures}, option=orjson.OPT_INDENT_2) + b"\n")
    assert done.returncode == 0
    assert figures["missing"] == figures["repeated"] == figures["state_differs"] == 0
    assert figures["broker_kills"]
    assert figures["pauses"]  # how many of these were fenced hangs on what they had in hand
