"""From which columns each column of a model is made, as its compiled SQL says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Origin", "column_lineage"]


@dataclass(frozen=True, order=True)
class Origin:
    """A column of another table that a column is made of."""

    schema: str
    table: str
    column: str


def column_lineage(
    sql: str, dialect: str, tables: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, tuple[Origin, ...]]:
    """Column → the columns of tables that its value is calculated from, sorted; empty of a constant.

    `tables` gives the columns of each table, by schema. What rows are joined, filtered or grouped by is not in it, but
    for what stands in a column's own expression. Empty where the SQL is not understood.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    try:
        tree: Any = qualify(
            sqlglot.parse_one(sql, dialect=dialect),
            schema=dict(tables),
            dialect=dialect,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        scope: Any = build_scope(tree)
    except SqlglotError:
        return {}
    if scope is None:
        return {}
    names = [select.alias_or_name for select in tree.selects]
    memo: dict[tuple[int, int], frozenset[Origin]] = {}
    return {name: tuple(sorted(_origins(scope, at, memo))) for at, name in enumerate(names)}


def _origins(scope: Any, at: int, memo: dict[tuple[int, int], frozenset[Origin]]) -> frozenset[Origin]:
    """What the column at a place of a query's result is made of."""
    key = (id(scope), at)
    if key in memo:
        return memo[key]
    memo[key] = frozenset()  # a recursive query comes here again
    if scope.set_operation_scopes:
        found = frozenset().union(*(_origins(part, at, memo) for part in scope.set_operation_scopes))
    else:
        selects = scope.expression.selects
        found = _of(selects[at], scope, memo) if at < len(selects) else frozenset()
    memo[key] = found
    return found


def _of(expression: Any, scope: Any, memo: dict[tuple[int, int], frozenset[Origin]]) -> frozenset[Origin]:
    from sqlglot import exp

    inner = {id(part.expression): part for part in scope.subquery_scopes}
    found: set[Origin] = set()
    below = {id(node) for query in expression.find_all(exp.Query) if id(query) in inner for node in query.walk()}
    for query in expression.find_all(exp.Query):
        if id(query) in inner:
            for at in range(len(query.selects)):
                found |= _origins(inner[id(query)], at, memo)
    for column in expression.find_all(exp.Column):
        if id(column) in below:
            continue
        source = scope.sources.get(column.table)
        if source is None:
            continue
        if isinstance(source, exp.Table):
            if source.db:
                found.add(Origin(source.db, source.name, column.name))
        elif hasattr(source, "expression"):
            names = [select.alias_or_name for select in source.expression.selects]
            if column.name in names:
                found |= _origins(source, names.index(column.name), memo)
    return frozenset(found)
