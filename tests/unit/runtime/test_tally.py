"""What a batch did is told to the metrics once it is committed, and not before."""

from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from services.runtime.fold import Turn
from services.runtime.folding import MemoryStore
from services.runtime.steps import Step
from services.runtime.tally import Tally


def verdicts(rule: str, verdict: str) -> float:
    return REGISTRY.get_sample_value("kithline_rule_verdicts_total", {"rule": rule, "verdict": verdict}) or 0.0


def test_verdicts_are_counted_by_rule() -> None:
    tally = Tally()
    for _ in range(2):
        turn = Turn("1970-01-01T00:00:00.000Z", MemoryStore())
        turn.count("a-rule", "unknown")
        turn.count("a-rule", "unknown")
        turn.count("another-rule", "error")
        tally.step(Step(turn, TopicPartition("t", 0), [], 0, 0))
    before = verdicts("a-rule", "unknown"), verdicts("another-rule", "error")
    assert before == (0.0, 0.0)
    tally.tell("a-processor", 0.1)
    assert (verdicts("a-rule", "unknown"), verdicts("another-rule", "error")) == (4.0, 2.0)
