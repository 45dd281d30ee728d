"""A report as one HTML file: no script, nothing from elsewhere, the same bytes for the same contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from shophouse.serve.dashboard.blocks import meaning
from shophouse.serve.dashboard.charts import sparkline
from shophouse.serve.dashboard.contents import Chart, Column, Content, Figure, Figures, Table
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.periods import COMPARISONS, Period
from shophouse.serve.dashboard.view import FILTERS
from shophouse.serve.report.charts import chart, values
from shophouse.serve.report.made import Chapter, Report, Section
from shophouse.serve.report.period import heading

__all__ = ["draw", "page"]

# what a click does in the dashboard
_CLICK = re.compile(r"[.;] a click leads [^.]*\.", re.IGNORECASE)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_PROOF_ROWS = 500
_LONG = 20


def page(title: str, body: Iterable[str], *, locale: str = "en") -> str:
    """An HTML page with the look of reports. `title` is plain text."""
    css = Path(__file__).with_name("report.css").read_text("utf-8")
    parts = [
        "<!doctype html>",
        f'<html lang="en" data-locale="{escape(locale)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title><style>{css}</style></head><body><main>",
        *body,
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def draw(report: Report) -> str:
    """The report as a file."""
    title = f"{report.shop}: {heading(report.period, report.formats)}"
    return page(title, _body(report), locale=str(report.formats.locale))


def _body(report: Report) -> Iterator[str]:
    chapters = [*report.chapters, report.proof]
    links = [(chapter.name, chapter.title) for chapter in chapters] + [("definitions", "Definitions")]
    yield f'<header><p class="shop">{escape(report.shop)}</p>'
    yield f"<h1>{escape(heading(report.period, report.formats))}</h1>"
    yield from (f'<p class="about">{escape(line)}</p>' for line in _about(report))
    nav = "".join(f'<a href="#{name}">{escape(words)}</a>' for name, words in links)
    yield f'<nav aria-label="Contents">{nav}</nav></header>'
    for chapter in chapters:
        yield from _chapter(report, chapter, proves=chapter is report.proof)
    yield from _definitions(report)
    yield f"<footer>{escape(_version(report))}</footer>"


def _about(report: Report) -> Iterator[str]:
    formats, view, period = report.formats, report.view, report.period
    days = _days(period, formats)
    if view.before is None:
        yield f"{days}."
    else:
        yield f"{days}, compared with {_days(view.before, formats)} ({COMPARISONS[view.comparison].lower()})."
    filters = "; ".join(f"{FILTERS[name]}: {', '.join(chosen)}" for name, chosen in view.filters.items())
    if filters:
        yield f"Only {filters}."
    if period.end > view.last:
        yield f"Not over yet: the last order that is known of is of {formats.day(view.last)}."
    yield _version(report)


def _version(report: Report) -> str:
    version = report.version
    run_at = report.formats.value(version.run_at, "time")
    return f"Published version {version.number}, of the run {version.run_id} that began on {run_at} UTC."


def _days(period: Period, formats: Formats) -> str:
    if period.days == 1:
        return formats.day(period.start)
    return f"{formats.day(period.start)} – {formats.day(period.end)}"


def _chapter(report: Report, chapter: Chapter, *, proves: bool = False) -> Iterator[str]:
    yield f'<section class="chapter" id="{chapter.name}"><h2>{escape(chapter.title)}</h2>'
    if chapter.lacked is not None:
        needed = f"{chapter.lacked.what}: this shop has no data yet. This needs {chapter.lacked.brought_by}."
        yield f'<p class="lacking">{escape(needed)}</p>'
    yield '<div class="blocks">'
    for section in chapter.sections:
        yield from _section(report, section, proves=proves)
    yield "</div>"
    if chapter.lacking:
        told = "; ".join(f"{need.what} ({need.brought_by})" for need in chapter.lacking)
        yield f'<p class="lacking">Not shown, for want of data: {escape(told)}.</p>'
    yield "</section>"


def _section(report: Report, section: Section, *, proves: bool) -> Iterator[str]:
    content, formats = section.content, report.formats
    most = _PROOF_ROWS if proves else _LONG
    is_long = isinstance(content, Table) and min(len(content.rows), most) > _LONG
    kind = "long" if is_long else "whole"
    yield f'<section class="panel wide-{section.width} {kind}"><h3>{escape(section.title)}</h3>'
    if content is None:
        yield f'<p class="nothing">{escape(section.left_out)}</p></section>'
        return
    if content.definition:
        yield f'<p class="definition">{escape(_CLICK.sub(".", content.definition))}</p>'
    if isinstance(content, Figures):
        yield from _figures(report, content)
    elif isinstance(content, Table):
        yield from _table(report, content, _PROOF_ROWS if proves else content.shown)
    elif any(value is not None for series in content.series for value in series.values):
        yield chart(content, formats, section.width)
    else:
        yield '<p class="nothing">Nothing in this period.</p>'
    if content.notes:
        yield f'<p class="note">{escape("; ".join(content.notes))}</p>'
    yield _details(content, formats)
    yield "</section>"


def _details(content: Content, formats: Formats) -> str:
    """What is there for those who look for it; paper leaves it out."""
    parts = [("SQL", f"<pre>{escape(content.sql)}</pre>")] if content.sql else []
    if isinstance(content, Chart) and (table := values(content, formats)):
        parts.insert(0, ("Values", f'<div class="scroll" tabindex="0" role="region" aria-label="Values">{table}</div>'))
    return "".join(f"<details><summary>{name}</summary>{inner}</details>" for name, inner in parts)


def _figures(report: Report, content: Figures) -> Iterator[str]:
    across = 3 if len(content.figures) % 3 == 0 else 4
    yield f'<div class="figures across-{across}">'
    for figure in content.figures:
        yield from _figure(report, figure)
    yield "</div>"


def _figure(report: Report, figure: Figure) -> Iterator[str]:
    formats = report.formats
    yield f'<div class="figure" data-metric="{escape(figure.metric)}">'
    yield f'<div class="label">{_defined(report, figure.metric, figure.label, figure.definition)}</div>'
    yield f'<div class="value">{escape(formats.value(figure.value, figure.unit))}</div>'
    if figure.change is not None:
        mood = "" if figure.is_good is None else ' class="good"' if figure.is_good else ' class="bad"'
        arrow = "▼" if figure.change.startswith("-") else "▲"
        before = escape(formats.value(figure.before, figure.unit))
        changed = f"<span{mood}>{arrow} {escape(figure.change)}</span>"
        yield f'<div class="change">{changed} <span class="before">from {before}</span></div>'
    if figure.target:
        share = figure.target.share
        told = f"{formats.value(share, 'rate')} of the target, {formats.value(figure.target.value, figure.unit)}"
        told += f" ({figure.target.days})" if figure.target.days else ""
        reached = ' class="reached"' if share >= 1 else ""
        yield f'<div class="progress"><i{reached} style="width:{min(100, max(0, share * 100)):.1f}%"></i></div>'
        yield f'<div class="before">{escape(told)}</div>'
    if sum(value is not None for value in figure.trend) > 1:
        yield f'<div class="sparkline">{sparkline(figure.trend)}</div>'
    yield "</div>"


def _table(report: Report, content: Table, most: int) -> Iterator[str]:
    if not content.rows:
        yield f'<p class="nothing">{escape(content.empty)}</p>'
        return
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(content.title)}"><table><thead><tr>'
    for column in content.columns:
        yield f"<th{_class(column)}>{_defined(report, column.name, column.label, column.definition)}</th>"
    yield "</tr></thead><tbody>"
    for row in content.rows[:most]:
        cells = zip(content.columns, row, strict=True)
        yield "<tr>" + "".join(_cell(column, value, report.formats) for column, value in cells) + "</tr>"
    yield "</tbody></table></div>"
    if len(content.rows) > most:
        rows, shown = (report.formats.value(number, "count") for number in (len(content.rows), most))
        yield f'<p class="note">The first {shown} of {rows} rows.</p>'


def _cell(column: Column, value: Any, formats: Formats) -> str:
    return f"<td{_class(column)}>{escape(formats.value(value, column.unit))}</td>"


def _class(column: Column) -> str:
    if column.unit in ("text", "name"):
        return ' class="words"' if column.unit == "text" else ""
    return ' class="day"' if column.unit in ("day", "month", "time") else ' class="number"'


def _defined(report: Report, name: str, label: str, definition: str) -> str:
    """A label that leads to what it means, or tells it to those who point at it."""
    metric = report.named.get(name)
    if metric is not None:
        return f'<a href="#metric-{escape(metric)}" title="{escape(definition)}">{escape(label)}</a>'
    return f'<span title="{escape(definition)}">{escape(label)}</span>' if definition else escape(label)


def _definitions(report: Report) -> Iterator[str]:
    yield '<section class="chapter" id="definitions"><h2>Definitions</h2>'
    yield '<p class="lacking">What the metrics above mean, as the catalogue says it that they are calculated from.</p>'
    yield '<dl class="definitions">'
    for name, metric in sorted(report.definitions.items(), key=lambda pair: (pair[1].label.lower(), pair[0])):
        yield f'<div id="metric-{escape(name)}"><dt>{escape(metric.label)} <code>{escape(name)}</code></dt>'
        yield f"<dd>{escape(meaning(metric))}</dd></div>"
    yield "</dl></section>"
