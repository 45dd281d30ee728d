"""Latencies of many rounds add up to percentiles that are right to two per cent."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shophouse.streaming.latency import Latencies, waited

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


def test_rows_of_the_loads_that_became_visible_are_counted_by_how_long_they_waited(tmp_path: Path) -> None:
    chance, visible = random.Random(2), datetime(2026, 3, 1, 12)
    seconds = [chance.lognormvariate(1, 0.8) for _ in range(500)]
    rows: list[tuple[int, datetime | None]] = [(7, visible - timedelta(seconds=one)) for one in seconds]
    # before the stream began, after the row was visible by a clock that is ahead, without a time, of other loads
    rows += [(7, visible - timedelta(hours=1)), (8, visible + timedelta(seconds=3)), (8, None)]
    rows += [(6, visible - timedelta(seconds=1)), (9, visible - timedelta(seconds=1))]
    file = tmp_path / "rows.parquet"
    loads, times = zip(*rows, strict=True)
    pq.write_table(pa.table({"_load_id": loads, "_timestamp": pa.array(times, pa.timestamp("us"))}), file)
    found = waited(str(file), "_timestamp", 6, 8, visible, longest=600)
    assert (found.rows, found.older) == (501, 1)
    assert found.longest == pytest.approx(max(seconds), abs=2e-6)
    assert min(found.counts) == math.floor(math.log(0.001) / STEP)
    exact = sorted(seconds)[249]
    assert found.percentile(250.5 / 501) == pytest.approx(exact, rel=0.021)
    assert waited(str(file), "_timestamp", 9, 20, visible, longest=600) == Latencies()
    assert waited(str(file), "updated_at", 6, 8, visible, longest=600) == Latencies()
