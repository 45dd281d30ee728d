"""The SQL of the dashboard's blocks as another program runs it: in its database's dialect, with its own choices.

What a person may choose stands in the one row of a common table expression `chosen`. All else of a query is that of
the dashboard, which sqlglot writes in the dialect of the database that the program reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import sqlglot
from sqlglot import exp

__all__ = ["CHOICES", "FILTERS", "Dialect", "any_of", "choices_of", "chosen", "filled", "translated"]

Dialect = Literal["duckdb", "postgres"]

FILTERS: Mapping[str, str] = {"store": "Store", "channel": "Channel", "country": "Country", "category": "Category"}
CHOICES: Mapping[str, str] = {"start": "From", "end": "To", "grain": "Grain", **FILTERS}
"""What can be chosen, and what people read: `start` and `end` are days, both inclusive; by itself the last 30 days."""

_COLUMNS: Mapping[str, str] = {
    "start": "days.first_day",
    "end": "days.last_day",
    "first_month": "cast(date_trunc('month', days.first_day) as date)",
    "last_month": "cast(date_trunc('month', days.last_day) + interval 1 month - interval 1 day as date)",
    "year_start": (
        "least(cast(date_trunc('month', days.first_day) as date), "
        "cast(date_trunc('month', days.last_day) - interval 11 month as date))"
    ),
    "grain": (
        "coalesce(cast(choice__grain as varchar), case when days.last_day - days.first_day < 92 then 'day' "
        "when days.last_day - days.first_day < 366 then 'week' else 'month' end)"
    ),
    **{name: f"cast(choice__{name} as varchar)" for name in FILTERS},
}
"""How each parameter of the dashboard's queries follows from what is chosen."""

_DAYS = """(
    select coalesce(cast(choice__start as date), ended.last_day - 29) as first_day, ended.last_day
    from (
        select coalesce(
            cast(choice__end as date),
            (select max(date_day) from marts.sales_daily where order_count > 0),
            current_date
        ) as last_day
    ) as ended
) as days"""

_READ = re.compile(r"\bchosen\.chosen_([a-z_]+)")
_CHOICE = re.compile(r"\bchoice__([a-z]+)\b")


def chosen(parameter: str) -> str:
    """SQL for a parameter of the dashboard's queries, as `end` or `first_month`, for `translated`."""
    return f"(select chosen.chosen_{parameter} from chosen)"


def any_of(name: str) -> str:
    """A text that stands for the chosen value of a filter: a column that is `in` it is so where none is chosen, too."""
    return f"chosen {name}"


def translated(sql: str, dialect: Dialect) -> str:
    """A query in DuckDB's SQL, in which `chosen(…)` may stand, in `dialect`, with what was published as schemas.

    It ends in what `filled` takes. Raises sqlglot.ParseError for SQL that is not understood.
    """
    body = _written(sql, dialect)
    read = dict.fromkeys(_READ.findall(body))
    if not read:
        return body
    columns = ", ".join(f"{_COLUMNS[name]} as chosen_{name}" for name in read)
    first = f"chosen as (\n{_written(f'select {columns} from {_DAYS}', dialect)}\n)"
    if body.upper().startswith("WITH "):
        return f"with {first}, {body[len('WITH ') :]}"
    return f"with {first}\n{body}"


def choices_of(sql: str) -> tuple[str, ...]:
    """What can be chosen of a translated query."""
    found = set(_CHOICE.findall(sql))
    return tuple(name for name in CHOICES if name in found)


def filled(sql: str, given: Mapping[str, str]) -> str:
    """A translated query with SQL for each choice; null for one that is left open."""
    return _CHOICE.sub(lambda found: given.get(found[1], "null"), sql)


def _written(sql: str, dialect: Dialect) -> str:
    tree = sqlglot.parse_one(sql, read="duckdb").transform(_narrowed)
    if dialect == "postgres":
        for table in tree.find_all(exp.Table):
            if table.db:
                table.set("db", exp.to_identifier(f"published_{table.db}"))
    return tree.sql(dialect=dialect, pretty=True, normalize_functions="lower")


def _narrowed(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.In) and len(node.expressions) == 1 and node.expressions[0].is_string:
        for name in FILTERS:
            if node.expressions[0].name == any_of(name):
                value = sqlglot.parse_one(chosen(name), read="duckdb")
                return exp.paren(exp.or_(value.is_(exp.null()), node.this.eq(value.copy())))
    return node
