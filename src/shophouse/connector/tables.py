"""What a table's columns are by themselves: their names in SQL, their types, the key, and what names rows of others."""

from __future__ import annotations

from shophouse.connector.words import form, snake, synonyms, tokens
from shophouse.sources.schema import SourceColumn, SourceTable

__all__ = ["base_names", "key_columns", "reference", "shown_type"]

_NUMBER = r"[+-]?\d{1,14}(\.\d{1,12})?"
_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_MOMENT = _DAY + r"[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"


def base_names(table: SourceTable) -> dict[str, str]:
    """What each column is called in the base model."""
    names: dict[str, str] = {}
    for column in table.columns:
        name, number = snake(column.name), 2
        while name in names.values():
            name, number = f"{snake(column.name)}_{number}", number + 1
        names[column.name] = name
    return names


def shown_type(column: SourceColumn) -> str:
    """The type of a column by its values where it is text: what a text holds may be dates or numbers."""
    if column.type == "text" and column.sample.values:
        if column.sample.all_match(_DAY):
            return "date"
        if column.sample.all_match(_MOMENT):
            return "timestamp"
        if column.sample.all_match(_NUMBER):
            return "decimal(18,4)"
    return column.type


def key_columns(table: SourceTable, entity: str) -> tuple[tuple[str, ...], str]:
    """The columns that name a row of the table, as an entity's, and how that is known; none, and "" where it isn't."""
    if table.primary_key:
        return table.primary_key, "primary key"
    filled = {column.name for column in table.columns if column.is_required}
    for unique in table.unique:
        if filled.issuperset(unique):
            return unique, "unique"
    words = synonyms()[0][entity]
    wanted = {"id", "".join((*tokens(table.name), "id"))} | words.key_forms
    surest = sorted(table.columns, key=lambda column: form(column.name) not in wanted)
    for column in surest:
        if form(column.name) in wanted | words.bare_forms and (column.sample.is_unique or not column.sample.rows):
            return (column.name,), "by its name; no row looked at repeats it" if column.sample.rows else "by its name"
    return (), ""


def reference(table: SourceTable, target: SourceTable, entity: str) -> str | None:
    """The column of `table` that names a row of `target`, which is taken for `entity`."""
    for foreign in table.foreign_keys:
        if foreign.table == target.name and len(foreign.columns) == 1:
            return foreign.columns[0]
    if table.name == target.name:
        return None
    key = key_columns(target, entity)[0]
    own = form(key[0]) if len(key) == 1 else ""
    wanted = synonyms()[0][entity].key_forms | {"".join((*tokens(target.name), "id"))}
    if own and own not in synonyms()[0][entity].numbers:
        wanted = wanted | {own}
    taken = {column for foreign in table.foreign_keys for column in foreign.columns}
    bare = synonyms()[0][entity].bare_forms
    free = [column.name for column in table.columns if column.name not in taken]
    return next((name for name in free if form(name) in wanted), None) or next(
        (name for name in free if form(name) in bare and name not in key_columns(table, entity)[0]), None
    )
