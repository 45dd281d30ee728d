"""The warehouse as one would write it by hand for one shop: one DuckDB script, from the storefront's CSV to marts.

    python bench/by_hand.py DATA_FOLDER OUT.duckdb [--memory 3GB] [--threads 2] [--append]

It is what the product's times are compared with, so it makes the same tables from the same files: each of core,
aggregates and marts that has rows for this shop, with the same columns, types and rows, surrogate keys and versions of
customers and products included (tests/demo/test_by_hand.py compares them). With `--append` it trusts that nothing comes
twice of what happens (orders, lines, payments, refunds, parcels), as the product is told to then, and looks for newest
versions of customers, products and categories alone. Prints the seconds of each phase and the peak memory.

It is written for this one shop, as one would by hand:

- what is the same in all of its rows is a constant: the source, the currency and its rate of 1, the time zone, the
  store, and keys of employees, sellers and locations, which no row names. What its files have no values for (duties,
  tips, birth dates, reviews) is 0 or null;
- statuses, kinds and methods are taken to be spelled as this shop spells them, every refund to have its order, and no
  cancelled order to have refunds;
- tables that would be empty aren't there: those of stock, visits, ad spend, subscriptions, targets and entered costs.

It isn't the product: it keeps no copy of what arrived, checks nothing (no quarantine, no test, no law), always builds
everything, and publishes and exports nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import duckdb

import by_hand_customers
import by_hand_operations
import by_hand_products
import by_hand_sales
from by_hand_aggregates import AGGREGATES, WORKING
from by_hand_dimensions import DIMENSIONS, HISTORIES, UNKNOWN_MEMBERS
from by_hand_facts import FACTS, TAKEN_BACK, VIEWS
from by_hand_tables import COLUMNS, definition

MONEY = "decimal(18,2)"
RAW: dict[str, dict[str, str]] = {
    "users": {
        "user_id": "bigint",
        "email": "varchar",
        "phone": "varchar",
        "first_name": "varchar",
        "last_name": "varchar",
        "city": "varchar",
        "state": "varchar",
        "postal_code": "varchar",
        "country_code": "varchar",
        "accepts_marketing": "boolean",
        "is_guest": "boolean",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "products": {
        "product_id": "bigint",
        "sku": "varchar",
        "name": "varchar",
        "brand": "varchar",
        "category_id": "bigint",
        "price": MONEY,
        "cost": MONEY,
        "weight_grams": "integer",
        "is_gift_card": "boolean",
        "is_perishable": "boolean",
        "shelf_life_days": "integer",
        "status": "varchar",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "categories": {"category_id": "bigint", "name": "varchar", "parent_category_id": "bigint"},
    "orders": {
        "order_id": "bigint",
        "user_id": "bigint",
        "store_id": "bigint",
        "channel": "varchar",
        "employee_id": "bigint",
        "status": "varchar",
        "currency": "varchar",
        "ordered_at": "timestamp",
        "paid_at": "timestamp",
        "cancelled_at": "timestamp",
        "promised_delivery_at": "timestamp",
        "discount_code": "varchar",
        "discount_amount": MONEY,
        "shipping_amount": MONEY,
        "tax_amount": MONEY,
        "taxes_included": "boolean",
        "total_amount": MONEY,
        "is_test": "boolean",
        "is_deleted": "boolean",
        "shipping_postal_code": "varchar",
        "shipping_city": "varchar",
        "shipping_state": "varchar",
        "shipping_country": "varchar",
        "updated_at": "timestamp",
    },
    "order_items": {
        "order_id": "bigint",
        "line_number": "integer",
        "product_id": "bigint",
        "seller_id": "bigint",
        "quantity": "integer",
        "unit_price": MONEY,
        "discount_amount": MONEY,
        "tax_amount": MONEY,
        "unit_cost": MONEY,
    },
    "payments": {
        "payment_id": "bigint",
        "order_id": "bigint",
        "kind": "varchar",
        "status": "varchar",
        "method": "varchar",
        "installments": "integer",
        "amount": MONEY,
        "fee_amount": MONEY,
        "paid_at": "timestamp",
    },
    "refunds": {
        "refund_id": "bigint",
        "order_id": "bigint",
        "amount": MONEY,
        "product_amount": MONEY,
        "tax_amount": MONEY,
        "shipping_amount": MONEY,
        "reason": "varchar",
        "refunded_at": "timestamp",
    },
    "refund_items": {
        "refund_id": "bigint",
        "order_id": "bigint",
        "line_number": "integer",
        "product_id": "bigint",
        "quantity": "integer",
        "amount": MONEY,
        "is_restocked": "boolean",
    },
    "shipments": {
        "shipment_id": "bigint",
        "order_id": "bigint",
        "location_id": "bigint",
        "carrier": "varchar",
        "status": "varchar",
        "shipped_at": "timestamp",
        "estimated_delivery_at": "timestamp",
        "delivered_at": "timestamp",
        "cost_amount": MONEY,
    },
}
KEYS = {
    "users": "user_id",
    "products": "product_id",
    "categories": "category_id",
    "orders": "order_id",
    "payments": "payment_id",
    "refunds": "refund_id",
    "shipments": "shipment_id",
}
# Child rows are replaced together with their parent: only those of the parent's newest file count.
PARENTS = {"order_items": "order_id", "refund_items": "refund_id"}
# Of these, newer versions come whatever the others do.
MEMBERS = ("users", "products", "categories")
LISTS = Path(__file__).parent.parent / "src" / "shophouse" / "warehouse" / "seeds"
MARTS = {**by_hand_sales.MARTS, **by_hand_operations.MARTS, **by_hand_customers.MARTS, **by_hand_products.MARTS}


def read(table: str, folder: Path) -> str:
    """The statement that loads a table's files; `file_day` is the date in a file's name, empty for the base's."""
    files = sorted(str(path) for path in folder.glob(f"{table}*.csv*"))
    return f"""
        create table raw.{table} as
        select * exclude (filename), regexp_extract(filename, '(\\d{{4}}-\\d{{2}}-\\d{{2}})\\.', 1) as file_day
        from read_csv({files}, columns = {json.dumps(RAW[table])}, header = true, delim = ',', quote = '"',
            auto_detect = false, filename = true)
    """


