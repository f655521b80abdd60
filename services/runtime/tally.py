"""What a batch did, kept until it is committed and only then told to the metrics."""

from collections import Counter

from services.runtime import metrics
from services.runtime.fold import Record
from services.runtime.now import now_ms

__all__ = ["Tally"]


class Tally:
    """Counts of one batch."""

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str]] = Counter()
        self._outputs: Counter[str] = Counter()
        self._timestamps: list[int] = []

    def record(self, record: Record, outcome: str) -> None:
        """An input record that was taken: `applied`, `duplicate` or `dead_letter`."""
        self._records[record.topic, outcome] += 1
        self._timestamps.append(record.timestamp)

    def output(self, topic: str) -> None:
        """A record that was sent."""
        self._outputs[topic] += 1

    def tell(self, processor: str, seconds: float) -> None:
        """The batch was committed, `seconds` after its first record was taken."""
        now = now_ms()
        for (topic, outcome), count in self._records.items():
            metrics.RECORDS.labels(processor, topic, outcome).inc(count)
        for topic, count in self._outputs.items():
            metrics.OUTPUTS.labels(processor, topic).inc(count)
        latency = metrics.LATENCY_MS.labels(processor)
        for timestamp in self._timestamps:
            latency.observe(max(0, now - timestamp))
        metrics.BATCH_RECORDS.labels(processor).observe(len(self._timestamps))
        metrics.BATCH_SECONDS.labels(processor).observe(seconds)
