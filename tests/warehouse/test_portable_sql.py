"""The models are SQL that every engine reads alike: what engines differ in is in macros/dialect.sql and engines/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from requirements import requirement
from shophouse.project import package_warehouse

WAREHOUSE = package_warehouse()
DIALECT = WAREHOUSE / "macros" / "dialect.sql"
FILES = sorted(file for part in ("models", "macros", "tests") for file in (WAREHOUSE / part).rglob("*.sql"))


def call(*names: str) -> str:
    """A pattern for calls of these functions."""
    return rf"\b({'|'.join(names)})\s*\("


BANNED = {
    "a cast of one engine: write cast(x as t)": r"::",
    "the name of an engine: put the difference into engines/<engine>/dialect.sql": (
        r"\b(duckdb|postgres\w*|trino|athena|snowflake|bigquery|redshift|spark|databricks)\b"
    ),
    "a question which engine it is: write a verb in macros/dialect.sql": r"\btarget\.(type|name)\b|\badapter\.type\b",
    "all columns: name them": r"\bselect\s+(distinct\s+)?(\w+\.)?\*",
    "group or order by all: name the columns": r"\b(group|order)\s+by\s+all\b",
    "a clause that few engines have": (
        r"\b(qualify|ilike|asof\s+join|pivot|unpivot|using\s+sample|ignore\s+nulls|lateral|distinct\s+on)\b"
    ),
    "the time of the run: read it from ops": (call("now", "getdate", "today") + r"|\bcurrent_(date|timestamp|time)\b"),
    "a function of lists, structs or maps": (
        call(r"(list|struct|map|array)_\w+", "unnest", "row_to_json", "generate_series")
    ),
    "an aggregate that engines name or round otherwise": call(
        "any_value",
        "arbitrary",
        "arg_max",
        "arg_min",
        "max_by",
        "min_by",
        "median",
        "mode",
        "first",
        "last",
        r"quantile\w*",
        r"percentile_\w+",
        r"approx_\w+",
        "string_agg",
        "listagg",
        "group_concat",
    ),
    "a function of dates of one engine: use the verbs": (
        call("strftime", "strptime", "to_char", "to_date", r"date_(format|add|diff|part)", r"epoch\w*", "make_date")
        + r"|(?<!dbt\.)"
        + call("datediff", "dateadd", "date_trunc")
    ),
    "a function of text of one engine": (
        call("initcap", "left", "right", r"regexp_\w+", r"json_(?!text)\w+", "concat", "concat_ws", "strlen", "printf")
    ),
    "a safe cast: use text_as()": call("try_cast") + r"|\bsafe_cast\b",
    "a quotient of whole numbers of one engine: use whole_quotient()": r"\s//\s",
    "an interval that isn't written interval '1' day": r"\binterval\s+\d|\binterval\s+'[^']*[a-z]",
    "a decimal without digits, or a float": r"\bdecimal\b(?!\s*\()|\bnumeric\b|\bfloat\b|\breal\b|\bas\s+string\b",
    "an operator of one engine: use json_text()": r"#>>?|->>?|@>",
    "a type of one engine: use type_text(), type_money() and the like": (
        r"\b(hugeint|ubigint|u?tinyint|jsonb?|serial|timestamptz|as\s+text|float[48]|int[248])\b(?!\s*[(_\"])"
    ),
    "a clause of one engine": (
        r"\b(on\s+conflict|returning|for\s+update|positional\s+join|(semi|anti)\s+join|summarize|read_\w+\s*\("
        r"|select\s+exclude|union\s+(all\s+)?by\s+name|insert\s+into\s+\S+\s+by\s+name)\b"
    ),
    "a function of one engine: use a verb": call(
        r"(pg|to_reg)\w*",
        "div",
        "bit_count",
        "string_to_array",
        "string_split",
        "list",
        "format",
        "isfinite",
        "columns",
    ),
    "an option of one engine's tables": (
        r"\b(indexes|unlogged|table_type|table_properties|partitioned_by|on_table_exists|format\s*=|external_location)\b"
    ),
    "a query while compiling": r"\b(run_query|get_column_values|dbt_utils)\b|" + call("statement"),
    "a tab": "\t",
}
ONLY_IN_DIALECT = ("a safe cast", "a function of text", "a function of dates", "a function of one engine", "a decimal")


def code(text: str) -> str:
    """The text without comments, line by line as it was."""
    blank = r"\{#.*?#\}|/\*.*?\*/"
    text = re.sub(blank, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", text)


def findings(file: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(code(text).split("\n"), 1):
        for why, pattern in BANNED.items():
            if file == DIALECT and why.startswith(ONLY_IN_DIALECT):
                continue
            if re.search(pattern, line, flags=re.IGNORECASE):
                yield f"{file.relative_to(WAREHOUSE)}:{number}: {why}: {line.strip()}"


@requirement("S4-51", "S4-55", "S4-56", "S4-57", "S4-58")
def test_no_engine_is_named_and_no_engines_own_sql_is_used() -> None:
    assert len(FILES) > 100
    assert [found for file in FILES for found in findings(file, file.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "line",
    [
        "select x::text from t",
        "select * from t",
        "select t.* from t",
        "from a qualify row_number() over () = 1",
        "{% if target.type == 'x' %}",
        "where day >= current_date",
        "{{ trino__x() }}\n-- \nfrom duckdb",
        "select any_value(x)",
        "select cast(x as decimal)",
        "cast(a as integer) // 2",
        "date_trunc('month', x)",
        "interval 1 day",
        "interval '1 day'",
        "column #>> '{a}'",
        "cast(x as hugeint)",
        "cast(x as text)",
        "insert into t by name select 1",
        "pg_input_is_valid(x, 'date')",
        "config(indexes=[{'columns': ['a']}])",
    ],
)
def test_the_lint_sees(line: str) -> None:
    assert list(findings(WAREHOUSE / "models" / "x.sql", line))


@pytest.mark.parametrize(
    "line",
    [
        "-- duckdb::x",
        "{# now() #}",
        "select count(*) as n",
        "{{ dbt.date_trunc('month', x) }}",
        "cast(x as decimal(18, 4))",
        "interval '1' day",
        "{{ type_money() }}",
    ],
)
def test_the_lint_passes(line: str) -> None:
    assert not list(findings(WAREHOUSE / "models" / "x.sql", line))


def test_no_yml_names_an_engine_or_has_an_option_of_one() -> None:
    banned = re.compile(
        "|".join(BANNED[why] for why in BANNED if why.startswith(("the name of", "an option of"))), re.I
    )
    files = [file for suffix in ("yml", "yaml", "csv", "md") for file in sorted(WAREHOUSE.rglob(f"*.{suffix}"))]
    assert len(files) > 100
    found = [
        f"{file.relative_to(WAREHOUSE)}:{number}: {line.strip()}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").split("\n"), 1)
        if banned.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "dialect", sorted((WAREHOUSE.parent / "engines").glob("*/dialect.sql")), ids=lambda f: f.parent.name
)
def test_an_engines_dialect_holds_its_own_verbs_and_those_that_are_declared(dialect: Path) -> None:
    engine = dialect.parent.name
    declared = set(re.findall(r"adapter\.dispatch\([\"'](\w+)", "".join(f.read_text("utf-8") for f in FILES)))
    own = re.findall(r"{%-?\s*macro\s+(\w+?)__(\w+)", dialect.read_text("utf-8"))
    assert {prefix for prefix, _ in own} == {engine}
    # what dbt itself asks an engine for
    assert {verb for _, verb in own} - declared <= {"create_table_as", "snapshot_get_time"}


def test_models_read_tables_only_through_ref_and_source() -> None:
    pattern = re.compile(r"\b(?:from|join)\s+([a-z_]+\.[a-z_]+)", re.IGNORECASE)
    extracts = re.compile(r"\bextract\s*\(\s*\w+\s+from\s+|\bdistinct\s+from\s+", re.IGNORECASE)
    found = [
        f"{file.relative_to(WAREHOUSE)}: {match[1]}"
        for file in FILES
        for match in pattern.finditer(extracts.sub("extract(", code(file.read_text("utf-8"))))
    ]
    assert found == []
