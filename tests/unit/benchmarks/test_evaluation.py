"""What `python -m benchmarks.evaluation` looks at is what the correlator would. No times."""

from benchmarks.corpus import AS_OF, household_facts
from benchmarks.evaluation import measure
from services.correlator.compiled import Ruleset
from services.correlator.household import correlator
from services.policy import load_rules, load_sources
from services.runtime.folding import MemoryStore, Task
from tests.scenarios.memory import POLICY


def test_every_record_and_household_is_looked_at_and_the_state_is_the_correlators() -> None:
    records = household_facts(households=30)
    rules, sources, store = load_rules(POLICY), load_sources(POLICY), MemoryStore()
    rows = measure(records, Ruleset(rules), sources, store, repeats=2)
    task = Task(correlator(rules, sources), MemoryStore(), AS_OF)
    for record in records:
        task.take_one(record)
    assert dict(store.items()) == dict(task.store.items())
    counts = {row.name: row.count for row in rows}
    assert counts["a record"] == len(records)
    assert counts["all rules, as they are asked"] == counts["all rules, in full"] == len(store.values)
    assert 0 < counts["all rules, at rest"] < counts["all rules, in full"]
    assert 0 < counts["a record of a known origin"] < len(records)
    assert all(0 < row.median_us <= row.p90_us <= row.p99_us for row in rows)
