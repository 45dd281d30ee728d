"""A database that is written to while its changes are read, the reader killed and the server crashed: and the proof.

Also a program: `python soak.py <folder>` is the reader, which reads until it is killed.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg

if TYPE_CHECKING:
    from servers.postgres import Server

TABLES = ("accounts", "movements", "notes")
_DEFINED = """
create table accounts (
    id bigint primary key, balance numeric(14,2) not null, version bigint not null, words text,
    at timestamptz not null default clock_timestamp()
);
create table movements (
    id bigint generated always as identity primary key, account bigint, amount numeric(14,2),
    version bigint not null default 0
);
create table notes (id integer, part integer, version bigint not null, large text, primary key (id, part));
alter table notes alter large set storage external;
insert into accounts select i, 0, 0, 'account ' || i from generate_series(1, 5000) i;
insert into notes select i, 0, 0, repeat('x', 3000) || i from generate_series(1, 200) i;
create sequence versions;
"""
_PROJECT = """
name: soak
timezone: UTC
currency: USD
sources:
  bank:
    kind: postgres
    dsn: "env:SOAK_DSN"
    timezone: UTC
    retries: 10
    tables:
      accounts: {read: changes, key: [id]}
      movements: {read: changes, key: [id]}
      notes: {read: changes, key: [id, part]}