def newest(table: str, append: bool) -> str:
    """The statements that define a table as it stands now.

    Few keys come more than once: versions are picked among these alone.
    """
    if append and table not in MEMBERS:
        return f"create view current.{table} as select * from raw.{table}"
    key = KEYS.get(table) or PARENTS[table]
    if table in PARENTS:
        # Two lines may share a bit, and are then looked at for nothing.
        several = "min(file_day) <> max(file_day) or count(*) > bit_count(bit_or(1::bigint << (line_number % 62)))"
        picked = f"""rank() over (partition by {key} order by file_day desc) = 1
            and row_number() over (partition by {key}, line_number order by file_day desc) = 1"""
    else:
        several = "count(*) > 1"
        version = "updated_at desc, " if "updated_at" in RAW[table] else ""
        picked = f"row_number() over (partition by {key} order by {version}file_day desc) = 1"
    return f"""
        create table working.{table} as
        with repeated as (select {key} from raw.{table} group by {key} having {several})
        select * from raw.{table} semi join repeated using ({key}) qualify {picked};

        create view current.{table} as
        select * from raw.{table} anti join working.{table} using ({key})
        union all
        select * from working.{table}
    """


def build(folder: Path, out: Path, memory: str, threads: int, append: bool) -> dict[str, float]:
    """Build everything into a new file; seconds by phase and table."""
    out.unlink(missing_ok=True)
    con = duckdb.connect(
        str(out), config={"memory_limit": memory, "threads": threads, "preserve_insertion_order": False}
    )
    con.execute("create schema raw; create schema current; create schema working")
    con.execute("create temp macro key(id) as ('0x' || substr(md5(id), 1, 15))::bigint")
    # To the ten-thousandth, halves away from zero, which a double may fall short of.
    con.execute("create temp macro per(a, b) as round(a / nullif(b, 0) + sign(a) * 1e-10, 4)::decimal(18,4)")
    seconds: dict[str, float] = {}

    def run(phase: str, statement: str) -> None:
        began = time.perf_counter()
        con.execute(statement)
        seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - began

    def fill(tables: dict[str, str], phase: str = "") -> None:
        for table, select in tables.items():
            run(phase or table, f"insert into {table} by name {select}")

    for table in RAW:
        run("raw", read(table, folder))
    for table in ("countries", "states"):
        run("raw", f"create table raw.{table} as select * from read_csv('{LISTS / table}.csv', all_varchar = true)")
    for table in RAW:
        run("newest versions", newest(table, append))
    for table in COLUMNS:
        con.execute(definition(table))
    fill(DIMENSIONS, "dimensions")
    fill(FACTS)
    fill(UNKNOWN_MEMBERS, "dimensions")
    run("taken_back", TAKEN_BACK)
    for view in (*HISTORIES.values(), *VIEWS.values()):
        con.execute(view)
    for name, select in WORKING.items():
        run(name, f"create temp table {name} as {select}")
    fill(AGGREGATES)
    fill(MARTS)
    run("checkpoint", "checkpoint")
    con.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--memory", default="3GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--append", action="store_true", help="nothing comes twice but customers and products")
    options = parser.parse_args()
    began = time.perf_counter()
    seconds = build(options.folder, options.out, options.memory, options.threads, options.append)
    wall = time.perf_counter() - began
    for phase, spent in seconds.items():
        print(f"{phase:<24}{spent:8.2f} s")
    used = resource.getrusage(resource.RUSAGE_SELF)
    groups = {"facts": FACTS, "aggregates": AGGREGATES, "marts": MARTS}
    print("; ".join(f"{name} {sum(seconds[table] for table in tables):.1f} s" for name, tables in groups.items()))
    print(f"wall {wall:.1f} s, cpu {used.ru_utime + used.ru_stime:.1f} s, peak memory {used.ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
