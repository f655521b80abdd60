"""What `python -m benchmarks.folds` counts is what the line does. No times."""

from collections import Counter

import pytest

from benchmarks.folds import measure, month
from contracts.events import FEEDS
from services.line import Line
from services.runtime.fold import TICK_TOPICS
from tests.scenarios.memory import processors


@pytest.mark.parametrize("batch", [1, 25])
def test_every_record_is_counted_once_whatever_the_batches(batch: int) -> None:
    records = month(households=40, days=10, seed=3)
    taken, sent = Counter[str](), Counter[str]()
    line = Line(processors(units=True))
    for record in records:
        for name, turn in line.take(record):
            taken[name] += turn.record is not None and turn.record.topic not in TICK_TOPICS
            sent[name] += len(turn.outputs)
    events = sum(record.topic in FEEDS for record in records)
    rows, _ = measure(records, batch, processors(units=True))
    assert {row.name: row.records_per_event for row in rows} == {
        task.processor.name: round(taken[task.processor.name] / events, 3) for task in line.tasks
    }
    assert {row.name: row.outputs_per_event for row in rows} == {
        task.processor.name: round(sent[task.processor.name] / events, 3) for task in line.tasks
    }
    assert {row.name: row.state_keys for row in rows} == {
        task.processor.name: len(list(task.store.items())) for task in line.tasks
    }


def test_a_month_has_ticks_of_both_kinds() -> None:
    topics = {record.topic for record in month(households=20, days=3, seed=1)}
    assert {*TICK_TOPICS, "housing.tenancies"} <= topics
