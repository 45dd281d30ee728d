"""The catalogue as definitions for dbt's semantic layer: semantic models, metrics and a time spine for MetricFlow.

They are written into a shop's dbt project, where `mf query --metrics net_sales --group-by metric_time__month` finds
them. A metric is calculated from the first semantic model that the catalogue gives for it, and split by the dimensions
of that: `--group-by sales_by_day__channel`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from shophouse.metrics.catalogue import Catalogue, Metric, SemanticModel

__all__ = ["FOLDER", "definitions", "write_metricflow"]

FOLDER = "models/metricflow"
"""Where the files lie in a shop's folder."""

_NOTE = "# Written by   shophouse metric --metricflow   from the catalogue of metrics: changes here are lost.\n"
_SPINE = "metricflow_time_spine"
_SPINE_SQL = """-- One row per day, for MetricFlow.
{{ config(materialized='view') }}

select date_day
from {{ ref('dim_date') }}
where date_day is not null
"""
_SPINE_YML = {
    "models": [
        {
            "name": _SPINE,
            "description": "One row per day, for MetricFlow.",
            "time_spine": {"standard_granularity_column": "date_day"},
            "columns": [{"name": "date_day", "granularity": "day", "description": "The day."}],
        }
    ]
}


def write_metricflow(catalogue: Catalogue, shop: Path) -> list[Path]:
    """Write the definitions into the folder of a shop, over those that were written before; returns the files."""
    folder = shop / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "semantic_models.yml": _NOTE + _yaml({"semantic_models": definitions(catalogue)["semantic_models"]}),
        "metrics.yml": _NOTE + _yaml({"metrics": definitions(catalogue)["metrics"]}),
        f"{_SPINE}.yml": _NOTE + _yaml(_SPINE_YML),
        f"{_SPINE}.sql": _SPINE_SQL,
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def definitions(catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """The `semantic_models` and `metrics` of dbt's specification."""
    measured: dict[str, list[str]] = {}
    for name, metric in catalogue.metrics.items():
        for model in list(metric.expressions)[:1]:
            measured.setdefault(model, []).append(name)
    return {
        "semantic_models": [
            _semantic_model(catalogue, name, catalogue.semantic_models[name], names) for name, names in measured.items()
        ],
        "metrics": [_metric(name, metric) for name, metric in catalogue.metrics.items()],
    }


def _semantic_model(catalogue: Catalogue, name: str, model: SemanticModel, metrics: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "model": f"ref('{model.model.rpartition('.')[2]}')",
        "description": model.description,
        "defaults": {"agg_time_dimension": "period"},
        # so that dimensions are called   sales_by_day__channel
        "primary_entity": name,
        "dimensions": [
            {
                "name": "period",
                "type": "time",
                "expr": model.time,
                "type_params": {"time_granularity": model.grain},
            },
            *(
                {"name": dimension, "type": "categorical", "expr": column}
                for dimension, column in model.dimensions.items()
            ),
        ],
        "measures": [_measure(metric, catalogue.metrics[metric], name) for metric in metrics],
    }


def _measure(name: str, metric: Metric, model: str) -> dict[str, Any]:
    expression = metric.expressions[model]
    if metric.where is not None:
        expression = f"case when {metric.where} then {expression} end"
    measure: dict[str, Any] = {
        "name": f"{name}_measure",
        "description": metric.description,
        "agg": "count_distinct" if metric.count_distinct is not None else "sum",
        "expr": expression,
    }
    if metric.latest is not None:
        measure["non_additive_dimension"] = {"name": "period", "window_choice": "max"}
    return measure


def _metric(name: str, metric: Metric) -> dict[str, Any]:
    parameters: dict[str, Any]
    if metric.ratio is not None:
        kind = "ratio"
        parameters = {"numerator": metric.ratio.numerator, "denominator": metric.ratio.denominator}
    elif metric.derived is not None:
        kind = "derived"
        parameters = {"expr": metric.derived, "metrics": [{"name": part} for part in metric.made_of]}
    else:
        kind, parameters = "simple", {"measure": f"{name}_measure"}
    return {
        "name": name,
        "label": metric.label,
        "description": f"{metric.description} {metric.formula[:1].upper()}{metric.formula[1:]}.",
        "type": kind,
        "type_params": parameters,
    }


def _yaml(data: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    return text
