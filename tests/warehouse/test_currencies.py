"""Orders in four currencies and zones: each is worth what plain Python says, and every mart sums that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from .currencies import ENTITIES, STORES, Books, Row, cents, money
from .plain import PlainShop
from .planted import Bug
from .test_incremental import contents, differences

pytestmark = pytest.mark.slow

ZONES = {"UTC": ZoneInfo("UTC"), **{name: ZoneInfo(zone) for name, (zone, _) in STORES.items()}}


@pytest.fixture(scope="module")
def books() -> Books:
    return Books()


@pytest.fixture(scope="module")
def shop(books: Books, tmp_path_factory: pytest.TempPathFactory) -> PlainShop:
    shop = PlainShop(tmp_path_factory.mktemp("currencies") / "shop", ENTITIES)
    shop.rows(books.tables)
    shop.build_all()
    return shop


@pytest.fixture(scope="module")
def laws(shop: PlainShop) -> Mapping[str, str]:
    results = shop.test()
    assert [f"{result.name}: {result.message}" for result in results if result.failed] == []
    return {result.name: (shop.folder / result.compiled).read_text("utf-8") for result in results}


def by_order(books: Books) -> dict[str, Row]:
    return {order["order_id"]: order for order in books.tables["orders"]}


def rate_of(books: Books, order: Row) -> Decimal:
    return books.rate(order["currency_code"], books.local(order["store_id"], order["ordered_at"]))


def test_an_order_is_of_its_stores_day_and_has_that_days_rate(shop: PlainShop, books: Books) -> None:
    found = {
        row["order_id"]: (row["order_date"], row["exchange_rate"])
        for row in shop.query("select order_id, order_date, exchange_rate from core.fct_orders")
    }
    days = {name: books.local(order["store_id"], order["ordered_at"]) for name, order in by_order(books).items()}
    assert {name: day for name, (day, _) in found.items()} == days
    assert {name: rate for name, (_, rate) in found.items()} == {
        name: rate_of(books, order) for name, order in by_order(books).items()
    }
    utc = {name: order["ordered_at"].date() for name, order in by_order(books).items()}
    assert {days[name] - utc[name] for name in days} == {timedelta(-1), timedelta(0), timedelta(1)}
    carried = [name for name, day in days.items() if day.isoweekday() > 5 and found[name][1] != 1]
    assert len(carried) > 5


def test_marts_have_the_days_of_each_store(shop: PlainShop, books: Books) -> None:
    expected = Counter(
        (books.local(order["store_id"], order["ordered_at"]), order["store_id"].title())
        for order in books.tables["orders"]
        if order["status"] == "paid"
    )
    rows = shop.query("select date_day, store_name, order_count from marts.sales_daily where order_count > 0")
    assert {(row["date_day"], row["store_name"]): row["order_count"] for row in rows} == dict(expected)
    hours = Counter(
        order["ordered_at"].replace(tzinfo=ZONES["UTC"]).astimezone(ZONES[order["store_id"]]).hour
        for order in books.tables["orders"]
        if order["status"] == "paid"
    )
    rows = shop.query(
        "select hour_of_day, sum(order_count) as n from marts.order_hours group by 1 having sum(order_count) > 0"
    )
    assert {row["hour_of_day"]: row["n"] for row in rows} == dict(hours)


def test_an_order_in_its_own_currency_is_what_the_customer_paid(shop: PlainShop, books: Books) -> None:
    """Taxes that prices include are in the total once, others are added."""
    expected = {}
    for name, order in by_order(books).items():
        lines = [line for line in books.tables["order_items"] if line["order_id"] == name]
        total = sum(Decimal(line["quantity"]) * line["unit_price"] for line in lines)
        if not order["taxes_included"]:
            total += sum(line["tax_amount"] for line in lines)
        expected[name] = total - order["discount_amount"] + order["shipping_amount"] + order["tip_amount"]
    rows = shop.query("select order_id, total_amount from core.fct_orders")
    assert {row["order_id"]: row["total_amount"] for row in rows} == expected


def test_what_is_rounded_is_each_amount_of_a_line_and_totals_are_sums(shop: PlainShop, books: Books) -> None:
    amounts = ("gross_amount", "discount_amount", "shipping_amount", "tax_amount")
    expected: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    orders = by_order(books)
    for line in shop.query(f"select order_id, {', '.join(amounts)} from core.fct_order_items"):
        name = line["order_id"]
        for amount in amounts:
            expected[name][amount] += money(line[amount] * rate_of(books, orders[name]))
    found = shop.query("select * from core.fct_orders")
    assert len(found) == len(orders)
    for row in found:
        own, rate = expected[row["order_id"]], rate_of(books, orders[row["order_id"]])
        assert {amount: row[f"{amount}_reporting"] for amount in amounts} == own
        net = own["gross_amount"] - own["discount_amount"]
        tip = money(orders[row["order_id"]]["tip_amount"] * rate)
        assert row["net_amount_reporting"] == net
        assert row["total_amount_reporting"] == net + own["shipping_amount"] + own["tax_amount"] + tip


def test_a_refund_is_worth_what_its_order_was(shop: PlainShop, books: Books) -> None:
    """Its own day has another rate: a return takes back what the sale brought."""
    expected = Decimal()
    for refund in books.tables["refunds"]:
        order = by_order(books)[refund["order_id"]]
        day = books.local(order["store_id"], refund["refunded_at"])
        assert order["currency_code"] == "USD" or books.rate(order["currency_code"], day) != rate_of(books, order)
        expected += money(refund["amount"] * rate_of(books, order))
    assert shop.one("select sum(return_amount) from marts.sales_daily") == expected > 0


def test_a_full_refund_in_another_currency_leaves_nothing(tmp_path: Path) -> None:
    shop = PlainShop(tmp_path / "shop", ["refunds", "refund_items", "exchange_rates"])
    price = Decimal("10.01")
    shop.rows(
        {
            "customers": [],
            "products": [{"product_id": "p"}],
            "orders": [
                {"order_id": "a", "ordered_at": datetime(2025, 6, 2), "status": "paid", "currency_code": "EUR"}
            ],
            "order_items": [
                {"order_id": "a", "line_number": 1, "product_id": "p", "quantity": 1, "unit_price": price}
            ],
            "refunds": [{"refund_id": "r", "order_id": "a", "refunded_at": datetime(2025, 6, 9), "amount": price}],
            "refund_items": [
                {
                    "refund_id": "r", "refund_item_id": "1", "order_id": "a", "line_number": 1, "product_id": "p",
                    "quantity": 1, "amount": price,
                }
            ],
            "exchange_rates": [
                {"rate_date": day, "from_currency": "EUR", "to_currency": "USD", "rate": Decimal(rate)}
                for day, rate in ((date(2025, 6, 1), "1.12345"), (date(2025, 6, 8), "1.2"))
            ],
        }
    )  # fmt: skip
    shop.build_all()
    assert shop.one("select sum(net_sales_amount) from marts.sales_daily") == 0
    assert shop.one("select sum(gross_amount) from marts.sales_daily") == money(price * Decimal("1.12345"))


def test_every_mart_sums_the_same_net_sales(shop: PlainShop, books: Books) -> None:
    orders = by_order(books)
    net = sum(
        row["net_amount_reporting"]
        for row in shop.query("select net_amount_reporting, is_cancelled from core.fct_orders")
        if not row["is_cancelled"]
    )
    cards = sum(
        money(line["quantity"] * line["unit_price"] * rate_of(books, orders[line["order_id"]]))
        for line in books.tables["order_items"]
        if line["product_id"] == "card" and orders[line["order_id"]]["status"] == "paid"
    )
    returns = sum(
        money(refund["amount"] * rate_of(books, orders[refund["order_id"]]))
        for refund in books.tables["refunds"]
        if orders[refund["order_id"]]["status"] == "paid"
    )
    sales = net - cards - returns
    column = "sum(net_sales_amount)"
    for mart in ("sales_daily", "store_performance", "sales_monthly", "customer_360", "product_performance"):
        assert shop.one(f"select {column} from marts.{mart}") == sales, mart
    for mart in ("category_performance", "seller_performance", "daily_revenue_by_state", "profit_and_loss_daily"):
        assert shop.one(f"select {column} from marts.{mart}") == sales, mart
    assert shop.one("select sum(net_sales_amount) from marts.cohort_lifetime_value") == sales


def test_costs_are_in_the_shops_currency(shop: PlainShop, books: Books) -> None:
    """A line's own cost is in the order's currency, a product's in its own, fees and postage in the order's."""
    orders = by_order(books)
    products = {product["product_id"]: product for product in books.tables["products"]}
    goods = Decimal()
    for line in books.tables["order_items"]:
        order, product = orders[line["order_id"]], products[line["product_id"]]
        if order["status"] != "paid" or product["product_id"] == "card":
            continue
        day = books.local(order["store_id"], order["ordered_at"])
        if line["unit_cost"] is not None:
            goods += money(line["quantity"] * line["unit_cost"] * rate_of(books, order))
        else:
            rate = books.rate(product.get("currency_code", "USD"), day)
            goods += money(line["quantity"] * Decimal(product["unit_cost"]) * rate)
    found = shop.one(
        "select sum(goods_cost_amount) as goods, sum(shipping_cost_amount) as shipping, "
        "sum(payment_fee_cost_amount) as fees from marts.profit_and_loss_daily"
    )
    assert found["goods"] == goods
    for name, entity, amount in (("shipping", "shipments", "cost_amount"), ("fees", "payments", "fee_amount")):
        assert found[name] == sum(
            money(row[amount] * rate_of(books, orders[row["order_id"]])) for row in books.tables[entity]
        )
    assert shop.one("select sum(captured_amount) from marts.payments_mix") == sum(
        money(row["amount"] * rate_of(books, orders[row["order_id"]])) for row in books.tables["payments"]
    )


def test_gift_cards_are_owed_until_they_are_redeemed(shop: PlainShop, books: Books) -> None:
    orders = by_order(books)
    moved: dict[date, Decimal] = defaultdict(Decimal)
    for line in books.tables["order_items"]:
        if line["product_id"] == "card":
            order = orders[line["order_id"]]
            face = money(line["quantity"] * line["unit_price"] * rate_of(books, order))
            moved[books.local(order["store_id"], order["ordered_at"])] += face
            if order["status"] == "cancelled":
                moved[books.local(order["store_id"], order["cancelled_at"])] -= face
    for payment in books.tables["payments"]:
        if payment["method"] == "Gift Card":
            order = orders[payment["order_id"]]
            moved[books.local(order["store_id"], payment["paid_at"])] -= money(
                payment["amount"] * rate_of(books, order)
            )
    rows = shop.query("select * from marts.gift_card_liability_daily order by date_day")
    owed = Decimal()
    for row in rows:
        assert row["opening_amount"] == owed
        owed += moved.pop(row["date_day"], Decimal())
        assert row["closing_amount"] == owed
    assert not moved and len(rows) > 60
    assert all(row["redeemed_amount"] >= 0 and row["issued_amount"] >= 0 for row in rows)


BUGS = {
    "a line converted with another day's rate": Bug(
        "fct_orders_are_their_lines",
        "update core.fct_order_items set exchange_rate = 1.5 where order_key = "
        "(select min(order_key) from core.fct_orders where currency_code = 'EUR')",
        "difference",
    ),
    "a total converted whole instead of summed": Bug(
        "law_1_ledger_is_orders",
        "update core.fct_orders set total_amount_reporting = total_amount_reporting + 0.0001 where order_key = "
        "(select min(order_key) from core.fct_orders where currency_code = 'EUR' and not is_cancelled)",
        "order_total_amount_reporting",
    ),
    "a sum over several currencies": Bug(
        "sales_by_day_is_ledger",
        "update aggregates.sales_by_day set gross_amount = (select sum(gross_amount) from core.fct_sales_ledger) "
        "where event_date = (select min(event_date) from aggregates.sales_by_day where gross_amount > 0)",
        "difference",
    ),
    "a refund without a rate": Bug(
        "fct_refunds_has_rates",
        "update core.fct_refunds set exchange_rate = null, has_order = false, currency_code = 'EUR'",
        "currency_code",
        "EUR",
    ),
    "a cost without a rate": Bug(
        "fct_order_items_costs_have_rates",
        "update core.fct_order_items set cost_amount_reporting = null where product_id = 'pot'",
        "currency_code",
        "JPY",
    ),
    "a gift card that is redeemed twice": Bug(
        "gift_card_liability_daily_is_payments",
        "update marts.gift_card_liability_daily set redeemed_amount = 2 * redeemed_amount",
        "difference",
    ),
    "a balance that forgets a day": Bug(
        "law_6_gift_cards_balance",
        "delete from marts.gift_card_liability_daily where date_day = "
        "(select min(date_day) + 3 from marts.gift_card_liability_daily)",
        "problem",
    ),
}


@pytest.mark.parametrize("what", BUGS)
def test_a_law_of_currencies_fails_on_its_bug(shop: PlainShop, laws: Mapping[str, str], what: str) -> None:
    saved = shop.save()
    try:
        BUGS[what].is_seen(shop, laws)
    finally:
        shop.restore(saved)


def test_a_refund_that_names_another_currency_than_its_order_fails(tmp_path: Path, books: Books) -> None:
    shop = PlainShop(tmp_path / "shop", ENTITIES)
    tables = {name: [dict(row) for row in rows] for name, rows in books.tables.items()}
    tables["refunds"][0]["currency_code"] = "CHF"
    shop.rows(tables)
    shop.build_all()
    (result,) = shop.test("fct_refunds_are_in_their_orders_currency")
    assert result.failed
    (row,) = shop.query((shop.folder / result.compiled).read_text("utf-8"))
    assert (row["refund_currency_code"], row["row_count"]) == ("CHF", 1)


@pytest.mark.parametrize("what", ["late", "corrected", "of a product"])
def test_a_rate_that_comes_later_reaches_the_orders_of_its_days(tmp_path: Path, what: str) -> None:
    """Incremental equals full, whether the rate was missing, wrong, or that of a cost."""
    books = Books(30)
    currency = {"late": "EUR", "corrected": "EUR", "of a product": "JPY"}[what]
    rates = books.tables["exchange_rates"]
    days = sorted({row["rate_date"] for row in rates})[6:16]
    chosen = [row for row in rates if row["rate_date"] in days and row["from_currency"] == currency]
    shop = PlainShop(tmp_path / "shop", ENTITIES)
    first = [row for row in rates if row not in chosen]
    if what != "late":
        first += [{**row, "rate": row["rate"] * 2} for row in chosen]
    shop.rows({**books.tables, "exchange_rates": first})
    shop.build()
    before = contents(shop)
    shop.load("exchange_rates", chosen, load_id=2, file="exchange_rates-2.csv")
    shop.arrive(load_id=2)
    shop.build(full_refresh=False)
    step_by_step = contents(shop)
    assert step_by_step["core.fct_orders"] != before["core.fct_orders"]
    affected = shop.one("select count(*) from changes.affected_orders")
    assert 0 < affected < 30
    shop.arrive()
    shop.build()
    assert differences(step_by_step, contents(shop)) == {}


def test_taxes_in_and_out_worked_out_by_hand(tmp_path: Path) -> None:
    """A German store's prices have 19 % in them, an American one adds 8 % on top; both sell the same."""
    shop = PlainShop(tmp_path / "shop", ["stores", "exchange_rates"], currency="EUR")
    stores = [
        {"store_id": name, "store_name": name, "timezone": STORES[name][0], "currency_code": STORES[name][1]}
        for name in ("berlin", "ny")
    ]

    def order(name: str, store: str, currency: str, included: bool) -> Row:
        at = datetime(2025, 3, 3, 12)
        return {
            "order_id": name, "ordered_at": at, "status": "paid", "currency_code": currency, "store_id": store,
            "taxes_included": included, "shipping_amount": 5, "tax_amount": Decimal("0.95") if included else 0,
        }  # fmt: skip

    def line(name: str, tax: str) -> Row:
        return {
            "order_id": name, "line_number": 1, "product_id": "p", "quantity": 2, "unit_price": 50,
            "tax_amount": Decimal(tax),
        }  # fmt: skip

    shop.rows(
        {
            "customers": [],
            "products": [{"product_id": "p"}],
            "stores": stores,
            "orders": [order("de", "berlin", "EUR", True), order("us", "ny", "USD", False)],
            "order_items": [line("de", "15.97"), line("us", "8.00")],
            "exchange_rates": [
                {"rate_date": date(2025, 3, 3), "from_currency": "EUR", "to_currency": "USD", "rate": Decimal("1.25")}
            ],
        }
    )
    shop.build_all()
    columns = "gross_amount, shipping_amount, tax_amount, total_sales_amount"
    rows = shop.query(f"select store_name, {columns} from marts.store_performance")
    found = {row.pop("store_name"): [float(cell) for cell in row.values()] for row in rows}
    # 100 − 15.97 − 0.95 goods, 5 postage, 16.92 tax in what is paid: 105
    assert found["berlin"] == [83.08, 5.0, 16.92, 105.0]
    # 100 goods, 5 postage, 8 tax on top: 113 dollars at 0.80
    assert found["ny"] == [80.0, 4.0, 6.4, 90.4]
    assert [result.name for result in shop.test() if result.failed] == []
    assert cents(Decimal(100) * 19 / 119, "EUR") == Decimal("15.97")
