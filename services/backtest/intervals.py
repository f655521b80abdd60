"""Proportions with their uncertainty. Pure.

All intervals are of 95 %. Proportions: Wilson's score interval (Wilson 1927), sound too where there are few or none.
Ratios of two proportions: Katz's logarithmic interval (Katz et al. 1978), with a half added to each count where one is
nought.
"""

from dataclasses import dataclass
from math import exp, log, sqrt

__all__ = ["Share", "ratio"]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of`. All parts are None where there is nothing to count."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high): Wilson's."""
        if not self.of:
            return None
        n, p = self.of, self.hits / self.of
        middle, spread = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        low, high = (middle - spread) / scale, (middle + spread) / scale
        return 0.0 if self.hits == 0 else max(0.0, low), 1.0 if self.hits == n else min(1.0, high)

    def figures(self) -> dict[str, object]:
        """As the report writes it."""
        interval = self.interval
        return {
            "hits": self.hits,
            "of": self.of,
            "value": _rounded(self.value),
            "low": _rounded(interval[0]) if interval else None,
            "high": _rounded(interval[1]) if interval else None,
        }


def ratio(one: Share, other: Share) -> dict[str, float | None]:
    """{value, low, high} of `one` to `other`; all None where one of them has nothing to count."""
    if not one.of or not other.of:
        return {"value": None, "low": None, "high": None}
    value = _quotient(one.hits / one.of, other.hits / other.of)
    a, b = float(one.hits), float(other.hits)
    n, m = float(one.of), float(other.of)
    if not a or not b:
        a, b, n, m = a + 0.5, b + 0.5, n + 0.5, m + 0.5
    spread = Z * sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    middle = log((a / n) / (b / m))
    return {"value": _rounded(value), "low": _rounded(exp(middle - spread)), "high": _rounded(exp(middle + spread))}


def _quotient(one: float, other: float) -> float | None:
    return one / other if other else None


def _rounded(value: float | None) -> float | None:
    """Six significant digits: more would say what nobody can know."""
    return None if value is None else float(f"{value:.6g}")
