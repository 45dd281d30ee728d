"""How contents look in the browser: NiceGUI's cards, charts and tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from shophouse.serve.dashboard.charts import options, sparkline
from shophouse.serve.dashboard.contents import Chart, Column, Content, Figure, Figures, Table, Target
from shophouse.serve.dashboard.downloads import csv_file, excel_file, file_name
from shophouse.serve.dashboard.formats import Formats

__all__ = ["draw", "draw_definition", "draw_menu"]

_HEIGHT = 260
_HEADER = """
<q-th :props="props"><span :title="props.col.about || null" :class="props.col.about ? 'defined' : ''">
{{ props.col.label }}</span></q-th>
"""
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw(content: Content, formats: Formats, *, is_dark: bool, go: Callable[[str], Awaitable[None]]) -> None:
    """Draw the body of a block where NiceGUI stands; `go` is called with the address that a click leads to."""
    if isinstance(content, Figures):
        _figures(content, formats)
    elif isinstance(content, Table):
        _table(content, formats, go)
    else:
        _chart(content, formats, is_dark, go)
    if content.notes:
        ui.label("; ".join(content.notes)).classes("note")


def draw_definition(content: Content) -> None:
    """What a block means, behind a sign beside its title."""
    if content.definition:
        _definition(content.definition, content.title)


def draw_menu(content: Content, formats: Formats) -> None:
    """The menu of a block: its SQL, and its rows as CSV and Excel."""
    with ui.button(icon="more_vert").props("flat round dense") as button:
        menu = ui.menu().props("no-parent-event")
    button.props["aria-label"] = f"{content.title}: SQL and downloads"

    def show() -> None:
        # most are never opened
        if not menu.default_slot.children:
            with menu:
                _menu_items(content, formats)
        menu.open()

    button.on_click(show)


def _menu_items(content: Content, formats: Formats) -> None:
    if content.sql:
        ui.menu_item("Show the SQL", lambda: _show_sql(content))
    if not isinstance(content, Figures):
        ui.menu_item("Show as table", lambda: _show_rows(content, formats))
        name = file_name(content)
        ui.menu_item("Download CSV", lambda: ui.download.content(csv_file(content, formats), f"{name}.csv", "text/csv"))
        ui.menu_item(
            "Download Excel", lambda: ui.download.content(excel_file(content, formats), f"{name}.xlsx", _EXCEL)
        )


def _figures(content: Figures, formats: Formats) -> None:
    count = len(content.figures)
    across = count if count < 3 else 3 if count % 3 == 0 else 4
    with ui.element("div").classes(f"figures across-{across}"):
        for figure in content.figures:
            _figure(figure, formats)


def _figure(figure: Figure, formats: Formats) -> None:
    with ui.element("div").classes("figure").props(f"data-metric={figure.metric}"):
        with ui.element("div").classes("figure-label"):
            ui.label(figure.label)
            if figure.definition:
                _definition(figure.definition, figure.label)
        ui.label(formats.value(figure.value, figure.unit)).classes("figure-value")
        if figure.change is not None:
            mood = "" if figure.is_good is None else "good" if figure.is_good else "bad"
            arrow = "▲" if not figure.change.startswith("-") else "▼"
            before = formats.value(figure.before, figure.unit)
            with ui.element("div").classes("figure-change"):
                ui.label(f"{arrow} {figure.change}").classes(mood)
                ui.label(f"from {before}").classes("figure-before")
        if figure.target is not None:
            _progress(figure.target, figure.unit, formats)
        if sum(value is not None for value in figure.trend) > 1:
            ui.html(sparkline(figure.trend), sanitize=False).classes("sparkline")


def _progress(target: Target, unit: str, formats: Formats) -> None:
    """How much of the target is reached."""
    share = float(target.reached or 0) / float(target.value)
    told = f"{formats.value(share, 'rate')} of the target of {formats.value(target.value, unit)}"
    with ui.element("div").classes("progress").props('aria-hidden="true"'):
        ui.element("div").style(f"width: {min(100, max(0, share * 100)):.1f}%").classes("reached" if share >= 1 else "")
    ui.label(f"{told}, {target.days}" if target.days else told).classes("figure-change figure-before")


def _definition(text: str, of: str) -> None:
    # an icon of its own is hidden from those who listen
    with ui.element("span").classes("definition") as around:
        around.props("tabindex=0 role=img").props["aria-label"] = f"What {of} means: {text}"
        ui.icon("info_outline")
        ui.tooltip(text).classes("definition-text")


def _chart(content: Chart, formats: Formats, is_dark: bool, go: Callable[[str], Awaitable[None]]) -> None:
    if not any(value is not None for series in content.series for value in series.values):
        ui.label("Nothing in this period.").classes("nothing")
        return
    drawn = ui.echart(options(content, formats, is_dark=is_dark)).classes("chart")
    drawn.style(f"flex: 1 0 {_height(content)}px")
    if content.kind == "heatmap" and content.is_labelled:
        drawn.style(f"min-width: {110 + 52 * len(content.columns_across)}px")
        # what is scrolled sideways can be so without a mouse
        body = ui.context.slot.parent
        body.props("tabindex=0 role=region").props["aria-label"] = content.title
    drawn.props("role=img").props["aria-label"] = content.title
    if content.links:
        drawn.classes("clickable")

        async def clicked(event: Any) -> None:
            at = event.value[1] if content.kind == "heatmap" else event.data_index
            if at is not None and at < len(content.links):
                await go(content.links[at])

        drawn.on_point_click(clicked)


def _height(content: Chart) -> int:
    if content.kind in ("ranking", "waterfall", "funnel"):
        bars = max(1, len(content.series)) if content.kind == "ranking" else 1
        return max(_HEIGHT, (16 + 18 * bars) * len(content.labels) + 50)
    return max(_HEIGHT, 26 * len(content.labels) + 40) if content.kind == "heatmap" else _HEIGHT


def _table(content: Table, formats: Formats, go: Callable[[str], Awaitable[None]]) -> None:
    if not content.rows:
        ui.label(content.empty).classes("nothing")
        return
    # what is shown is text; what is sorted by is beside it
    order = "(a, b, x, y) => (x['_{0}'] ?? -Infinity) > (y['_{0}'] ?? -Infinity) ? 1 : -1"
    columns = [
        {
            "name": column.name,
            "label": column.label,
            "about": column.definition,
            "field": column.name,
            "sortable": True,
            "align": "left" if _is_text(column) else "right",
            "classes": {"text": "words", "name": ""}.get(column.unit, "number"),
            ":sort": order.format(column.name),
        }
        for column in content.columns
    ]
    rows = []
    for number, row in enumerate(content.rows):
        shown: dict[str, Any] = {"_row": number}
        for column, value in zip(content.columns, row, strict=True):
            shown[column.name] = written(value, column, formats)
            shown[f"_{column.name}"] = str(value) if _is_text(column) or value is None else _sortable(value)
        rows.append(shown)
    table = ui.table(columns=columns, rows=rows, row_key="_row", pagination={"rowsPerPage": content.shown})
    # those who use no mouse scroll it by the arrow keys
    table.props("flat dense wrap-cells tabindex=0 role=region").classes("table").props["aria-label"] = content.title
    if len(rows) <= content.shown:
        table.props("hide-pagination")
    table.add_slot("header-cell", _HEADER)
    if content.links:
        table.classes("clickable")
        table.on("rowClick", lambda event: go(content.links[event.args[1]["_row"]]))


def written(value: Any, column: Column, formats: Formats) -> str:
    """A cell as people read it."""
    return formats.value(value, column.unit)


def _is_text(column: Column) -> bool:
    return column.unit in ("text", "name", "code", "day", "month", "time")


def _sortable(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def _show_sql(content: Content) -> None:
    with ui.dialog() as dialog, ui.card().classes("sql-card"):
        ui.label(content.title).classes("block-title")
        ui.code(content.sql, language="sql").classes("sql")
        with ui.row():
            ui.button("Copy", on_click=lambda: ui.clipboard.write(content.sql)).props("flat")
            ui.button("Close", on_click=dialog.close).props("flat")
    dialog.open()


def _show_rows(content: Chart | Table, formats: Formats) -> None:
    with ui.dialog() as dialog, ui.card().classes("sql-card"):
        ui.label(content.title).classes("block-title")
        _table(Table(content.title, columns=content.columns, rows=content.rows), formats, _stay)
        ui.button("Close", on_click=dialog.close).props("flat")
    dialog.open()


async def _stay(_: str) -> None:
    """Rows shown in a dialog lead nowhere."""
