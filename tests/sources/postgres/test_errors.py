"""What goes wrong with a database is said clearly, tried again where that can help, and leaves nothing half done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psycopg
import pyarrow.parquet as pq
import pytest

from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.ingestion import Ingested, ingest
from shophouse.scaffold import init_project
from shophouse.shop import Shop as Project
from shophouse.sources import Table
from shophouse.sources._retries import Retries
from shophouse.sources.postgres import _bulk, _whole

from .conftest import Shop

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = pytest.mark.server

COPYING = "from pg_stat_activity where query ilike 'copy%' and state = 'active' and pid <> pg_backend_pid()"
# the user of_tls may not connect without TLS, and with_password needs a password
HOSTS = """
hostnossl all of_tls all reject
host all with_password all scram-sha-256
"""


@pytest.fixture(scope="module")
def strict(postgres: Server) -> Iterator[Server]:
    """A server of its own, which may be stopped and started."""
    from servers.postgres import running

    with running(["fsync=off"], HOSTS) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create role of_tls login")
            connection.execute("create role with_password login password 'right-word'")
        yield server


@dataclass(frozen=True)
class Encrypted:
    port: int
    authority: Path


@pytest.fixture
def encrypted(strict: Server, tmp_path: Path) -> Iterator[Encrypted]:
    """The same server behind TLS."""
    from servers.tls import certificates, encrypting

    (tmp_path / "server").mkdir()
    authority = certificates(tmp_path / "server")
    with encrypting(strict.port, tmp_path / "server") as port:
        yield Encrypted(port, authority)


@pytest.fixture
def orders(strict: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A table of 1,000 rows, which is read in bulk."""
    monkeypatch.setattr(_whole, "_LITTLE_BYTES", 0)
    monkeypatch.setattr(_bulk, "_SMALL_PAGES", 1)
    (tmp_path / "loads").mkdir()
    shop = Shop(strict.database(), tmp_path / "loads")
    shop.sql("create table orders (id int primary key)", "insert into orders select generate_series(1, 1000)")
    return shop


