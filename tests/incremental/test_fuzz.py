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


# in the order in which they are built
STOPS = (
    "order_headers",
    "fct_refunds",
    "fct_orders",
    "dim_customer",
    "dim_product",
    "top_categories",
    "taken_back",
    "dim_geography",
    "dim_person",
)


@pytest.mark.slow
@requirement("S0-15")
def test_a_run_that_was_stopped_is_made_good_by_the_next(packed: Packed) -> None:
    shops = [WideShop(case) for case in range(1, 11)]
    assert packed.differences(shops, [[20, 20, 20, 20]] * 10, [STOPS, STOPS[::-1], STOPS[4:5]]) == {}


def deaf(packed: Packed, model: str, sql: str, shops: list[WideShop], steps: list[list[int]]) -> dict[str, list[str]]:
    """What differs when this model says other keys: `sql` is a select, in which {sql} is its own."""
    right = packed.plan
    models = [replace(one, sql=sql.format(sql=one.sql)) if one.name == model else one for one in right.models]
    packed.plan = replace(right, models=models)
    try:
        return packed.differences(shops, steps)
    finally:
        packed.plan = right


@pytest.mark.slow
def test_an_incremental_run_that_misses_what_changed_is_seen(packed: Packed) -> None:
    shops = [WideShop(case) for case in (1, 2)]
    found = deaf(packed, "affected_orders", "select * from ({sql}) where false", shops, [[20, 20, 20]] * 2)
    assert found["core.fct_orders"] == ["case_000", "case_001"]


class MovingShop(WideShop):
    """A shop that moves its products to other categories after the first round, and changes nothing else of them."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round > 1:
            for key, row in list(self.rows["products"].items()):
                moved = {"category_id": int(row["category_id"]) % 3 + 1, "updated_at": self.now()}
                self.put("products", key, {**row, **moved})


@pytest.mark.slow
def test_a_product_that_only_moved_changes_what_its_buyers_bought_most(packed: Packed) -> None:
    steps = [[20, 0]] * 2
    assert packed.differences([MovingShop(case) for case in (1, 2)], steps) == {}
    # in a snapshot every product arrives again, and every order is calculated anew
    if packed.delivery == "upsert":
        same = "select person_key from changes.affected_persons"
        found = deaf(packed, "affected_buyers", same, [MovingShop(case) for case in (1, 2)], steps)
        assert {"aggregates.top_categories", "marts.customer_360"} <= set(found)


class ClosingShop(WideShop):
    """A shop that deletes all of its products, or of its accounts, after the first round, and does nothing else."""

    table = "products"

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round > 1:
            for key in [key for key in self.rows[self.table] if key[0] != "nameless"]:
                self.delete(self.table, key, whole=True)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["products", "users"])
def test_what_is_deleted_is_missed_by_the_orders_that_name_it(
    packed: Packed, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClosingShop, "table", table)
    assert packed.differences([ClosingShop(case) for case in (1, 2, 3)], [[20, 0]] * 3) == {}


class LateShop(WideShop):
    """A shop that finds after the first round that its orders were placed on another day."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round > 1:
            for key, row in list(self.rows["orders"].items()):
                self.put("orders", key, {**row, "ordered_at": self.now(), "updated_at": self.now()})


@pytest.mark.slow
def test_a_day_that_an_order_has_left_is_summed_again(packed: Packed) -> None:
    steps = [[20, 0]] * 2
    assert packed.differences([LateShop(case) for case in (1, 2)], steps) == {}
    nothing = "select * from ({sql}) where false"
    found = deaf(packed, "affected_days_before", nothing, [LateShop(case) for case in (1, 2)], steps)
    assert {"aggregates.sold_by_day", "aggregates.orders_by_day", "aggregates.sales_by_day"} <= set(found)