"""


@dataclass
class Written:
    """What the writers did."""

    transactions: int = 0
    rolled_back: int = 0
    failed: int = 0
    kills: int = 0
    restarts: int = 0
    seconds: float = 0.0
    loads: int = 0
    versions: dict[str, int] = field(default_factory=dict)


class Writer(threading.Thread):
    """Transactions like pgbench's, with savepoints, roll-backs, changed keys, deletes, truncates; some stay open."""

    def __init__(self, dsn: str, number: int, written: Written, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.dsn, self.number, self.written, self.stop = dsn, number, written, stop
        self.chance = random.Random(number)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with psycopg.connect(self.dsn, autocommit=True) as connection:
                    while not self.stop.is_set():
                        self.transact(connection)
            except (psycopg.OperationalError, psycopg.Rollback):
                # the server crashed; where that met a roll-back, psycopg raises the latter
                self.written.failed += 1
                time.sleep(0.05)

    def transact(self, connection: psycopg.Connection[Any]) -> None:
        chance = self.chance
        try:
            with connection.transaction() as transaction:
                for _ in range(chance.choice((1, 1, 2, 5))):
                    self.change(connection)
                if chance.random() < 0.1:
                    with connection.transaction() as savepoint:
                        self.change(connection)
                        if chance.random() < 0.5:
                            raise psycopg.Rollback(savepoint)
                if chance.random() < 0.003:
                    time.sleep(1.5)
                if chance.random() < 0.05:
                    self.written.rolled_back += 1
                    raise psycopg.Rollback(transaction)
            self.written.transactions += 1
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            self.written.failed += 1

    def change(self, connection: psycopg.Connection[Any]) -> None:
        chance = self.chance
        kind = chance.random()
        account, amount = chance.randint(1, 5000), chance.randint(-9999, 9999)
        if kind < 0.55:
            connection.execute(
                "update accounts set balance = balance + %s, version = nextval('versions') where id = %s",
                [amount / 100, account],
            )
            connection.execute("insert into movements (account, amount) values (%s, %s)", [account, amount / 100])
        elif kind < 0.65:
            connection.execute("delete from accounts where id = %s", [account])
        elif kind < 0.75:
            connection.execute(
                "insert into accounts values (%s, 0, nextval('versions'), null) on conflict (id) do nothing", [account]
            )
        elif kind < 0.80:
            connection.execute(
                "update accounts set id = %s, version = nextval('versions') where id = %s",
                [5000 + chance.randint(1, 100000), account],
            )
        elif kind < 0.9:
            connection.execute("update notes set version = nextval('versions') where id = %s", [chance.randint(1, 200)])
        elif kind < 0.9998:
            connection.execute(
                "insert into notes values (%s, %s, nextval('versions'), repeat('y', 4000))"
                " on conflict (id, part) do update set version = excluded.version",
                [chance.randint(1, 200), chance.randint(0, 5)],
            )
        else:
            connection.execute("truncate notes")


def make(folder: Path, dsn: str) -> None:
    """The database's tables and the project that reads them; the variable SOAK_DSN leads to the database."""
    with psycopg.connect(dsn) as connection:
        for statement in _DEFINED.strip().split(";\n"):
            connection.execute(statement)
    folder.mkdir()
    (folder / "shophouse.yml").write_text(_PROJECT, "utf-8")


def run(
    folder: Path, server: Server, dsn: str, *, seconds: float, kill_every: float, restarts: int, seed: int
) -> Written:
    """Write for so many seconds while the reader is killed and the server crashes, then read what is left."""
    chance = random.Random(seed)
    written, stop = Written(), threading.Event()
    writers = [Writer(dsn, seed * 10 + number, written, stop) for number in range(3)]
    for writer in writers:
        writer.start()
    started = time.monotonic()
    crashes = [seconds * (number + 1) / (restarts + 1) for number in range(restarts)]
    reader = _reader(folder)
    dies = time.monotonic() + chance.uniform(0.5, 1.5) * kill_every
    try:
        while (elapsed := time.monotonic() - started) < seconds:
            time.sleep(0.02)
            if crashes and elapsed > crashes[0]:
                crashes.pop(0)
                server.restart()
                written.restarts += 1
            if reader.poll() is not None:
                raise AssertionError(f"the reader ended: {reader.communicate()[1].decode()}")
            if time.monotonic() > dies:
                reader.kill()
                reader.communicate()
                written.kills += 1
                reader = _reader(folder)
                dies = time.monotonic() + chance.uniform(0.5, 1.5) * kill_every
    finally:
        stop.set()
        for writer in writers:
            writer.join(20)
        reader.kill()
        reader.communicate()
    _read(folder)
    written.seconds = time.monotonic() - started
    return written


def prove(folder: Path, dsn: str, written: Written) -> None:
    """Raise AssertionError unless the newest rows are the tables', and no version of a row is there twice."""
    from shophouse.lake import Lake

    lake = Lake(folder / "lake")
    for name in TABLES:
        key = "id, part" if name == "notes" else "id"
        files = lake.data_files("bank", name)
        versions = f"read_parquet({files}, union_by_name = true)"
        with psycopg.connect(dsn) as connection, duckdb.connect() as database:
            here = {row[0] for row in database.execute(f"describe select * from {versions}").fetchall()}
            columns = [
                column
                for (column,) in connection.execute(
                    "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 order by attnum",
                    [name],
                ).fetchall()
                if column in here
            ]
            listed = ", ".join(columns)
            stored = ", ".join(f"{c} at time zone 'UTC'" if c == "at" else c for c in columns)
            expected = connection.execute(f"select {stored} from {name} order by {key}").fetchall()
            quoted = ", ".join(f'"{column}"' for column in columns)
            found = database.execute(
                f"select {quoted} from (select *, row_number() over"
                f" (partition by {key} order by _load_id desc, _row_number desc) as place from {versions})"
                f" where place = 1 and _operation <> 'delete' order by {key}"
            ).fetchall()
            assert found == expected, f"{name} ({listed}): {len(found)} rows for {len(expected)}"
            (repeated,) = database.execute(
                f"select count(*) from (select {key}, version from {versions} where _operation <> 'delete'"
                f" group by all having count(*) > 1)"
            ).fetchone() or (0,)
            assert repeated == 0, f"{name}: {repeated} versions of rows are there twice"
            (count,) = database.execute(f"select count(*) from {versions}").fetchone() or (0,)
        written.versions[name] = count
        written.loads += len(lake.loads("bank", name))


def _reader(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _read(folder: Path) -> None:
    from shophouse.shop import Shop

    Shop.open(folder).ingest()


if __name__ == "__main__":
    while True:
        _read(Path(sys.argv[1]))
