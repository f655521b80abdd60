"""What a unit declares, on real Kafka: from the command line through its feed to every partition, and who is asked."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.policy import load_directory
from services.runtime.fold import Record
from services.runtime.reading import read_topics
from services.runtime.sender import send
from services.runtime.settings import Settings
from tests.integration.test_run import _free_ports, _run
from tests.scenarios.answers import START
from tests.scenarios.memory import POLICY, run_in_memory

pytestmark = pytest.mark.kafka

_ROOT = Path(__file__).parents[2]
_KITHLINE = "import sys; from services.cli import main; sys.exit(main())"
UNIT, ESTATE = "ssp-care-team-23", "PAK-TIN"


@pytest.fixture
def line(line_topics: str) -> Iterator[str]:
    """The services `units` and `referral`, reading the topics of all tests."""
    process = _run("units", "referral", "--web-port", str(_free_ports()), KITHLINE_KAFKA=line_topics)
    try:
        yield line_topics
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said


def kithline(kafka: str, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", _KITHLINE, *arguments],
        env={**os.environ, "KITHLINE_KAFKA": kafka},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def read(kafka: str, *topics: str) -> list[Record]:
    return asyncio.run(read_topics(Settings(kafka=kafka), topics))


def until(found: Any) -> Any:
    """What is looked for, once it is there."""
    end = time.monotonic() + 60
    while not (what := found()):
        assert time.monotonic() < end
        time.sleep(0.3)
    return what


def ask(kafka: str, household: str) -> dict[str, Any]:
    """Puts a flag on the topic that asks a Care Team to visit; returns the task that comes of it."""
    flags = run_in_memory(START).flags.values()
    template = next(flag for flag in flags if flag["rule"] == "carer-admitted")
    visit = {"unit": "care_team", "for": "visit_and_assess", "priority": "urgent"}
    flag = {**template, "household_id": household, "flag_id": f"flag-of-{household}", "district": "SSP"}
    flag |= {"estate": ESTATE, "asks": [visit], "then": [], "revision": 1}
    record = Record("risk.flags", household.encode(), orjson.dumps(flag))
    asyncio.run(send([record], ["risk.flags"], Settings(kafka=kafka)))

    def task() -> Any:
        told = read(kafka, "referral.tasks.care_team", "referral.tasks.district_office")
        return next((orjson.loads(one.value) for one in told if one.key == household.encode()), None)

    task_found: dict[str, Any] = until(task)
    return task_found


def test_a_unit_declares_and_the_next_is_asked_accordingly(line: str) -> None:
    assert load_directory(POLICY).eligible("care_team", "SSP", ESTATE)[0].id == UNIT
    homes = [f"h-00000000-0000-4000-8000-{number:012d}" for number in range(6)]
    assert ask(line, homes[0])["unit"] == UNIT

    kithline(line, "units", "declare", UNIT, "closed")
    kithline(line, "units", "vacancy", "ssp-respite-1", "respite", "2", "--district", "SSP")

    def status() -> list[Record]:
        told = [one for one in read(line, "units.status") if orjson.loads(one.value)["unit"] in (UNIT, "ssp-respite-1")]
        return told if len({one.key for one in told}) == 2 else []

    told = until(status)
    places = Counter((one.key, one.partition) for one in told)
    assert set(places.values()) == {1}
    assert {key for key, _ in places} == {UNIT.encode(), b"ssp-respite-1 respite SSP"}
    for key in {key for key, _ in places}:
        assert {partition for other, partition in places if other == key} == {0, 1, 2, 3}
    assert len({one.value for one in told}) == 2  # copies, to the byte

    # every partition knows: whichever household is next, the closed unit is not asked (its sub-district has no other)
    after = {home: ask(line, home) for home in homes[1:]}
    assert {task["unit"] for task in after.values()} == {"ssp-district-office"}

    rows = orjson.loads(kithline(line, "units", "list", "--district", "SSP", "--kind", "care_team", "--json"))
    assert next(row for row in rows if row["unit"] == UNIT)["intake"].startswith("closed (said ")
    (free,) = orjson.loads(kithline(line, "units", "places", "--district", "SSP", "--json"))
    assert (free["unit"], free["places"], free["stale"]) == ("ssp-respite-1", 2, False)