@pytest.fixture
def project(orders: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A shop that reads that table, and does not wait long before it tries again."""
    monkeypatch.setenv("SOURCE_DSN", orders.dsn)
    monkeypatch.setattr(Retries, "pause", lambda retries, failures: 0.2)
    folder = tmp_path / "shop"
    init_project(folder, name="shop")
    file = folder / "shophouse.yml"
    how = '{kind: postgres, dsn: "env:SOURCE_DSN", timezone: UTC, retries: 20, tables: {orders: {}}}'
    source = f"sources:\n  shop: {how}\n"
    file.write_text(file.read_text("utf-8").split("sources:")[0] + source, "utf-8")
    return Project.open(folder)


def ingested(project: Project, notice: Callable[[str], None] | None = None) -> Ingested:
    return ingest(project.project, project.lake, run_id="test", notice=notice)


def stored(project: Project) -> list[int]:
    paths = project.lake.data_files("shop", "orders") if project.lake.head("shop", "orders") else []
    return sorted(value for path in paths for value in pq.read_table(path).column("id").to_pylist())


SLOW = (
    "alter table orders rename to kept",
    # the view is slow as long as there is a row in the table slow
    "create table slow (is_slow bool)",
    "insert into slow values (true)",
    "create view orders as select id, (select pg_sleep(0.01) from slow where id > 0)::text as slept from kept",
)
REFUSED = {
    "a wrong password": ("with_password:wrong-word@", "", "the password or the user is wrong"),
    "no password": ("with_password@", "", "the server wants a password"),
    "an unknown user": ("nobody_here@", "", "there is no such database or user"),
    "an unknown database": ("postgres@", "_gone", "there is no such database or user"),
    "no TLS where it is required": ("of_tls@", "", "the server takes encrypted connections only"),
    "TLS where the server has none": ("postgres@", "?sslmode=require", "the server does not encrypt"),
}


@pytest.mark.parametrize(("user", "more", "said"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_what_to_do_and_is_not_tried_again(
    project: Project, orders: Shop, user: str, more: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DSN", orders.dsn.replace("postgres@", user) + more)
    refuses(project, said)


@pytest.mark.parametrize("wrong", ["another authority", "its namesake", "no such file", "another host"])
def test_a_certificate_that_proves_nothing_is_refused(
    project: Project, orders: Shop, encrypted: Encrypted, tmp_path: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from servers.tls import certificates

    (tmp_path / "other").mkdir()
    other = certificates(tmp_path / "other", "another authority" if wrong == "another authority" else "our authority")
    file = {"another host": encrypted.authority, "no such file": tmp_path / "none.pem"}.get(wrong, other)
    host = "localhost" if wrong == "another host" else "127.0.0.1"
    monkeypatch.setenv("SOURCE_DSN", with_tls(orders, encrypted, host, file))
    refuses(project, "the server's certificate can't be trusted")


def test_a_table_is_read_in_bulk_with_tls(
    project: Project, orders: Shop, encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DSN", with_tls(orders, encrypted, "127.0.0.1", encrypted.authority))

    def by_copy(*given: object) -> None:
        raise AssertionError("the rows came by COPY")

    monkeypatch.setattr(_whole, "chunks", by_copy)
    assert ingested(project).rows == 1000 and stored(project) == list(range(1, 1001))


def with_tls(orders: Shop, encrypted: Encrypted, host: str, authority: Path) -> str:
    parts = urlsplit(orders.dsn)
    return f"postgresql://postgres@{host}:{encrypted.port}{parts.path}?sslmode=verify-full&sslrootcert={quote(str(authority))}"


def until(happened: Callable[[], bool]) -> bool:
    """Whether it happens within some seconds."""
    for _ in range(1000):
        if happened():
            return True
        time.sleep(0.02)
    return False


def refuses(project: Project, said: str) -> None:
    told: list[str] = []
    with pytest.raises(SourceMismatch) as caught:
        ingested(project, told.append)
    assert said in caught.value.what and "SOURCE_DSN" in caught.value.render() and told == []
    assert "wrong-word" not in caught.value.render() and not stored(project)


def test_a_server_that_is_away_at_the_start_is_waited_for(strict: Server, project: Project) -> None:
    told: list[str] = []
    strict.stop()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(ingested, project, told.append)
        try:
            assert until(lambda: bool(told))
        finally:
            strict.start()
        assert loading.result().rows == 1000
    assert "shop.orders: the database can't be reached; trying again in 0.2 s (1 of 20)" in told
    assert stored(project) == list(range(1, 1001))


@pytest.mark.parametrize("in_bulk", [True, False])
def test_a_server_that_restarts_in_the_middle_of_a_copy_loses_and_repeats_nothing(
    strict: Server, project: Project, orders: Shop, in_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not in_bulk:
        monkeypatch.setattr(_whole, "extension", lambda: None)
    orders.sql(*SLOW)
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(ingested, project, told.append)
        with psycopg.connect(orders.dsn, autocommit=True) as connection:
            assert until(lambda: bool(connection.execute(f"select pid {COPYING}").fetchall()))
            connection.execute("delete from slow")
            connection.execute("checkpoint")
        strict.stop()
        strict.start()
        assert loading.result().rows == 1000
    assert "shop.orders: the connection to the database was lost" in told[0]
    assert stored(project) == list(range(1, 1001)) and ingested(project).rows == 0


def test_a_server_that_stays_away_is_given_up_and_nothing_is_half_loaded(strict: Server, project: Project) -> None:
    project.project.sources["shop"].__dict__["retries"] = 2
    told: list[str] = []
    strict.stop()
    try:
        with pytest.raises(SourceUnreachable, match="tried 3 times"):
            ingested(project, told.append)
    finally:
        strict.start()
    assert len(told) == 2 and project.lake.tables() == []
    assert list(project.project.folder.rglob("*.parquet")) == []


def test_a_query_that_is_cancelled_is_tried_again(project: Project, orders: Shop) -> None:
    """By an administrator, or by a timeout that was set after the connection was made."""
    orders.sql(*SLOW)
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool, psycopg.connect(orders.dsn, autocommit=True) as connection:
        loading = pool.submit(ingested, project, told.append)

        def cancelled() -> bool:
            # in bulk first, then by COPY
            connection.execute(f"select pg_cancel_backend(pid) {COPYING}")
            return bool(told)

        assert until(cancelled)
        connection.execute("delete from slow")
        assert loading.result().rows == 1000
    assert "shop.orders: the server stopped the query" in told[0] and stored(project) == list(range(1, 1001))


def test_a_timeout_of_the_user_does_not_end_a_long_read(orders: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    orders.sql(
        "create role hurried superuser login",
        "alter role hurried set statement_timeout = '200ms'",
        "create view slow as select id, pg_sleep(0.001)::text as slept from orders where id <= 400",
    )
    monkeypatch.setenv("SOURCE_DSN", orders.dsn.replace("postgres@", "hurried@"))
    orders.table = Table("shop", "slow")
    assert len(orders.read()) == 400


def test_the_guides_user_may_read_and_not_write(orders: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "postgres-source.md"
    statements, *_ = re.findall(r"```sql\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    orders.sql(*(line.strip() for line in statements.split(";") if line.strip()))
    dsn = orders.dsn.replace("postgres@", "shophouse_reader:…@")
    monkeypatch.setenv("SOURCE_DSN", dsn)
    assert orders.ids() == list(range(1, 1001))
    orders.sql("create table later (id int)", "insert into later values (7)")
    orders.table, orders.position = Table("shop", "later"), None
    assert orders.ids() == [7]
    with psycopg.connect(dsn, autocommit=True) as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("delete from orders")
