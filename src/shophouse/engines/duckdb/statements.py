"""What builds a model: in a full run, or for the affected keys in an incremental one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shophouse.quoting import identifier, literal

if TYPE_CHECKING:
    from shophouse.engines.plan import CompiledModel, Session

__all__ = ["build", "drop", "full_statements", "statements"]

_DECIMAL = re.compile(r"DECIMAL\((\d+),")


def full_statements(model: CompiledModel) -> list[str]:
    """What builds a model in a full run; nothing for one that is part of others' SQL."""
    if model.materialized == "ephemeral":
        return []
    if model.materialized == "view":
        return [f"create or replace view {model.relation} as\n{model.full_sql}"]
    return [_table(model) + model.full_sql]


def statements(model: CompiledModel) -> list[str]:
    """What builds a model in an incremental run: for the affected keys, where it is an incremental one."""
    if model.materialized == "table":
        return [_table(model) + model.sql]
    if not model.key:
        return [f"insert into {model.relation} by name\n{model.sql}"]
    # read before anything is deleted: a model may look at its own rows as they are
    return [
        f"create or replace temp table replacing as\n{model.sql}",
        f"delete from {model.relation} where {model.key} in (select {model.key} from {model.affected})",
        f"insert into {model.relation} by name select * from replacing",
        "drop table replacing",
    ]


def build(session: Session, model: CompiledModel, *, anew: bool, known: dict[str, str] | None = None) -> None:
    """Execute a model's statements. Its sums, which are decimals of 28 digits, are kept as they are.

    Packed by bits, as DuckDB would have them, no more than ten million of them are read a second. `known` keeps what
    queries were found to give, which costs planning them twice: for as long as what they read has the same columns.
    """
    if not (anew or model.sql):
        anew = True
        session.execute(f"create schema if not exists {identifier(model.schema)}")
        drop(session, model, unless=model.materialized == "view")
    sql = model.full_sql if anew else model.sql
    is_made_anew = model.materialized == "table" or (anew and model.materialized not in ("view", "ephemeral"))
    # a model that reads itself must find its rows, which are gone once the table is declared
    if is_made_anew and model.relation not in sql:
        known = {} if known is None else known
        if sql not in known:
            known[sql] = _wide_columns(session, sql)
        if known[sql]:
            session.execute(f"create or replace table {model.relation} ({known[sql]})")
            session.execute(f"insert into {model.relation} by name\n{sql}")
            return
    for statement in full_statements(model) if anew else statements(model):
        session.execute(statement)


def drop(session: Session, model: CompiledModel, *, unless: bool | None = None) -> None:
    """Drop the table or view by a model's name, if there is one, `unless` it is (true) or is not (false) a view."""
    name = """'"' || concat_ws('"."', table_catalog, table_schema, table_name) || '"'"""
    kinds = f"select table_type = 'VIEW' from information_schema.tables where {name} = {literal(model.relation)}"
    for (is_view,) in session.execute(kinds).fetchall():
        if is_view != unless:
            session.execute(f"drop {'view' if is_view else 'table'} {model.relation}")


def _table(model: CompiledModel) -> str:
    return f"create or replace table {model.relation} as\n"


def _wide_columns(session: Session, query: str) -> str:
    """The declaration of a table of the query's columns; nothing where none is wide."""
    columns = [(str(name), str(type_)) for name, type_, *_ in session.execute(f"describe\n{query}").fetchall()]
    if not any(_is_wide(type_) for _, type_ in columns):
        return ""
    return ", ".join(
        f"{identifier(name)} {type_}{' using compression rle' if _is_wide(type_) else ''}" for name, type_ in columns
    )


def _is_wide(type_: str) -> bool:
    digits = _DECIMAL.match(type_)
    return type_ == "HUGEINT" or (digits is not None and int(digits[1]) > 18)
