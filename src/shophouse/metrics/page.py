"""The page of all metrics, in Markdown."""

from __future__ import annotations

from shophouse.metrics.catalogue import Catalogue, Metric
from shophouse.metrics.query import MetricQuery, compile_query

__all__ = ["metric_lines", "metrics_page"]

_UNITS = {
    "money": "money, in the shop's currency",
    "count": "a count",
    "quantity": "units",
    "rate": "a share, shown in percent",
    "times": "a multiple",
    "mean": "a mean",
    "days": "days",
    "score": "a score",
}


def metrics_page(catalogue: Catalogue) -> list[str]:
    """Title, introduction, contents and a chapter for each subject, as lines of Markdown."""
    by_subject: dict[str, list[str]] = {}
    for name, metric in catalogue.metrics.items():
        by_subject.setdefault(metric.subject, []).append(name)
    lines = [
        "# Metrics",
        "",
        "What each number means, by which day it is counted, what is not in it, and how others use the same word.",
        "`shophouse metric`, the dashboard, the definitions for MetricFlow and this page are made from one catalogue;",
        "a shop adds or overrides metrics in a `metrics.yml` beside its `shophouse.yml`.",
        "",
    ]
    for subject, names in by_subject.items():
        listed = ", ".join(f"[{catalogue.metrics[name].label}](#{name})" for name in names)
        lines.append(f"- **{subject.capitalize()}**: {listed}")
    for subject, names in by_subject.items():
        lines += ["", f"## {subject.capitalize()}"]
        for name in names:
            lines += ["", f"### {name}", "", *metric_lines(catalogue, name)]
    return lines


def _columns(metric: Metric) -> str:
    but = f"; not of {', '.join(metric.not_in)}" if metric.not_in else ""
    return ", ".join(f"`{column}`" for column in metric.columns) + but


def metric_lines(catalogue: Catalogue, name: str) -> list[str]:
    """What is said of a metric, as lines of Markdown without a heading. Raises ConfigError where there is none."""
    metric = catalogue.metric(name)
    dimensions = ", ".join(sorted(catalogue.dimensions(name))) or "nothing"
    return [
        f"**{metric.label}.** {metric.description}",
        "",
        "| | |",
        "|---|---|",
        f"| formula | {metric.formula} |",
        f"| unit | {_UNITS[metric.unit]}; {'more' if metric.better == 'up' else 'less'} is better |",
        f"| counted by | {metric.basis} |",
        f"| not in it | {metric.excludes} |",
        *([f"| columns of marts | {_columns(metric)} |"] if metric.columns else []),
        f"| finest period | {catalogue.grain(name)} |",
        f"| split by | {dimensions} |",
        *(f"| {product} | {meaning} |" for product, meaning in metric.meant_elsewhere.items()),
        "",
        "```sql",
        *compile_query(catalogue, MetricQuery((name,), "month")).text.splitlines(),
        "```",
    ]
