"""The look-alikes: their answers, counted again from the files by other means, and the faults they must hold."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from shophouse.demo.lookalikes import OlistAnswers, OnlineRetailAnswers, olist_lookalike, online_retail_lookalike
from shophouse.demo.online_retail import Row, online_retail_answers


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, OlistAnswers]:
    folder = tmp_path_factory.mktemp("olist")
    return folder, olist_lookalike(folder)


@pytest.fixture(scope="module")
def shop(olist: tuple[Path, OlistAnswers]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for file in olist[0].glob("*.csv"):
        name = file.stem.removeprefix("olist_").removesuffix("_dataset")
        con.execute(f"create table {name} as from read_csv('{file}', header = true, all_varchar = true)")
    return con


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, OnlineRetailAnswers]:
    folder = tmp_path_factory.mktemp("online-retail")
    return folder / "online_retail.csv", online_retail_lookalike(folder)


def numbers(con: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = con.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def test_olist_answers_are_those_of_the_files(
    olist: tuple[Path, OlistAnswers], shop: duckdb.DuckDBPyConnection
) -> None:
    known = olist[1]
    assert len(list(olist[0].iterdir())) == 9
    shop.execute("""
        create temp table valid as select order_id, customer_id from orders
        where order_status not in ('canceled', 'unavailable') and order_id in (select order_id from order_items)
    """)
    for expected, query in (
        (
            (known.orders, known.orders_without_items),
            "select count(*), count(*) filter (order_id not in (select order_id from order_items)) from orders",
        ),
        ((known.valid_orders,), "select count(*) from valid"),
        (
            (known.items, known.price, known.freight),
            "select count(*), sum(price::decimal(18, 2)), sum(freight_value::decimal(18, 2)) from order_items",
        ),
        (
            (known.canceled_price,),
            "select sum(price::decimal(18, 2)) from order_items join orders using (order_id) where "
            "order_status = 'canceled'",
        ),
        ((known.valid_price,), "select sum(price::decimal(18, 2)) from order_items join valid using (order_id)"),
        (
            (known.payments, known.payment_value, known.orders_with_payment),
            "select count(*), sum(payment_value::decimal(18, 2)), count(distinct order_id) from order_payments",
        ),
        (
            (known.accounts, known.persons),
            "select count(distinct customer_id), count(distinct customer_unique_id) from customers",
        ),
        (
            (known.persons_with_several_orders,),
            "select count(*) from (select 1 from customers group by customer_unique_id having count(*) > 1)",
        ),
        (
            (known.persons_with_several_valid_orders,),
            "select count(*) from (select 1 from customers join valid using (customer_id) group by "
            "customer_unique_id having count(*) > 1)",
        ),
        (
            (known.products, known.products_without_category),
            "select count(*), count(*) filter (product_category_name is null) from products",
        ),
        (
            (known.categories_without_translation,),
            "select count(distinct product_category_name) from products where product_category_name not in "
            "(select product_category_name from product_category_name_translation)",
        ),
        (
            (known.sellers, known.translations),
            "select (select count(*) from sellers), (select count(*) from product_category_name_translation)",
        ),
        (
            (known.reviews, known.distinct_review_ids),
            "select count(*), count(distinct review_id) from order_reviews",
        ),
        ((known.geolocations,), "select count(*) from geolocation"),
    ):
        assert numbers(shop, query) == expected, query


def test_olist_statuses_and_payment_types(olist: tuple[Path, OlistAnswers], shop: duckdb.DuckDBPyConnection) -> None:
    statuses = shop.execute("select order_status, count(*) from orders group by 1").fetchall()
    assert dict(statuses) == olist[1].orders_by_status
    assert set(olist[1].orders_by_status) == {
        "delivered",
        "shipped",
        "canceled",
        "unavailable",
        "invoiced",
        "processing",
        "created",
        "approved",
    }
    kinds = shop.execute(
        "select payment_type, sum(payment_value::decimal(18, 2)) from order_payments group by 1"
    ).fetchall()
    assert dict(kinds) == olist[1].payment_value_by_type
    assert set(olist[1].payment_value_by_type) == {"credit_card", "boleto", "voucher", "debit_card", "not_defined"}


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from orders where order_status = 'delivered' and order_id not in (select "
        "order_id from order_payments)",
        "select count(*) from orders where order_status = 'shipped' and order_id not in (select order_id "
        "from order_items)",
        "select count(*) from orders where order_status = 'unavailable' and order_id in (select order_id "
        "from order_items)",
        "select count(*) from orders where order_status = 'delivered' and order_approved_at is null",
        "select count(*) from orders where order_status = 'delivered' and order_delivered_customer_date is null",
        "select count(*) from orders where order_delivered_carrier_date < order_approved_at",
        "select count(*) from orders where order_delivered_customer_date > order_estimated_delivery_date",
        "select count(*) from (select 1 from order_payments group by order_id having min(payment_sequential) = '2')",
        "select count(*) from order_payments where payment_type = 'voucher' and payment_value = '0.00'",
        "select count(*) from order_payments where payment_type = 'credit_card' and payment_installments = '0'",
        "select count(*) from (select 1 from order_items group by order_id, product_id having count(*) > 1)",
        "select count(*) from (select 1 from order_items group by order_id having count(distinct seller_id) > 1)",
        "select count(*) from order_items where freight_value = '0.00'",
        "select count(*) from customers where length(customer_zip_code_prefix) = 4",
        "select count(*) from customers where customer_zip_code_prefix not in (select "
        "geolocation_zip_code_prefix from geolocation)",
        "select count(*) from sellers where seller_zip_code_prefix like '0%'",
        "select count(*) from (select 1 from customers group by customer_unique_id having count(distinct "
        "customer_zip_code_prefix) > 1)",
        "select count(*) from products where product_weight_g = '0'",
        "select count(*) from products where product_weight_g is null",
        "select count(*) from order_reviews where review_comment_message like '%' || chr(13) || chr(10) || '%'",
        "select count(*) from order_reviews where review_comment_message like '%\"%'",
        "select count(*) from (select 1 from order_reviews group by review_id having count(distinct order_id) > 1)",
        "select count(*) from (select 1 from order_reviews group by order_id having count(*) > 1)",
    ],
)
def test_olist_faults_are_there(shop: duckdb.DuckDBPyConnection, query: str) -> None:
    assert shop.execute(query).fetchall()[0][0] > 0


def test_olist_bytes_are_as_odd_as_the_real_ones(olist: tuple[Path, OlistAnswers], tmp_path: Path) -> None:
    folder = olist[0]
    translation = (folder / "product_category_name_translation.csv").read_bytes()
    assert translation.startswith(b"\xef\xbb\xbfproduct_category_name,")
    assert not translation.endswith(b"\n")
    assert (folder / "olist_customers_dataset.csv").read_bytes().endswith(b"\r\n")
    assert (folder / "olist_products_dataset.csv").read_bytes().startswith(b'"product_id","product_category_name"')
    olist_lookalike(tmp_path, compress=True)
    for file in folder.iterdir():
        assert gzip.decompress((tmp_path / f"{file.name}.gz").read_bytes()) == file.read_bytes()


@pytest.mark.real_data
def test_olist_columns_are_those_of_the_real_files(
    olist: tuple[Path, OlistAnswers], shophouse_data: Callable[[str], Path]
) -> None:
    for file in olist[0].iterdir():
        with gzip.open(shophouse_data("olist") / f"{file.name}.gz") as real:
            assert file.read_bytes().partition(b"\n")[0].rstrip() == real.readline().rstrip(), file.name


def test_online_retail_answers_are_those_of_the_file(retail: tuple[Path, OnlineRetailAnswers]) -> None:
    path, known = retail
    con = duckdb.connect()
    con.execute(f"""
        create table lines as select *, Quantity::int as q, UnitPrice::decimal(18, 3) as p
        from read_csv('{path}', header = true, all_varchar = true)
    """)
    for expected, query in (
        (
            (known.rows, known.invoices, known.amount),
            "select count(*), count(distinct InvoiceNo), sum(q * p) from lines",
        ),
        (
            (known.stock_codes, known.stock_codes_ignoring_case),
            "select count(distinct StockCode), count(distinct upper(StockCode)) from lines",
        ),
        (
            (known.customers, known.countries),
            "select count(distinct CustomerID), count(distinct Country) from lines",
        ),
        (
            (known.rows_without_customer, known.free_rows),
            "select count(*) filter (CustomerID is null), count(*) filter (p = 0) from lines",
        ),
        (
            (known.cancellation_rows, known.cancellation_amount),
            "select count(*), sum(q * p) from lines where InvoiceNo like 'C%'",
        ),
        (
            (known.cancellations_without_customer, known.cancellations_without_customer_amount),
            "select count(*), sum(q * p) from lines where InvoiceNo like 'C%' and CustomerID is null",
        ),
        ((known.corrections,), "select count(*) from lines where q < 0 and InvoiceNo not like 'C%'"),
        ((known.bad_debt_rows,), "select count(*) from lines where InvoiceNo like 'A%'"),
        (
            (known.invoices_with_two_times,),
            "select count(*) from (select 1 from lines group by InvoiceNo having count(distinct InvoiceDate) > 1)",
        ),
        (
            (known.duplicate_rows, known.duplicate_amount),
            "select sum(n - 1)::bigint, sum((n - 1) * q * p) from (select q, p, count(*) as n from lines "
            "group by q, p, InvoiceNo, StockCode, Description, InvoiceDate, CustomerID, Country)",
        ),
    ):
        assert numbers(con, query) == expected, query


def test_online_retail_faults_are_there(retail: tuple[Path, OnlineRetailAnswers]) -> None:
    path, known = retail
    assert 0 < known.cancellations_matched < known.cancellations_with_earlier_sale
    assert known.cancellations_with_earlier_sale < known.cancellation_rows - known.cancellations_without_customer
    assert known.stock_codes_ignoring_case < known.stock_codes
    assert known.duplicate_rows > 5
    assert known.invoices_with_two_times > 2
    assert known.bad_debt_rows == 3
    rows = list(csv.DictReader(path.open(newline="")))
    codes = {row["StockCode"] for row in rows}
    assert {
        "POST",
        "DOT",
        "M",
        "m",
        "D",
        "C2",
        "S",
        "BANK CHARGES",
        "AMAZONFEE",
        "PADS",
        "CRUK",
        "gift_0001_20",
        "B",
    } <= codes
    assert all(len(row["UnitPrice"].partition(".")[2]) == 3 for row in rows)
    assert any(row["UnitPrice"] == "0.001" for row in rows)
    assert any(row["Description"].endswith(" ") for row in rows)
    assert any("," in row["Description"] for row in rows)
    assert any('"' in row["Description"] for row in rows)
    assert any(row["UnitPrice"] == "0.000" and row["CustomerID"] for row in rows)


def test_a_matched_cancellation_never_takes_back_more_than_was_sold() -> None:
    def row(invoice: str, quantity: int, price: int = 850) -> Row:
        return Row(invoice, "22138", "CAKE STAND", quantity, "2010-12-01 08:26:00", price, "17850", "EIRE")

    rows = [
        row("1", 6),
        row("2", 4),
        row("C3", -3),
        row("C4", -3),
        row("C5", -4),
        row("C6", -1, price=420),
        row("7", 9),
    ]
    known = online_retail_answers(rows)
    # C3 takes 3 of the latest sale's 4, so that C4 must go to the first, of which C5 then finds too little left.
    assert known.sale_of == {3: 2, 4: 1}
    assert known.cancellations_with_earlier_sale == 3
    assert known.amount == Decimal("7.230")


def test_lookalikes_are_the_same_again(retail: tuple[Path, OnlineRetailAnswers], tmp_path: Path) -> None:
    assert online_retail_lookalike(tmp_path) == retail[1]
    assert (tmp_path / "online_retail.csv").read_bytes() == retail[0].read_bytes()
    assert online_retail_lookalike(tmp_path / "other", seed=8) != retail[1]


@pytest.mark.real_data
def test_the_answers_of_the_real_online_retail_file_are_the_known_ones(
    shophouse_data: Callable[[str], Path],
) -> None:
    with gzip.open(shophouse_data("online-retail") / "online_retail.csv.gz") as file:
        table = list(csv.reader(io.TextIOWrapper(file, "utf-8", newline="")))[1:]
    known = online_retail_answers(
        [Row(r[0], r[1], r[2], int(r[3]), r[4], int(r[5].replace(".", "")), r[6], r[7]) for r in table]
    )
    assert known.rows == 541_909
    assert known.amount == Decimal("9747747.934")
    assert (known.invoices, known.stock_codes, known.customers, known.countries) == (25_900, 4_070, 4_372, 38)
    assert (known.cancellation_rows, known.cancellations_with_earlier_sale) == (9_288, 7_174)
    assert (known.duplicate_rows, known.duplicate_amount) == (5_268, Decimal("21740.980"))