class MergingShop(WideShop):
    """A shop that finds after the first round that all of its accounts are one person's, who lives elsewhere."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round > 1:
            for key, row in list(self.rows["users"].items()):
                moved = {"city": "Faro", "state": "C", "email": "one@shop.test", "updated_at": self.now()}
                self.put("users", key, {**row, **moved})


@pytest.mark.slow
def test_the_days_of_orders_whose_account_changed_are_summed_again(packed: Packed) -> None:
    shops = [MergingShop(case) for case in (1, 2)]
    steps = [[60, 0]] * 2
    assert packed.differences(shops, steps) == {}
    # in a snapshot every order arrives again
    if packed.delivery == "upsert":
        nothing = "select * from ({sql}) where false"
        found = deaf(packed, "affected_orders_before", nothing, [MergingShop(case) for case in (1, 2)], steps)
        assert {"aggregates.sold_by_day", "aggregates.orders_by_day", "aggregates.sales_by_day"} <= set(found)


class WaveringShop(MergingShop, MovingShop):
    """A shop that merges its accounts, moves its products and corrects its rates, and then takes all of it back."""

    def play(self, steps: int) -> None:
        before = {table: dict(self.rows[table]) for table in ("users", "products", "exchange_rates")}
        super().play(steps)
        if self.round == 2:
            self.right = before
            for day, _, _ in before["exchange_rates"]:
                self.rate(day)
        if self.round == 3:
            for table, rows in self.right.items():
                for key, row in rows.items():
                    self.put(table, key, {name: self.now() if name == "updated_at" else row[name] for name in row})


@pytest.mark.slow
@pytest.mark.parametrize("last", ["fct_order_items", "top_categories", "sales_by_day", "customer_360"])
def test_what_is_taken_back_after_a_run_that_came_to_no_end_is_as_it_was(packed: Packed, last: str) -> None:
    shops = [WaveringShop(case) for case in (1, 2)]
    assert packed.differences(shops, [[60, 0, 0]] * 2, broken={2: last}) == {}


@pytest.mark.slow
def test_whatever_arrives_alone_what_is_read_of_changes_is_told_of_it(packed: Packed) -> None:
    changes = {model.unique_id for model in packed.plan.models if model.schema == "changes" and model.holds_rows}
    always = {model.unique_id for model in packed.plan.models if model.name.startswith("repeated_")}
    for raw in packed.plan.raw:
        found = packed.plan.downstream([raw])[0]
        read = {parent for model in found for parent in model.parents} & changes - always
        assert read <= {model.unique_id for model in found}, raw


class TardyShop(WideShop):
    """A shop that tells of its products after the first round only, of each twice, with another name."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round == 1:
            self.held, self.rows["products"], self.changed["products"] = self.rows["products"], {}, []
        else:
            for key, row in self.held.items():
                for name in ("first", "second"):
                    self.put("products", key, {**row, "cost": "1.50", "name": name, "updated_at": self.now()})


@pytest.mark.slow
def test_a_product_that_comes_after_its_lines_is_told_to_them_however_often_it_comes(packed: Packed) -> None:
    assert packed.differences([TardyShop(case) for case in (1, 2, 3)], [[40, 0]] * 3) == {}


class SwappingShop(WideShop):
    """A shop that cancels all orders and takes back other products than it sold, which turn out to be gift cards."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round == 1:
            self.put("products", (7,), {**self._product(7), "is_gift_card": "false"})
            for key, row in list(self.rows["refund_items"].items()):
                self.put("refund_items", key, {**row, "line_number": "", "product_id": 7})
            for key, row in list(self.rows["orders"].items()):
                cancelled = {"status": "cancelled", "cancelled_at": row["ordered_at"], "updated_at": self.now()}
                self.put("orders", key, {**row, **cancelled})
        else:
            self.put("products", (7,), {**self.rows["products"][7,], "is_gift_card": "true", "updated_at": self.now()})


@pytest.mark.slow
def test_a_cancellation_follows_products_that_only_its_refunds_name(packed: Packed) -> None:
    assert packed.differences([SwappingShop(case) for case in (1, 2, 3)], [[60, 0]] * 3) == {}


class GiftingShop(WideShop):
    """A shop that finds after the first round that its goods are gift cards, and its gift cards goods."""

    def play(self, steps: int) -> None:
        super().play(steps)
        if self.round > 1:
            for key, row in list(self.rows["products"].items()):
                other = "false" if row["is_gift_card"] == "true" else "true"
                self.put("products", key, {**row, "is_gift_card": other, "updated_at": self.now()})


@pytest.mark.slow
def test_what_facts_are_made_of_of_a_product_changes_its_lines_and_refunds(packed: Packed) -> None:
    shops = [GiftingShop(case) for case in (1, 2, 3)]
    steps = [[40, 0]] * 3
    assert packed.differences(shops, steps) == {}
    nothing = "select * from ({sql}) where false"
    found = deaf(packed, "followed_products", nothing, [GiftingShop(case) for case in (1, 2, 3)], steps)
    if packed.delivery == "upsert":
        assert {"core.fct_order_items", "core.fct_refund_items", "marts.sales_daily"} <= set(found)


def test_a_difference_is_told_with_the_command_that_shows_it_again() -> None:
    text = told("upsert", [11, 22, 33], {"core.fct_orders": ["case_001"], "marts.sales_daily": []})
    assert "core.fct_orders, marts.sales_daily differ" in text
    assert "SHOPHOUSE_FUZZ_AGAIN=22 pytest tests/incremental/test_fuzz.py -k upsert" in text
    assert "of the cases 11,22,33" in told("upsert", [11, 22, 33], {"marts.sales_daily": []})
