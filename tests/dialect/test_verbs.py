"""Every verb of the dialect gives the same values on every engine: input → the value that is expected, written down."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from requirements import requirement
from shophouse.engines.dbt import Dbt
from shophouse.project import Project
from shophouse.scaffold import ensure_dbt_files, init_project
from shophouse.shop import Shop

MONEY = "cast({} as decimal(18, 4))"
WINTER = "timestamp '2024-12-31 23:30:00.123456'"
SUMMER = "timestamp '2024-07-01 02:30:00'"
NEW_YORK = "'America/New_York'"

VERBS: list[tuple[str, Any]] = [
    ("ratio('1', '3')", 1 / 3),
    ("ratio('7', '0')", None),
    ("ratio('cast(null as integer)', '3')", None),
    ("ratio('cast(10 as decimal(28, 4))', '4')", 2.5),
    ("ratio('cast(0 as decimal(28, 4))', '-5')", 0.0),
    ("money_per('cast(10 as decimal(28, 4))', '3')", Decimal("3.3333")),
    ("money_per('cast(-10 as decimal(28, 4))', '3')", Decimal("-3.3333")),
    # halves, of which no double is one
    ("money_per('cast(1058.11 as decimal(28, 4))', '8')", Decimal("132.2638")),
    ("money_per('cast(4702.11 as decimal(28, 4))', '24')", Decimal("195.9213")),
    ("money_per('cast(-1.0005 as decimal(28, 4))', '10')", Decimal("-0.1001")),
    ("money_per('cast(1.0005 as decimal(28, 4))', 'cast(-10 as decimal(18, 4))')", Decimal("-0.1001")),
    ("money_per('cast(12345678901.2345 as decimal(28, 4))', '2')", Decimal("6172839450.6173")),
    ("money_per('cast(1 as decimal(28, 4))', 'cast(0.0003 as decimal(18, 4))')", Decimal("3333.3333")),
    ("money_per('cast(1 as decimal(28, 4))', '0')", None),
    ("money_per('cast(null as decimal(28, 4))', '4')", None),
    ("sum_money('cast(0.0001 as decimal(18, 4))')", Decimal("0.0001")),
    ("sum_count('3')", 3),
    ("days(\"date '2024-02-28'\", \"date '2024-03-01'\")", 2),
    ("days(\"timestamp '2024-03-01 23:59:59'\", \"timestamp '2024-03-02 00:00:00'\")", 1),
    ("days(\"date '2024-03-01'\", \"date '2024-02-28'\")", -2),
    ("months(\"date '2023-12-31'\", \"date '2024-01-01'\")", 1),
    ("months(\"date '2024-03-31'\", \"date '2022-04-01'\")", -23),
    ("date_trunc_date('week', \"date '2024-03-03'\")", dt.date(2024, 2, 26)),
    ("date_trunc_date('month', \"date '2024-02-29'\")", dt.date(2024, 2, 1)),
    ("date_trunc_date('quarter', \"timestamp '2024-12-31 23:59:59'\")", dt.date(2024, 10, 1)),
    ("date_trunc_date('year', \"date '2024-12-31'\")", dt.date(2024, 1, 1)),
    ("add_days(\"date '2024-02-28'\", 2)", dt.date(2024, 3, 1)),
    ("add_days(\"date '2024-03-01'\", -1)", dt.date(2024, 2, 29)),
    ("add_months(\"date '2024-01-31'\", 1)", dt.date(2024, 2, 29)),
    ("add_months(\"date '2024-03-31'\", -13)", dt.date(2023, 2, 28)),
    ("microseconds_at(\"timestamp '2024-12-31 23:30:00.123456'\")", 1735687800123456),
    ("microseconds_at(\"timestamp '1900-01-01 00:00:00'\")", -2208988800000000),
    ("microseconds_at('cast(null as timestamp)')", None),
    ("beginning_of_time()", dt.datetime(1900, 1, 1)),
    ("end_of_time()", dt.datetime(9999, 12, 31)),
    ("iso_dow(\"date '2024-03-03'\")", 7),
    ("iso_dow(\"date '2024-03-04'\")", 1),
    ("trimmed(\"' a b '\")", "a b"),
    ("trimmed(\"'a '\")", "a"),
    ("trimmed(\"'  '\")", ""),
    ("trimmed(\"'a b'\")", "a b"),
    ("trimmed('cast(null as varchar)')", None),
    ("text_or_null(\"' a b'\")", "a b"),
    ("text_or_null(\"'  '\")", None),
    ("text_or_null(\"''\")", None),
    ("text_or_null(\"'a'\")", "a"),
    ("text_or_null('cast(null as varchar)')", None),
    ("whole_quotient('cast(7 as bigint)', 'cast(2 as bigint)')", 3),
    ("whole_quotient('cast(9007199254740993 as bigint)', '1')", 9007199254740993),
    ("whole_quotient('0', '5')", 0),
    ("matches(\"'A12'\", '^[A-Z][0-9]+$')", True),
    ("matches(\"'xA12'\", '^[A-Z]')", False),
    ("matches(\"'xA12'\", '[A-Z]')", True),
    ('json_text(\'\\\'{"a": {"b": "c d"}, "n": 12}\\\'\', \'a.b\')', "c d"),
    ('json_text(\'\\\'{"a": {"b": "c d"}, "n": 12}\\\'\', \'n\')', "12"),
    ("json_text('\\'{\"a\": null}\\'', 'a')", None),
    ("json_text('\\'{\"a\": 1}\\'', 'b.c')", None),
    ("text_as('texts.t0', 'integer')", 12),
    ("text_as('texts.t1', 'bigint')", -12),
    ("text_as('texts.t2', 'integer')", None),
    ("text_as('texts.t3', 'integer')", None),
    ("text_as('texts.t4', 'integer')", None),
    ("text_as('texts.t5', 'integer')", None),
    ("text_as('texts.t6', 'decimal(18, 4)')", Decimal("1.0001")),
    ("text_as('texts.t7', 'decimal(18, 4)')", Decimal("-0.5000")),
    ("text_as('texts.t8', 'double precision')", 1000.0),
    ("text_as('texts.t9', 'double precision')", None),
    ("text_as('texts.t10', 'date')", dt.date(2024, 2, 29)),
    ("text_as('texts.t11', 'date')", None),
    ("text_as('texts.t12', 'date')", None),
    ("text_as('texts.t13', 'timestamp')", dt.datetime(2024, 2, 29, 12, 34, 56, 789000)),
    ("text_as('texts.t14', 'timestamp')", dt.datetime(2024, 2, 29, 12, 34)),
    ("text_as('texts.t15', 'timestamp')", None),
    ("text_as('texts.t16', 'boolean')", True),
    ("text_as('texts.t17', 'boolean')", None),
    (f'to_utc("{SUMMER}", "{NEW_YORK}")', dt.datetime(2024, 7, 1, 6, 30)),
    # the hour that comes twice is the second one, the hour that is skipped goes by the zone's time before it
    (f'to_utc("timestamp \'2024-11-03 01:30:00\'", "{NEW_YORK}")', dt.datetime(2024, 11, 3, 6, 30)),
    (f'to_utc("timestamp \'2024-03-10 02:30:00\'", "{NEW_YORK}")', dt.datetime(2024, 3, 10, 7, 30)),
    (f'to_local("{WINTER}", "{NEW_YORK}")', dt.datetime(2024, 12, 31, 18, 30, 0, 123456)),
    (f'to_local("{WINTER}", "\'UTC\'")', dt.datetime(2024, 12, 31, 23, 30, 0, 123456)),
    (f'local_date("{WINTER}", "\'Asia/Tokyo\'")', dt.date(2025, 1, 1)),
    (f'local_date("{SUMMER}", "{NEW_YORK}")', dt.date(2024, 6, 30)),
    (f'add_seconds("{WINTER}", "3600 * 5 + 45 * 60")', dt.datetime(2025, 1, 1, 5, 15, 0, 123456)),
    (f'add_seconds("{SUMMER}", "-4 * 3600")', dt.datetime(2024, 6, 30, 22, 30)),
    ("surrogate_key([\"'olist'\", \"'e481f51cbdc54678b7cc49136f2d6af7'\"])", 242359081582268586),
    ("surrogate_key([\"'Zoë'\", \"cast(null as varchar)\", '12'])", 925119845259515965),
    ("hash_key(\"''\")", 955282973525019424),
    ("bits_set('cast(11 as bigint)')", 3),
    ("bits_set('cast(0 as bigint)')", 0),
    ("power_of_two('0')", 1),
    ("power_of_two('cast(40 as integer)')", 1099511627776),
    ("tells_scans('1')", True),
    ("tells_scans('cast(null as bigint)')", True),
    ("may_repeat('1')", False),
    ("may_repeat('41')", True),
]

# a text, and what elements_of makes of it: `n` of each element, in any order
ARRAYS: list[tuple[str | None, list[str | None]]] = [
    ('[{"n": "a"}, {"n": 2}, {"m": 3}]', ["2", "a", None]),
    ('[{"n": "a"}, {"n": "a"}]', ["a", "a"]),
    ('[{"n": {"m": [1]}}, [], 7, "n", null]', ['{"m":[1]}', None, None, None, None]),
    ("[]", []),
    ('{"n": "a"}', []),
    ("[1, 2", []),
    ("", []),
    (None, []),
]

# as columns, for an engine may calculate with a constant whether its turn comes or not
TEXTS = [
    "12",
    "-12",
    "99999999999",
    "1.5",
    "twelve",
    "",
    "1.00005",
    "-.5",
    "1e3",
    "NaN",
    "2024-02-29",
    "2023-02-29",
    "today",
    "2024-02-29 12:34:56.789",
    "2024-02-29T12:34",
    "2024-02-29 25:00:00",
    "true",
    "yep",
]

ENGINES = ["duckdb", pytest.param("postgres", marks=pytest.mark.server)]


@pytest.fixture(scope="module", params=ENGINES)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A shop without data on an engine."""
    folder = tmp_path_factory.mktemp(request.param) / "shop"
    init_project(folder, name="shop", staging="storefront")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgres":
            patch.setenv("VERBS_DSN", request.getfixturevalue("postgres").database())
            file = folder / "shophouse.yml"
            file.write_text(file.read_text("utf-8").replace("kind: duckdb", "kind: postgres\n  dsn: env:VERBS_DSN"))
        made = Project.load(folder)
        ensure_dbt_files(made)
        Shop(made).engine.prepare()
        yield made


