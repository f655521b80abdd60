"""A Prometheus histogram that takes many equal observations at once.

`prometheus_client.Histogram` takes one at a time, 1 to 2 µs each: as long as a small fold. A batch of thousands of
records has a few dozen different latencies.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

__all__ = ["CountedHistogram"]


class CountedHistogram(Collector):
    """Has one label. `buckets` are upper bounds, ascending; the last bucket, without a bound, is added."""

    def __init__(
        self,
        name: str,
        documentation: str,
        label: str,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._buckets = tuple(map(float, buckets))
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        registry.register(self)

    def observe(self, label: str, observations: Iterable[tuple[float, int]]) -> None:
        """`observations`: (amount, how many of it). Below zero counts as zero."""
        counts = self._counts.setdefault(label, [0] * (len(self._buckets) + 1))
        total = self._sums.get(label, 0.0)
        for amount, count in observations:
            amount = max(0.0, amount)
            counts[bisect_left(self._buckets, amount)] += count
            total += amount * count
        self._sums[label] = total

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """The family without samples."""
        yield HistogramMetricFamily(self._name, self._documentation, labels=[self._label])

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The family with what was observed so far."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        for label, counts in list(self._counts.items()):
            running, buckets = 0, []
            for bound, count in zip([*map(str, self._buckets), "+Inf"], counts, strict=True):
                running += count
                buckets.append((bound, float(running)))
            family.add_metric([label], buckets, self._sums.get(label, 0.0))
        yield family
