"""An incremental run equals a full rebuild, row for row, for shops whose history hypothesis draws.

A case is a seed: of it follow rows that come in rounds, split, shuffled, repeated, late, updated and deleted, and
orders that lose lines. Fifty cases are the sources of one project. docs/concepts/incremental.md says how to run more,
and how to run one again.
"""

from __future__ import annotations

import os
import random
import shlex
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from incremental.packed import Packed
from incremental.wide_shop import WideShop
from requirements import requirement

CASES = int(os.environ.get("SHOPHOUSE_FUZZ_CASES", "200"))
SEED = int(os.environ.get("SHOPHOUSE_FUZZ_SEED", "2025"))
AGAIN = [int(one) for one in os.environ.get("SHOPHOUSE_FUZZ_AGAIN", "").split(",") if one]
PACK = min(50, len(AGAIN) or max(CASES // 2, 1))
DELIVERIES = ("upsert", "snapshot")
ROUNDS = 3


def steps_of(case: int) -> list[int]:
    """How much happens in each round; nothing at all in some."""
    pick = random.Random(case)
    return [pick.randint(8, 25), *(pick.choice((0, 1, 6, 18)) for _ in range(ROUNDS - 1))]


def told(delivery: str, cases: list[int], found: dict[str, list[str]]) -> str:
    """What differs, of which cases, and what to type to run them again."""
    names = {name for sources in found.values() for name in sources}
    guilty = [case for number, case in enumerate(cases) if f"case_{number:03}" in names] or cases
    again = ",".join(str(case) for case in guilty)
    command = f"SHOPHOUSE_FUZZ_AGAIN={shlex.quote(again)} pytest tests/incremental/test_fuzz.py -k {delivery}"
    return f"{', '.join(sorted(found))} differ from a full rebuild, of the cases {again}\nrun them again:   {command}"


def compare(packed: Packed, cases: list[int]) -> None:
    steps = [steps_of(case) for case in cases]
    found = packed.differences([WideShop(case) for case in cases], steps)
    assert found == {}, told(packed.delivery, cases, found)


@pytest.fixture(scope="module", params=DELIVERIES)
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return Packed(tmp_path_factory.mktemp("fuzz") / "shop", PACK, request.param)


@pytest.mark.slow
@requirement("S0-15", "S0-16", "S3-32")
def test_incremental_runs_equal_a_full_rebuild(packed: Packed) -> None:
    if AGAIN:
        compare(packed, AGAIN)
        return

    # a smaller pack tells no more than the case that differs, and every try costs a build
    @seed(SEED)
    @settings(
        max_examples=max(CASES // (PACK * len(DELIVERIES)), 1),
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.integers(1, 2**31), min_size=PACK, max_size=PACK, unique=True))
    def packs(cases: list[int]) -> None:
        compare(packed, cases)

    packs()


@pytest.mark.slow
@requirement("S0-15")
@pytest.mark.parametrize("stop", ["order_headers", "fct_refunds", "fct_orders", "dim_customer", "dim_person"])
def test_a_run_that_was_stopped_is_made_good_by_the_next(packed: Packed, stop: str) -> None:
    assert packed.differences([WideShop(case) for case in range(1, 11)], [[20, 20, 20]] * 10, stop) == {}


@pytest.mark.slow
def test_an_incremental_run_that_misses_what_changed_is_seen(packed: Packed) -> None:
    right = packed.plan
    deaf = [
        replace(model, sql=f"select * from ({model.sql}) where false") if model.name == "affected_orders" else model
        for model in right.models
    ]
    packed.plan = replace(right, models=deaf)
    try:
        found = packed.differences([WideShop(case) for case in (1, 2)], [[20, 20, 20]] * 2)
    finally:
        packed.plan = right
    assert found["core.fct_orders"] == ["case_000", "case_001"]


def test_a_difference_is_told_with_the_command_that_shows_it_again() -> None:
    text = told("upsert", [11, 22, 33], {"core.fct_orders": ["case_001"], "marts.sales_daily": []})
    assert "core.fct_orders, marts.sales_daily differ" in text
    assert "SHOPHOUSE_FUZZ_AGAIN=22 pytest tests/incremental/test_fuzz.py -k upsert" in text
    assert "of the cases 11,22,33" in told("upsert", [11, 22, 33], {"marts.sales_daily": []})
