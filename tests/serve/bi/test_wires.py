"""The questions' SQL, run as the tools run it: by JDBC on the published file, by a reading role of PostgreSQL."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from requirements import requirement
from serve.bi.conftest import NOTHING, SPRING, Chosen, as_metabase_runs_it
from shophouse.quoting import identifier
from shophouse.serve.bi import SetUp
from shophouse.serve.bi.metabase.cards import card
from shophouse.serve.bi.sql import filled
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server

Answers = Callable[[Chosen], dict[str, list[tuple[Any, ...]]]]


def alike(value: Any) -> Any:
    """A value, whatever wire it came over."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return round(float(value), 6)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    return None if value is None else str(value)


def of_text(value: str) -> Any:
    if value == "\\N":
        return None
    try:
        return round(float(value), 6)
    except ValueError:
        pass
    try:
        return (
            datetime.fromisoformat(value).isoformat(" ", "microseconds") if ":" in value and value[:1] == "2" else value
        )
    except ValueError:
        return value


def alike_rows(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    # a text may look like a number
    return [tuple(of_text(str(alike(value))) if value is not None else None for value in row) for row in rows]


def are_alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two databases give the same row."""
    return len(one) == len(other) and all(map(_is_alike, one, other))


def _is_alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and round(one, 4) == one and round(other, 4) == other:
        # an average of money has four digits, and each database rounds a half of the last in its own way
        return abs(one - other) < 1.01e-4
    return bool(one == other)


@pytest.fixture(scope="module")
def jdbc() -> Callable[[Path, Path], None]:
    from servers.machine import Missing, jars_of, java

    here = Path(__file__).parents[2] / "servers"
    try:
        jars = jars_of("duckdb-jdbc", here / "duckdb_jdbc.pom.xml")
    except Missing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))

    def run(file: Path, folder: Path) -> None:
        command = [java(), "-Xmx512m", "-cp", f"{jars}/*", *map(str, (here / "DuckdbJdbc.java", file, folder))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[:3000]

    return run


@requirement("S2-16")
@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("chosen", [NOTHING, SPRING], ids=["nothing chosen", "chosen"])
def test_metabases_questions_run_over_its_jdbc_driver_on_the_published_file(
    set_up: SetUp, answers: Answers, jdbc: Callable[[Path, Path], None], tmp_path: Path, chosen: Chosen
) -> None:
    questions = [question for dashboard in set_up.dashboards for question in dashboard.questions]
    for number, question in enumerate(questions):
        native = card(question, 1, 1, set_up.currency)["dataset_query"]["native"]
        sql, names = as_metabase_runs_it(native["query"], chosen.words)
        kinds = {name: tag["type"] for name, tag in native["template-tags"].items()}
        (tmp_path / f"{number}.sql").write_text(sql)
        values = [f"{kinds[name]}:{chosen.words[name]}" for name in names]
        (tmp_path / f"{number}.values").write_text("\n".join(values))
    jdbc(set_up.warehouse / f"shop-{set_up.version}.duckdb", tmp_path)
    expected = answers(chosen)
    for number, question in enumerate(questions):
        lines = (tmp_path / f"{number}.tsv").read_text().split("\n")[:-1]
        found = [tuple(map(of_text, line.split("\t"))) for line in lines]
        assert found == alike_rows(expected[question.name]), question.name


@pytest.fixture(scope="module")
def on_postgres(shop: Shop, set_up: SetUp, postgres: Server) -> Iterator[tuple[SetUp, psycopg.Connection[Any]]]:
    """What is published, copied into PostgreSQL as its engine shows it to roles that read."""
    from shophouse.engines.postgres.database import ATTACHED, Database
    from shophouse.settings import PostgresEngine

    dsn = postgres.database()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BI_TEST_DSN", dsn)
        settings = PostgresEngine.model_validate({"kind": "postgres", "dsn": "env:BI_TEST_DSN"})
        writer = Database(settings).duckdb(read_only=False)
    file = set_up.warehouse / f"shop-{set_up.version}.duckdb"
    writer.execute(f"attach '{file}' as shop (read_only)")
    tables = writer.execute(
        "select schema_name, table_name from (select schema_name, table_name from duckdb_tables() "
        "where database_name = 'shop' union all select schema_name, view_name from duckdb_views() "
        "where database_name = 'shop' and not internal) where schema_name in ('marts', 'core', 'ops')"
    ).fetchall()
    for schema in ("marts", "core", "ops"):
        writer.execute(f"create schema {identifier(ATTACHED, f'published_{schema}')}")
    for schema, table in tables:
        copy = identifier(ATTACHED, f"published_{schema}", table)
        writer.execute(f"create table {copy} as select * from {identifier('shop', schema, table)}")
    writer.close()
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("drop role if exists bi_reader")
        owner.execute("create role bi_reader login")
        for schema in ("marts", "core", "ops"):
            owner.execute(f"grant usage on schema published_{schema} to bi_reader")
            owner.execute(f"grant select on all tables in schema published_{schema} to bi_reader")
    with psycopg.connect(dsn.replace("postgres@", "bi_reader@"), autocommit=True) as reader:
        yield replace(set_up, dialect="postgres"), reader


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.parametrize("chosen", [NOTHING, SPRING], ids=["nothing chosen", "chosen"])
def test_every_question_has_the_same_answer_on_postgresql(
    on_postgres: tuple[SetUp, psycopg.Connection[Any]], answers: Answers, chosen: Chosen
) -> None:
    set_up, reader = on_postgres
    expected = answers(chosen)
    for dashboard in set_up.dashboards:
        for question in dashboard.questions:
            found = reader.execute(filled(question.sql, chosen.sql)).fetchall()
            pairs = zip(alike_rows(found), alike_rows(expected[question.name]), strict=True)
            assert [pair for pair in pairs if not are_alike(*pair)] == [], question.name
            query = card(question, 1, 1, set_up.currency)["dataset_query"]["native"]["query"]
            sql, names = as_metabase_runs_it(query, chosen.words)
            sql = sql.replace("%", "%%").replace("?", "%s")
            sent = reader.execute(sql, [chosen.words[name] for name in names], prepare=True).fetchall()
            assert alike_rows(sent) == alike_rows(found), question.name
