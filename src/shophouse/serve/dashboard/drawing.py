"""How contents look in the browser: NiceGUI's cards, charts and tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, Protocol

from nicegui import ui

from shophouse.errors import ShophouseError
from shophouse.serve.dashboard.charts import options, sparkline
from shophouse.serve.dashboard.contents import Chart, Column, Content, Figure, Figures, Table, Target
from shophouse.serve.dashboard.downloads import csv_file, excel_file, file_name
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.living_chart import LivingChart

__all__ = ["Drawing"]

Go = Callable[[str], Awaitable[None]]

_HEIGHT = 260
_HEADER = """
<q-th :props="props"><span :title="props.col.about || null" :class="props.col.about ? 'defined' : ''">
{{ props.col.label }}</span></q-th>
"""
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Drawing:
    """A block in a page. What has the shape of what stands there already is changed in place, not drawn anew."""

    def __init__(self, body: Any, about: Any, menu: Any, formats: Formats, go: Go) -> None:
        """`about` is where the definition goes, `menu` the menu; `go` is called with the address a click leads to."""
        self._body, self._about, self._menu = body, about, menu
        self._formats, self._go = formats, go
        self._content: Content | None = None
        self._is_dark = False
        self._part: _Part | None = None
        self._notes: Any = None
        self._items: Any = None

    def show(self, content: Content, *, is_dark: bool) -> None:
        """Show a content."""
        before, was_dark = self._content, self._is_dark
        if content == before and is_dark == was_dark:
            return
        self._content, self._is_dark = content, is_dark
        if not self._is_changed_in_place(before, content):
            self._draw(content)
        if before is None or content.definition != before.definition:
            self._about.clear()
            if content.definition:
                with self._about:
                    _definition(content.definition, content.title)
        if self._items is None:
            with self._menu:
                self._items = self._draw_menu(content.title)
        # what it offers is of what was shown
        self._items.close()

    def tell(self, error: ShophouseError) -> None:
        """Show why there is no content."""
        self._content = None
        self._body.clear()
        with self._body:
            ui.label(error.what).classes("problem")
            for line in (*error.why, *error.hint):
                ui.label(line).classes("note")

    def _is_changed_in_place(self, before: Content | None, content: Content) -> bool:
        if before is None or self._part is None or bool(before.notes) != bool(content.notes):
            return False
        if not self._part.change(content, is_dark=self._is_dark):
            return False
        if content.notes:
            self._notes.text = "; ".join(content.notes)
        return True

    def _draw(self, content: Content) -> None:
        self._body.clear()
        with self._body:
            if isinstance(content, Figures):
                self._part = _Figures(content, self._formats)
            elif isinstance(content, Table):
                self._part = _table(content, self._formats, self._go)
            else:
                self._part = _chart(content, self._formats, self._is_dark, self._go)
            if content.notes:
                self._notes = ui.label("; ".join(content.notes)).classes("note")

    def _draw_menu(self, title: str) -> ui.menu:
        """The SQL of the block, and its rows as CSV and Excel."""
        with ui.button(icon="more_vert").props("flat round dense") as button:
            menu = ui.menu().props("no-parent-event")
        button.props["aria-label"] = f"{title}: SQL and downloads"

        def show() -> None:
            # of what is shown now; most are never opened
            menu.clear()
            if self._content is not None:
                with menu:
                    _menu_items(self._content, self._formats)
                menu.open()

        button.on_click(show)
        return menu


class _Part(Protocol):
    def change(self, content: Content, *, is_dark: bool) -> bool:
        """Show another content, or say that it has another shape."""


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


class _Figures:
    def __init__(self, content: Figures, formats: Formats) -> None:
        self._formats = formats
        self._named = _named(content)
        count = len(content.figures)
        across = count if count < 3 else 3 if count % 3 == 0 else 4
        with ui.element("div").classes(f"figures across-{across}"):
            self._numbers = [self._figure(figure) for figure in content.figures]

    def change(self, content: Content, *, is_dark: bool) -> bool:
        if not isinstance(content, Figures) or _named(content) != self._named:
            return False
        for shown, figure in zip(self._numbers, content.figures, strict=True):
            shown.set_content(_number(figure, self._formats))
        return True

    def _figure(self, figure: Figure) -> Any:
        with ui.element("div").classes("figure").props(f"data-metric={figure.metric}"):
            with ui.element("div").classes("figure-label"):
                ui.label(figure.label)
                if figure.definition:
                    _definition(figure.definition, figure.label)
            return ui.html(_number(figure, self._formats), sanitize=False)


def _named(content: Figures) -> list[tuple[str, ...]]:
    return [(figure.metric, figure.label, figure.definition) for figure in content.figures]


def _number(figure: Figure, formats: Formats) -> str:
    """The number with all that stands below it, as HTML: one element for the browser to keep."""
    parts = [_told("figure-value", formats.value(figure.value, figure.unit))]
    if figure.change is not None:
        mood = "" if figure.is_good is None else "good" if figure.is_good else "bad"
        arrow = "▲" if not figure.change.startswith("-") else "▼"
        before = _told("figure-before", f"from {formats.value(figure.before, figure.unit)}")
        change = _told(mood, f"{arrow} {figure.change}")
        parts.append(f'<div class="figure-change">{change}{before}</div>')
    if figure.target is not None:
        parts.append(_progress(figure.target, figure.unit, formats))
    if sum(value is not None for value in figure.trend) > 1:
        parts.append(f'<div class="sparkline">{sparkline(figure.trend)}</div>')
    return "".join(parts)


def _progress(target: Target, unit: str, formats: Formats) -> str:
    """How much of the target is reached."""
    share = target.share
    told = f"{formats.value(share, 'rate')} of the target of {formats.value(target.value, unit)}"
    reached = ' class="reached"' if share >= 1 else ""
    width = f"{min(100, max(0, share * 100)):.1f}%"
    bar = f'<div class="progress" aria-hidden="true"><div style="width: {width}"{reached}></div></div>'
    return bar + _told("figure-change figure-before", f"{told}, {target.days}" if target.days else told)


def _told(classes: str, text: str) -> str:
    return f'<div class="{classes}">{escape(text)}</div>'


def _definition(text: str, of: str) -> None:
    # an icon of its own is hidden from those who listen
    with ui.element("span").classes("definition") as around:
        around.props("tabindex=0 role=img").props["aria-label"] = f"What {of} means: {text}"
        ui.icon("info_outline")
        ui.tooltip(text).classes("definition-text")


def _chart(content: Chart, formats: Formats, is_dark: bool, go: Go) -> _Chart | None:
    if _is_empty(content):
        ui.label("Nothing in this period.").classes("nothing")
        return None
    return _Chart(content, formats, is_dark, go)


def _is_empty(content: Chart) -> bool:
    return not any(value is not None for series in content.series for value in series.values)


class _Chart:
    def __init__(self, content: Chart, formats: Formats, is_dark: bool, go: Go) -> None:
        self._content, self._formats, self._go = content, formats, go
        self._drawn = LivingChart(options(content, formats, is_dark=is_dark), self._clicked)
        self._drawn.classes("chart").style(_size(content))
        if content.kind == "heatmap" and content.is_labelled:
            # what is scrolled sideways can be so without a mouse
            body = ui.context.slot.parent
            body.props("tabindex=0 role=region").props["aria-label"] = content.title
        self._drawn.props("role=img").props["aria-label"] = content.title
        if content.links:
            self._drawn.classes("clickable")

    def change(self, content: Content, *, is_dark: bool) -> bool:
        before = self._content
        if not isinstance(content, Chart) or _is_empty(content):
            return False
        if (content.title, content.is_labelled, bool(content.links)) != (
            before.title,
            before.is_labelled,
            bool(before.links),
        ):
            return False
        self._content = content
        if _size(content) != _size(before):
            self._drawn.style(replace=_size(content))
        self._drawn.show(options(content, self._formats, is_dark=is_dark))
        return True

    async def _clicked(self, at: int | None, row: int | None) -> None:
        place = row if self._content.kind == "heatmap" else at
        if place is not None and place < len(self._content.links):
            await self._go(self._content.links[place])


def _size(content: Chart) -> str:
    width = f"min-width: {110 + 52 * len(content.columns_across)}px" if content.is_labelled else ""
    return f"flex: 1 0 {_height(content)}px; {width if content.kind == 'heatmap' else ''}"


def _height(content: Chart) -> int:
    if content.kind in ("ranking", "waterfall", "funnel"):
        bars = max(1, len(content.series)) if content.kind == "ranking" else 1
        return max(_HEIGHT, (16 + 18 * bars) * len(content.labels) + 50)
    return max(_HEIGHT, 26 * len(content.labels) + 40) if content.kind == "heatmap" else _HEIGHT


def _table(content: Table, formats: Formats, go: Go) -> _Table | None:
    if not content.rows:
        ui.label(content.empty).classes("nothing")
        return None
    return _Table(content, formats, go)


class _Table:
    def __init__(self, content: Table, formats: Formats, go: Go) -> None:
        self._content, self._formats, self._go = content, formats, go
        self._turn = 0
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
        pages = {"rowsPerPage": content.shown}
        self._drawn = ui.table(columns=columns, rows=self._rows(), row_key="_row", pagination=pages)
        # those who use no mouse scroll it by the arrow keys
        self._drawn.props("flat dense wrap-cells tabindex=0 role=region").classes("table")
        self._drawn.props["aria-label"] = content.title
        if len(content.rows) <= content.shown:
            self._drawn.props("hide-pagination")
        _pages_by_itself(self._drawn)
        self._drawn.add_slot("header-cell", _HEADER)
        if content.links:
            self._drawn.classes("clickable")
            self._drawn.on("rowClick", self._clicked)

    def change(self, content: Content, *, is_dark: bool) -> bool:
        if not isinstance(content, Table) or not content.rows or _shape(content) != _shape(self._content):
            return False
        # of several pages the first is shown
        if max(len(content.rows), len(self._content.rows)) > content.shown:
            return False
        if content.rows != self._content.rows or content.links != self._content.links:
            self._content = content
            self._turn += 1
            self._drawn.rows = self._rows()
        return True

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for number, row in enumerate(self._content.rows):
            shown: dict[str, Any] = {"_row": number, "_turn": self._turn}
            for column, value in zip(self._content.columns, row, strict=True):
                shown[column.name] = written(value, column, self._formats)
                shown[f"_{column.name}"] = str(value) if _is_text(column) or value is None else _sortable(value)
            rows.append(shown)
        return rows

    async def _clicked(self, event: Any) -> None:
        row = event.args[1]
        # a click on what has been replaced meanwhile is none
        if row["_turn"] == self._turn:
            await self._go(self._content.links[row["_row"]])


def _shape(content: Table) -> tuple[Any, ...]:
    return content.title, content.columns, content.shown, bool(content.links)


def _pages_by_itself(table: ui.table) -> None:
    """NiceGUI asks to be told of each page, and then sends all rows anew: once for each table that is drawn."""
    listeners = table._event_listeners
    for name in [name for name, listener in listeners.items() if listener.type == "update:pagination"]:
        del listeners[name]


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
