"""A race on a real Kafka: who is right, wrong, broken or absent is told so, and the others run all the same."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.run import FOLD, Plan, run
from services.runtime.cluster import admin
from services.runtime.errors import Problem
from services.runtime.kafka_dev import Broker
from services.runtime.settings import Settings

pytestmark = pytest.mark.kafka

RECORDS = 120_000
"""The floor takes 40,000 at a time, and must not be done with all at the first look."""


def _absent() -> None:
    raise Problem("it cannot be had here")


@pytest.fixture
def four_more(monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """Contenders that only a test would want."""
    floor = CONTENDERS["floor"]
    ended = [sys.executable, "-c", "raise SystemExit('its last words')"]
    for contender in (
        replace(floor, name="forgetful", state=lambda _: {}),
        replace(floor, name="broken", command=lambda _: ended),
        replace(floor, name="absent", prepare=_absent),
        replace(floor, name="short", most={"count": RECORDS // 2}, repeats=1),
    ):
        monkeypatch.setitem(CONTENDERS, contender.name, contender)
    return ("forgetful", "broken", "absent", "short")


async def test_race(kafka: str, four_more: Sequence[str]) -> None:
    said: list[str] = []
    pairs = tuple(("count", name) for name in (FOLD, "kithline", "floor", *four_more))
    report = await run(Broker(kafka, 1, None), Plan(pairs, records=RECORDS, repeats=2), said.append)

    rows = {row.name: row for row in report.rows}
    assert list(rows) == [FOLD, "kithline", "floor", "forgetful", "short"]
    for name in (FOLD, "kithline", "floor", "short"):
        assert rows[name].correct, name
    for name in ("kithline", "floor"):
        assert len(rows[name].runs) == 2
        assert rows[name].outputs == (RECORDS + RECORDS // 10) // 20
        assert 10_000 <= (rows[name].changelog_records or 0) <= 2 * RECORDS
    assert not rows["forgetful"].correct
    assert (rows["short"].records, len(rows["short"].runs)) == (RECORDS // 2, 1)
    assert rows["short"].warm_up == rows["floor"].warm_up == RECORDS // 10

    skipped = {one.name: one for one in report.skipped}
    assert skipped["broken"].failed
    assert "its last words" in skipped["broken"].reason
    assert not skipped["absent"].failed
    assert skipped["absent"].reason == "it cannot be had here"
    assert any("absent is skipped" in line for line in said)

    async with admin(Settings(kafka=kafka)) as client:
        assert not [name for name in await client.list_topics() if name.startswith("bench")]
