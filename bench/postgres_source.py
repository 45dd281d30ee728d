"""Times a PostgreSQL table on its way into the lake beside DuckDB's own COPY of the same table to Parquet.

    python bench/postgres_source.py [--rows 2000000] [--times 5] [--dsn postgresql://…]

Without --dsn it starts a server of its own, as the tests do; with it, a database `shophouse_bench` is made there and
dropped. Both ways are timed in turns in one process with all libraries imported: seconds are the least and the median,
and the ratio is that of turns next to each other, for what else the machine does falls on both. DuckDB writes its
default format, and once the lake's (zstd, level 1). `ingest` is all that `shophouse ingest` does: connecting, reading,
writing, hashing, the commit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
import psycopg
import pyarrow.parquet  # noqa: F401
import pyiceberg.catalog.sql  # noqa: F401

from shophouse.ingestion import ingest
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.sources.postgres._bulk import extension

Result = TypeVar("Result")

TABLE = """
create table orders (
    order_id bigint primary key,
    customer text not null,
    note text,
    amount numeric(12,2) not null,
    ordered_at timestamp not null,
    due_date date,
    is_paid boolean not null,
    updated_at timestamptz not null
)
"""
ROWS = """
insert into orders
select
    i, 'customer-' || i % 50000, case when i % 3 <> 0 then md5(i::text) end, (i::bigint * 37 % 100000)::numeric / 100,
    timestamp '2024-01-01' + i * interval '13 seconds', date '2024-01-01' + i % 700, i % 5 <> 0,
    now() - interval '1 day' - ({rows} - i) * interval '13 seconds'
from generate_series(1, {rows}) as i
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--dsn")
    asked = parser.parse_args()
    with database(asked.dsn) as dsn, tempfile.TemporaryDirectory() as scratch:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(TABLE)
            connection.execute(ROWS.format(rows=asked.rows))
            connection.execute("create index on orders (updated_at)")
            connection.execute("vacuum (analyze, freeze) orders")
            connection.execute("checkpoint")
        compare(dsn, Path(scratch), asked.rows, asked.times)


@contextmanager
def database(given: str | None) -> Iterator[str]:
    if given is None:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
        from servers.postgres import running

        with running() as server:
            yield server.database()
        return
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute("create database shophouse_bench")
        try:
            yield psycopg.conninfo.make_conninfo(given, dbname="shophouse_bench")
        finally:
            connection.execute("drop database shophouse_bench with (force)")


def compare(dsn: str, scratch: Path, rows: int, times: int) -> None:
    full, by_cursor, by_index = (
        shop(scratch / "full", dsn, "{}"),
        shop(scratch / "cursor", dsn, "{read: cursor, cursor: updated_at}"),
        shop(scratch / "index", dsn, "{read: cursor, cursor: updated_at, late_by: 10s}"),
    )

    def loaded(one: Shop, expected: int, anew: bool) -> float:
        if anew and one.lake.head("shop", "orders"):
            one.lake.drop("shop", "orders")
        seconds, found = timed(lambda: ingest(one.project, one.lake, run_id="bench").rows)
        assert found == expected, (found, expected)
        return seconds

    some = max(1, rows // 1000)
    turns: dict[str, list[float]] = {}
    for turn in range(times + 1):
        took = {
            "DuckDB's COPY": own_copy(dsn, scratch / "own.parquet", ""),
            "DuckDB's COPY, zstd": own_copy(dsn, scratch / "own.parquet", ", compression zstd, compression_level 1"),
            "ingest, full": loaded(full, rows, anew=True),
            "ingest, full, nothing new": loaded(full, 0, anew=False),
            "ingest, cursor, all rows": loaded(by_cursor, rows, anew=True),
        }
        loaded(by_index, rows, anew=True)
        # each finds a change of its own: what another read before it is in memory, and leaves the log to be written
        for one, other, name in ((by_cursor, by_index, "cursor"), (by_index, by_cursor, "late_by: 10s")):
            with psycopg.connect(dsn) as connection:
                number = 2 * turn + (one is by_index)
                connection.execute(
                    "update orders set is_paid = not is_paid, updated_at = now() where order_id %% 1000 = %s", [number]
                )
            took[f"ingest, {name}, 0.1 %"] = loaded(one, some, anew=False)
            took[f"ingest, {name}, nothing new"] = loaded(one, 0, anew=False)
            loaded(other, some, anew=False)
        if turn:  # the first warms up
            for name, seconds in took.items():
                turns.setdefault(name, []).append(seconds)
    print(f"{rows:,} rows, {times} turns, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print(f"{'':30}{'least s':>9}{'median s':>9}{'ratio':>8}")
    for name, each in turns.items():
        ratio = statistics.median(own / base for own, base in zip(each, turns["DuckDB's COPY"], strict=True))
        print(f"{name:30}{min(each):9.2f}{statistics.median(each):9.2f}{ratio:8.2f}")


def shop(folder: Path, dsn: str, how: str) -> Shop:
    os.environ["BENCH_DSN"] = dsn
    init_project(folder, name="bench", currency="USD")
    file = folder / "shophouse.yml"
    head = file.read_text("utf-8").split("sources:")[0]
    source = f'sources:\n  shop: {{kind: postgres, dsn: "env:BENCH_DSN", timezone: UTC, tables: {{orders: {how}}}}}\n'
    file.write_text(head + source, "utf-8")
    return Shop.open(folder)


def own_copy(dsn: str, into: Path, options: str) -> float:
    with duckdb.connect() as db:

        def copy() -> None:
            db.execute(f"load '{extension()}'")
            db.execute(f"attach '{dsn}' as shop (type postgres, read_only)")
            db.execute(f"copy (select * from shop.public.orders) to '{into}' (format parquet{options})")

        return timed(copy)[0]


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
