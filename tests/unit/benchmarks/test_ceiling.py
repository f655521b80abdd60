"""What `python -m benchmarks.ceiling` reads is what the line's processors take. No times."""

from benchmarks.ceiling import hops, measure
from contracts.events import FEEDS
from tests.scenarios.memory import POLICY


def test_every_hop_of_every_event_is_there_and_the_sum_is_of_all_parts() -> None:
    records, events = hops(households=30, days=5, seed=2, policy=POLICY)
    topics = {record.topic for record in records}
    assert {"housing.tenancies", "person.facts", "household.facts", "risk.flags"} <= topics
    assert 0 < sum(record.topic in FEEDS for record in records) <= events < len(records)
    *parts, together = measure(records, events, repeats=1)
    assert [part["what"] for part in parts] == ["read", "check", "idle", "write"]
    assert abs(sum(part["us_per_event"] for part in parts) - together["us_per_event"]) < 0.5
    assert together["records_per_event"] == round(len(records) / events, 2)
