"""The scenarios of tests/scenarios once more, on a real Kafka: the same table, the same ends."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.runtime.fold import Record
from tests.integration.running_line import RunningLine, running_line
from tests.scenario import AS_OF
from tests.scenarios import SCENARIOS, Scenario
from tests.scenarios.apart import Apart
from tests.scenarios.memory import misnumbered
from tests.scenarios.model import Ends, Tick, unmet

pytestmark = pytest.mark.kafka

BY_NAME = {
    "two spouses who care for each other": "spouses care for each other and one is admitted",
    "a carer who lives elsewhere": "a carer lives elsewhere",
    "a household that moves mid-episode": "the household moves while the carer is in hospital",
    "a correction to an earlier time": "a correction moves the admission to an earlier time",
}
"""What the line must be seen to do on a real Kafka, whatever else is in the table."""


def _fits(scenario: Scenario) -> bool:
    """Those that share one clock with the others: time stands still at AS_OF here."""
    return scenario.as_of == AS_OF and not any(isinstance(step, Tick) for step in scenario.steps)


CHOSEN = [scenario for scenario in SCENARIOS if _fits(scenario)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ends]:
    """Where each scenario ended, run beside each other on one line."""
    from services.runtime.kafka_dev import start_broker
    from services.runtime.topic_admin import ensure_topics

    broker = start_broker()
    try:
        ensure_topics(broker.bootstrap)
        return asyncio.run(_run_beside_each_other(broker.bootstrap, tmp_path_factory.mktemp("line"), CHOSEN))
    finally:
        broker.stop()


async def _run_beside_each_other(kafka: str, logs: Path, scenarios: Sequence[Scenario]) -> dict[str, Ends]:
    async with running_line(kafka, logs, AS_OF) as line:
        return await _turn_by_turn(line, scenarios)


async def _turn_by_turn(line: RunningLine, scenarios: Sequence[Scenario]) -> dict[str, Ends]:
    apart = [
        Apart(number, [step for step in scenario.steps if isinstance(step, Record)])
        for number, scenario in enumerate(scenarios, 1)
    ]
    ends = {scenario.name: Ends() for scenario in scenarios}
    for turn in range(max(len(scenario.steps) for scenario in scenarios)):
        records = []
        for scenario, ids in zip(scenarios, apart, strict=True):
            if turn < len(scenario.steps):
                step = scenario.steps[turn]
                record = step if isinstance(step, Record) else step.record(ends[scenario.name])
                records.append(ids.sent(record))
        await line.send(*records)
        everything = await line.ends()
        for scenario, ids in zip(scenarios, apart, strict=True):
            ends[scenario.name] = _mine(everything, ids)
    return ends


def _mine(everything: Ends, ids: Apart) -> Ends:
    mine = Ends()
    # a task that goes to another kind of unit goes to another topic: only its revisions tell the order
    for kind, item in sorted(everything.published, key=lambda entry: entry[1]["revision"]):
        if item["household_id"] in ids.outward:
            told = ids.told(item)
            mine.published.append((kind, told))
            (mine.flags if kind == "flag" else mine.tasks)[told[f"{kind}_id"]] = told
    return mine


@pytest.mark.parametrize("scenario", CHOSEN, ids=[scenario.name for scenario in CHOSEN])
def test_it_ends_as_told_on_kafka(scenario: Scenario, outcomes: dict[str, Ends]) -> None:
    ends = outcomes[scenario.name]
    without_dead = [fault for fault in unmet(scenario, ends) if not fault.startswith("dead letters")]
    assert without_dead == []
    assert misnumbered(ends) == []


@pytest.mark.parametrize("start", BY_NAME.values(), ids=list(BY_NAME))
def test_what_must_run_on_kafka_is_among_them(start: str) -> None:
    assert any(scenario.name.startswith(start) for scenario in CHOSEN)
