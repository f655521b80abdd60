"""Intervals against figures worked out elsewhere: R's binom.confint(method = "wilson"), and Katz's formula by hand."""

from math import exp, sqrt

import pytest

from services.backtest.intervals import Share, ratio


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (5, 10, 0.2365931, 0.7634069),
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (3, 2100, 0.0004859747, 0.0041918),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson(hits: int, of: int, low: float, high: float) -> None:
    interval = Share(hits, of).interval
    assert interval == pytest.approx((low, high), abs=5e-5)


def test_where_there_is_nothing_to_count_nothing_is_said() -> None:
    assert Share(0, 0).interval is None
    assert Share(0, 0).figures() == {"hits": 0, "of": 0, "value": None, "low": None, "high": None}
    assert ratio(Share(0, 0), Share(1, 2)) == {"value": None, "low": None, "high": None}


def test_katz() -> None:
    spread = 1.959964 * sqrt(1 / 20 - 1 / 100 + 1 / 10 - 1 / 100)
    found = ratio(Share(20, 100), Share(10, 100))
    assert found["value"] == 2.0
    assert found["low"] == pytest.approx(2 * exp(-spread), rel=1e-5)
    assert found["high"] == pytest.approx(2 * exp(spread), rel=1e-5)


def test_a_ratio_with_a_nought_has_an_interval_all_the_same() -> None:
    found = ratio(Share(0, 50), Share(10, 50))
    assert found["value"] == 0.0
    low, high = found["low"], found["high"]
    assert low is not None and high is not None
    assert 0 < low < high < 1
    assert ratio(Share(3, 50), Share(0, 50))["value"] is None
