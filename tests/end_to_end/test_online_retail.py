"""Online Retail's one file, the real one and a look-alike: each row and pound is in core or left out for a reason."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from requirements import requirement
from shophouse.demo.lookalikes import OnlineRetailAnswers, online_retail_lookalike
from shophouse.demo.online_retail import Row, online_retail_answers
from shophouse.demo.shops import make_demo
from shophouse.shop import Run, Shop

from .shops import money, row, rows, value

pytestmark = pytest.mark.slow

MATCHED = "staging.stg_online_retail__matched_cancellations"


@dataclass(frozen=True)
class OnlineRetail:
    shop: Shop
    run: Run
    lines: Sequence[Row]
    known: OnlineRetailAnswers

    def staged(self, sql: str) -> list[dict[str, Any]]:
        """Staging isn't published: this reads what was built."""
        found: list[dict[str, Any]] = self.shop.engine.query(sql).to_pylist()
        return found


def _read(file: Path) -> list[Row]:
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8")
    table = list(csv.reader(io.StringIO(text, newline="")))[1:]
    return [Row(r[0], r[1], r[2], int(r[3]), r[4], int(Decimal(r[5]) * 1000), r[6], r[7]) for r in table]


@pytest.fixture(scope="module", params=["lookalike", pytest.param("real", marks=pytest.mark.real_data)])
def retail(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shophouse_data: Callable[[str], Path],
) -> OnlineRetail:
    if request.param == "real":
        folder = shophouse_data("online-retail")
        lines = _read(folder / "online_retail.csv.gz")
    else:
        folder = tmp_path_factory.mktemp("online-retail-files")
        online_retail_lookalike(folder, rows=4_000)
        lines = _read(folder / "online_retail.csv")
    known = online_retail_answers(lines)
    if request.param == "real":
        assert (known.rows, known.amount) == (541_909, Decimal("9747747.934"))
        assert (known.cancellations_with_earlier_sale, known.cancellations_matched) == (7_174, 7_136)
        assert (known.duplicate_rows, known.duplicate_amount) == (5_268, Decimal("21740.980"))
    shop = Shop(make_demo("online-retail", into=tmp_path_factory.mktemp("online-retail") / "shop", data=folder))
    return OnlineRetail(shop, shop.run(), lines, known)


@requirement("S3-04", "S3-36")
def test_every_row_is_in_core_or_quarantined_or_dropped_for_a_stated_reason(retail: OnlineRetail) -> None:
    assert retail.run.ingested is not None
    sales = row(retail.shop, "select count(*), sum(quantity * unit_price) from core.fct_order_items")
    returns = row(retail.shop, "select count(*), -sum(refund_amount) from core.fct_refund_items")
    quarantined = value(retail.shop, "select count(*) from ops.quarantine")
    # of order lines the amount is quantity × price; what a cancellation takes back is positive in its own rows
    held_back = row(
        retail.shop,
        "select count(*), coalesce(sum(case when entity = 'refund_items' then -amount else amount end), 0) "
        "from ops.rejected_rows where entity in ('order_items', 'refund_items')",
    )
    assert quarantined == retail.run.ingested.rejected_rows == 0
    assert sales[0] + returns[0] + held_back[0] == retail.known.rows
    assert sales[1] + returns[1] + held_back[1] == retail.known.amount
    assert value(retail.shop, "select count(*) from ops.rejected_rows where coalesce(reason, '') = ''") == 0


def test_what_is_dropped_are_bad_debts_and_stock_corrections(retail: OnlineRetail) -> None:
    lines = [line for line in retail.lines if not line.invoice.startswith("C")]
    price_of: dict[str, int] = {}
    for line in lines:
        price_of[line.invoice] = max(price_of.get(line.invoice, 0), line.price)
    expected: dict[str, list[Any]] = {}
    for line in lines:
        if not line.invoice[0].isdigit():
            reason = "bad debt entry"
        elif line.quantity < 0:
            reason = "stock written off"
        elif price_of[line.invoice] == 0 and not line.customer:
            reason = "stock correction"
        else:
            continue
        found = expected.setdefault(reason, [0, 0])
        found[0] += 1
        found[1] += line.amount
    assert {
        reason: [count, amount]
        for reason, count, amount in rows(
            retail.shop, "select reason, count(*), sum(amount) * 1000 from ops.rejected_rows group by 1"
        )
    } == expected
    assert rows(retail.shop, "select distinct rejection_kind from ops.rejected_rows") == [("dropped",)]


def test_each_row_that_was_held_back_leads_to_its_place_in_the_file(retail: OnlineRetail) -> None:
    for number, quantity_of_money in rows(
        retail.shop, "select row_number, amount * 1000 from ops.rejected_rows where entity = 'order_items'"
    ):
        assert retail.lines[number - 1].amount == quantity_of_money


