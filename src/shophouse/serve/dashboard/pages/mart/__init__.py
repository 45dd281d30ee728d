"""One table of the warehouse: what it is, its columns, and its rows."""

from __future__ import annotations

from dataclasses import dataclass

from shophouse.quoting import identifier
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.contents import Column, Table
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page

_MOST = 1000
_COLUMNS = """
select
    column_name,
    data_type
from information_schema.columns
where table_catalog = 'shop'
    and table_schema = 'marts'
    and table_name = $name
order by ordinal_position
"""


def _columns(context: Context) -> list[tuple[str, str]]:
    """The columns of the table that the page is about, and their types: those that may be seen."""
    found = context.published.query(_COLUMNS, {"name": context.view.about.get("name")}).rows
    return [(column, kind) for column, kind in found if column.lower() not in context.published.personal]


def _named(context: Context) -> str | None:
    return context.view.about["name"] if _columns(context) else None


def _lead(context: Context) -> str:
    described = context.marts().get(context.view.about["name"])
    return described.description if described is not None else ""


@dataclass(frozen=True)
class _Described:
    title: str = "Columns"
    width: int = 12
    needs: Need | None = None

    def content(self, context: Context) -> Table:
        name = context.view.about["name"]
        described = context.marts().get(name)
        said = described.columns if described is not None else {}
        metrics = {column: context.catalogue.of_column(column, (name,)) for column, _ in _columns(context)}
        labels = {column: context.catalogue.metrics[metric].label for column, metric in metrics.items() if metric}
        return Table(
            self.title,
            definition="What each column is, and the metric that it holds.",
            columns=(
                Column("column", "Column", "code"),
                Column("type", "Type", "code"),
                Column("metric", "Metric"),
                Column("description", "What it is"),
            ),
            rows=tuple((column, kind, labels.get(column), said.get(column, "")) for column, kind in _columns(context)),
            shown=100,
        )


@dataclass(frozen=True)
class _Rows:
    title: str = "Rows"
    width: int = 12
    needs: Need | None = None

    def content(self, context: Context) -> Table:
        name = context.view.about["name"]
        columns = _columns(context)
        chosen = ",\n    ".join(identifier(column) for column, _ in columns)
        sql = f"select\n    {chosen}\nfrom marts.{identifier(name)}"
        found = context.published.query(f"{sql}\nlimit {_MOST}")
        [[count]] = context.published.query(f"select count(*) from marts.{identifier(name)}").rows
        formats = context.formats
        note = f"{formats.value(min(count, _MOST), 'count')} of {formats.value(count, 'count')} rows"
        if count > _MOST:
            note += f"; all of them: shophouse export {name}"
        return Table(
            self.title,
            sql,
            (note,),
            "Rows as they stand in the table, in no order.",
            columns=tuple(Column(column, column, _unit(column, kind)) for column, kind in columns),
            rows=found.rows,
            shown=10,
        )


def _unit(column: str, kind: str) -> str:
    """How values are written: as in the table, keys and years without separators."""
    if column.endswith("_count"):
        return "count"
    if column.endswith("_rate"):
        return "rate"
    if kind.startswith("DECIMAL") and column.endswith("_amount"):
        return "amount"
    if any(word in kind for word in ("DECIMAL", "DOUBLE")):
        return "number"
    return "code" if column.endswith(("_key", "_date", "_day", "_at")) else "text"


PAGE = Page(
    name="mart",
    title="Table",
    icon="table_rows",
    position=9,
    choices=(),
    under="health",
    about=("name",),
    heading=_named,
    lead=_lead,
    blocks=(_Described(), _Rows()),
)
