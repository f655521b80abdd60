"""What a batch did, kept until it is committed and only then told to the metrics."""

from collections import Counter

from contracts.instants import milliseconds
from services.runtime import metrics
from services.runtime.cluster import DEAD_LETTERS
from services.runtime.now import now_ms
from services.runtime.steps import Step

__all__ = ["Tally"]


class Tally:
    """Counts of one batch."""

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str]] = Counter()
        self._outputs: Counter[str] = Counter()
        self._verdicts: Counter[tuple[str, str]] = Counter()
        self._uncovered: Counter[str] = Counter()
        self._heartbeat: str | None = None
        self._timestamps: list[int] = []

    def step(self, step: Step) -> None:
        """Counts what a step took and sent."""
        for output in step.turn.outputs:
            self._outputs[output.topic] += 1
        if step.turn.dead:
            self._outputs[DEAD_LETTERS] += len(step.turn.dead)
        if step.turn.verdicts is not None:
            self._verdicts.update(step.turn.verdicts)
        if step.turn.uncovered is not None:
            self._uncovered.update(step.turn.uncovered)
        if step.turn.heartbeat is not None:
            self._heartbeat = max(self._heartbeat or "", step.turn.heartbeat)
        if step.records:
            topic = step.place.topic
            self._records[topic, "applied"] += len(step.records) - step.duplicates - step.refused
            self._records[topic, "duplicate"] += step.duplicates
            self._records[topic, "dead_letter"] += step.refused
            self._timestamps += [record.timestamp for record in step.records]

    def copies(self, topic: str, further: int) -> None:
        """Counts the further copies of an output that goes to every partition."""
        self._outputs[topic] += further

    def tell(self, processor: str, seconds: float) -> None:
        """The batch was committed, `seconds` after its first record was taken."""
        for (topic, outcome), count in self._records.items():
            metrics.RECORDS.labels(processor, topic, outcome).inc(count)
        for topic, count in self._outputs.items():
            metrics.OUTPUTS.labels(processor, topic).inc(count)
        for (rule, verdict), count in self._verdicts.items():
            metrics.VERDICTS.labels(rule, verdict).inc(count)
        for district, count in self._uncovered.items():
            metrics.UNCOVERED.labels(district).inc(count)
        if self._heartbeat is not None:
            metrics.FEED_HEARTBEAT.labels(processor).set(milliseconds(self._heartbeat) / 1000)
        now = now_ms()
        latencies = ((now - timestamp, count) for timestamp, count in Counter(self._timestamps).items())
        metrics.LATENCY_MS.observe(processor, latencies)
        metrics.BATCH_RECORDS.labels(processor).observe(len(self._timestamps))
        metrics.BATCH_SECONDS.labels(processor).observe(seconds)