def test_a_cancellation_takes_back_the_latest_earlier_sale_with_units_left(retail: OnlineRetail) -> None:
    found = retail.staged(
        f"""
        select matched._row_number as cancellation, sales._row_number as sale
        from {MATCHED} as matched
        join staging.stg_online_retail__invoice_lines as sales
            on sales.invoice_number = matched.order_id and sales.line_number = matched.order_line_number
        """
    )
    assert {match["cancellation"]: match["sale"] for match in found} == retail.known.sale_of
    assert len(found) == retail.known.cancellations_matched


def test_cancellations_that_alone_would_find_a_sale_are_told_from_those_that_get_one(retail: OnlineRetail) -> None:
    (counted,) = retail.staged(
        f"""
        select
            count(*) as cancellations,
            count(*) filter (has_earlier_sale) as with_earlier_sale,
            count(order_id) as matched,
            count(*) filter (order_id is not null and not has_earlier_sale) as matched_without
        from {MATCHED}
        """
    )
    assert counted == {
        "cancellations": retail.known.cancellation_rows,
        "with_earlier_sale": retail.known.cancellations_with_earlier_sale,
        "matched": retail.known.cancellations_matched,
        "matched_without": 0,
    }


def test_no_unit_is_given_back_twice(retail: OnlineRetail) -> None:
    assert value(retail.shop, "select count(*) from core.fct_order_items where refunded_quantity > quantity") == 0
    given_back = sum(-retail.lines[cancellation - 1].quantity for cancellation in retail.known.sale_of)
    assert value(retail.shop, "select sum(refunded_quantity) from core.fct_order_items") == given_back


def test_a_cancellation_without_a_sale_is_a_refund_without_an_order(retail: OnlineRetail) -> None:
    alone = [
        line
        for number, line in enumerate(retail.lines, 1)
        if line.invoice.startswith("C") and number not in retail.known.sale_of
    ]
    items = "core.fct_refund_items join core.fct_refunds using (refund_key)"
    assert row(
        retail.shop, f"select count(*), -sum(fct_refund_items.refund_amount) * 1000 from {items} where not has_order"
    ) == (len(alone), sum(line.amount for line in alone))
    assert money(value(retail.shop, "select sum(refund_amount) from core.fct_refunds where not has_order")) == money(
        Decimal(-sum(line.amount for line in alone)).scaleb(-3)
    )
    # it lowers sales all the same
    assert value(retail.shop, "select sum(return_amount) from core.fct_sales_ledger where order_key = 0") == money(
        Decimal(sum(line.amount for line in alone)).scaleb(-3)
    )


def test_exact_duplicates_stay(retail: OnlineRetail) -> None:
    assert value(
        retail.shop,
        """
        select sum(extra)::bigint from (
            select count(*) - 1 as extra
            from core.fct_order_items
            group by order_id, product_id, quantity, unit_price
        )
        """,
    ) >= retail.known.duplicate_rows - sum(line.invoice.startswith("C") for line in retail.lines)
    sold = [line for line in retail.lines if not line.invoice.startswith("C")]
    per_invoice: dict[str, int] = {}
    for line in sold:
        per_invoice[line.invoice] = per_invoice.get(line.invoice, 0) + 1
    # an invoice has as many lines as the file has rows of it, the same ones too
    found = dict(
        rows(
            retail.shop,
            "select order_id, count(*) from (select order_id from core.fct_order_items union all "
            "select split_part(row_id, '|', 1) from ops.rejected_rows where entity = 'order_items') group by 1",
        )
    )
    assert found == per_invoice


@requirement("S0-26", "S3-19", "S3-05")
def test_net_sales_of_each_day_are_what_was_invoiced_less_what_was_cancelled(retail: OnlineRetail) -> None:
    dropped = {number for (number,) in rows(retail.shop, "select row_number from ops.rejected_rows")}
    expected: dict[str, int] = {}
    for number, line in enumerate(retail.lines, 1):
        # vouchers are money, not sales
        if number not in dropped and not line.code.upper().startswith("GIFT"):
            expected[line.at[:10]] = expected.get(line.at[:10], 0) + line.amount
    found = {
        str(day): int(amount * 1000)
        for day, amount in rows(retail.shop, "select date_day, sum(net_sales_amount) from marts.sales_daily group by 1")
    }
    assert {day: amount for day, amount in found.items() if amount} == {
        day: amount for day, amount in expected.items() if amount
    }


def test_every_law_held(retail: OnlineRetail) -> None:
    tests = {test.test: test.status for test in retail.run.record.tests}
    laws = [name for name in tests if name.startswith("law_12_")]
    assert len(laws) >= 5
    assert [name for name, status in tests.items() if status != "pass"] == []
