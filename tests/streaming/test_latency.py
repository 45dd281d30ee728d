"""Latencies of many rounds add up to percentiles that are right to two per cent."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from shophouse.streaming.latency import Latencies

STEP = math.log(1.02)


def of(seconds: list[float]) -> Latencies:
    return Latencies(Counter(math.floor(math.log(one) / STEP) for one in seconds), max(seconds))


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_of_added_rounds_are_those_of_all_rows(share: float) -> None:
    chance = random.Random(1)
    rounds = [[chance.lognormvariate(1, 0.8) for _ in range(chance.randint(1, 900))] for _ in range(20)]
    together = Latencies()
    for one in rounds:
        together.add(of(one))
    everything = sorted(second for one in rounds for second in one)
    exact = everything[math.ceil(share * len(everything)) - 1]
    assert together.percentile(share) == pytest.approx(exact, rel=0.021)
    assert together.rows == len(everything)
    assert together.figures()["max"] == round(everything[-1], 3)


def test_without_rows_there_is_no_percentile() -> None:
    assert Latencies().percentile(0.5) is None
    assert Latencies(older=3).figures() == {
        "rows": 0,
        "older_rows": 3,
        "p50": None,
        "p95": None,
        "p99": None,
        "max": None,
    }


def test_no_percentile_is_longer_than_the_longest() -> None:
    assert of([2.0, 2.0, 2.0]).percentile(0.99) == 2.0