def rows(project: Project, query: str) -> list[dict[str, Any]]:
    """What a query of macros gives on the project's engine."""
    engine = Shop(project).engine
    dbt = Dbt(project.folder, engine, log_folder=project.logs_folder)
    (node,) = dbt.invoke("compile", "--inline", query)
    found: list[dict[str, Any]] = engine.query(dbt.compiled[node.unique_id]).to_pylist()
    return found


@pytest.fixture(scope="module")
def found(project: Project) -> list[Any]:
    """What each verb gives on an engine, by one query for all."""
    cells = ", ".join(f"{{{{ shophouse.{call} }}}} as v{number}" for number, (call, _) in enumerate(VERBS))
    values_ = ", ".join(f"'{text}'" for text in TEXTS)
    nulls = ", ".join("null" for _ in TEXTS)
    names = ", ".join(f"t{number}" for number in range(len(TEXTS)))
    texts = f"(values ({values_}), ({nulls})) as texts ({names})"
    query = f"select {cells} from {texts} where texts.t0 is not null group by {names}"
    (row,) = rows(project, query)
    return list(row.values())


@requirement("S4-51", "S4-55", "S4-56", "S4-57", "S4-58")
@pytest.mark.parametrize("number", range(len(VERBS)), ids=[call[:60] for call, _ in VERBS])
def test_verb(found: list[Any], number: int) -> None:
    call, expected = VERBS[number]
    value = found[number]
    assert value == expected and (value is None) == (expected is None), call
    if isinstance(expected, float):
        assert math.copysign(1, value) == math.copysign(1, expected)


def test_each_element_of_a_json_array_is_a_row(project: Project) -> None:
    texts = ", ".join(
        f"({number}, {'null' if text is None else repr(text)})" for number, (text, _) in enumerate(ARRAYS)
    )
    elements = "{{ shophouse.elements_of('arrays', 'document', ['number']) }}"
    query = f"""
        with arrays (number, document) as (values {texts})
        select elements.number as number, {{{{ shophouse.json_text('elements.element', 'n') }}}} as n
        from {elements} as elements
    """
    found: dict[int, list[str | None]] = {}
    for row in rows(project, query):
        text = row["n"]
        found.setdefault(row["number"], []).append(text.replace(" ", "") if text else text)
    for number, (text, expected) in enumerate(ARRAYS):
        assert Counter(found.get(number, [])) == Counter(expected), text
