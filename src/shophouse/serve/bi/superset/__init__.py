"""Superset: a database, datasets, charts and dashboards as the YAML that it imports, in a folder and as a ZIP file.

Each question is a dataset of its own, a query in which Jinja puts what the dashboard's filters choose, and a chart. The
tables that metrics are calculated from are datasets too, with these metrics, for questions of one's own.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import sqlglot
import yaml

from shophouse.metrics.query import expression_over
from shophouse.serve.bi.questions import Dashboard, Question
from shophouse.serve.bi.sql import FILTERS, filled
from shophouse.serve.bi.superset.charts import measures, metric_of, number_format, params, viz_type
from shophouse.serve.bi.tool import SetUp
from shophouse.serve.dashboard.blocks import meaning
from shophouse.serve.dashboard.contents import Column

__all__ = ["TOOL", "VERSION"]

VERSION = "6.1.0"
_FORMAT = "1.0.0"
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DATABASE = "shophouse"
# what Superset itself writes for a password, and asks for when it reads it
_MASKED = "XXXXXXXXXX"
_GRAINS = {"P1D": "day", "P1W": "week", "P1M": "month", "P3M": "quarter", "P1Y": "year"}
_CHOSEN = {
    "start": "{% if from_dttm %}'{{ from_dttm[:10] }}'{% else %}null{% endif %}",
    # Superset's end is the day after
    "end": "{% if to_dttm %}cast('{{ to_dttm[:10] }}' as date) - 1{% else %}null{% endif %}",
    "grain": (
        f"{{% set grains = {_GRAINS} %}}"
        "{% if time_grain in grains %}'{{ grains[time_grain] }}'{% else %}null{% endif %}"
    ),
    **{
        name: f"{{% set chosen = filter_values('{name}', remove_filter=True) %}}"
        "{% if chosen %}{{ chosen[:1] | where_in }}{% else %}null{% endif %}"
        for name in FILTERS
    },
}
"""What Jinja puts for each choice: of several values of a filter, the first."""


class _Superset:
    name = "superset"
    title = "Superset"
    summary = "dashboards, charts and datasets as YAML, to import"

    def files(self, set_up: SetUp) -> dict[str, str | bytes]:
        bundle = {
            path: yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
            for path, content in _bundle(set_up).items()
        }
        readme = (Path(__file__).with_name("README.md")).read_text("utf-8")
        made: dict[str, str | bytes] = {f"shophouse/{path}": text for path, text in bundle.items()}
        made["shophouse.zip"] = _zipped({path: str(text) for path, text in made.items()})
        made["superset_config.py"] = _CONFIG
        made["README.md"] = readme.replace("%%shop", set_up.shop).replace("%%version", VERSION)
        return made


TOOL = _Superset()

_CONFIG = '''"""What shophouse's dashboards need of Superset: add it to your superset_config.py."""

# the days, the grain and the filters of a dashboard are put into its queries
FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True}
'''


def _bundle(set_up: SetUp) -> dict[str, dict[str, Any]]:
    """Every file by its path."""
    made: dict[str, dict[str, Any]] = {
        "metadata.yaml": {"version": _FORMAT, "type": "Dashboard"},
        f"databases/{_DATABASE}.yaml": _database(set_up),
    }
    for name in set_up.catalogue.semantic_models:
        if (dataset := _table(set_up, name)) is not None:
            made[f"datasets/{_DATABASE}/{name}.yaml"] = dataset
    for dashboard in set_up.dashboards:
        for question in dashboard.questions:
            file = question.name.replace("/", "_")
            made[f"datasets/{_DATABASE}/{file}.yaml"] = _query(set_up, question)
            made[f"charts/{file}.yaml"] = _chart(set_up, question)
        made[f"dashboards/{dashboard.name}.yaml"] = _dashboard(set_up, dashboard)
    return made


def _id(set_up: SetUp, kind: str, name: str = "") -> str:
    return str(uuid5(NAMESPACE_URL, f"shophouse:{set_up.shop}:{kind}:{name}"))


def _database(set_up: SetUp) -> dict[str, Any]:
    extra: dict[str, Any] = {"allows_virtual_table_explore": True}
    if set_up.dialect == "duckdb":
        uri = f"duckdb:///{set_up.folder}/shop.duckdb"
        extra["engine_params"] = {"connect_args": {"read_only": True}}
    else:
        uri = _uri(set_up)
    return {
        "database_name": f"shophouse: {set_up.shop}",
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "extra": extra,
        "uuid": _id(set_up, "database"),
        "version": _FORMAT,
    }


def _uri(set_up: SetUp) -> str:
    """As SQLAlchemy has it; Superset asks for the password that is masked."""
    if set_up.dsn is None:
        return f"postgresql+psycopg2://analyst:{_MASKED}@host.docker.internal:5432/shop"
    parts = set_up.connection()
    password = f":{_MASKED}" if "password" in parts else ""
    mode = f"?sslmode={parts['sslmode']}" if "sslmode" in parts else ""
    where = f"{parts['host']}:{parts['port']}/{quote(parts['dbname'])}"
    return f"postgresql+psycopg2://{quote(parts['user'])}{password}@{where}{mode}"


def _dataset(set_up: SetUp, name: str, **more: Any) -> dict[str, Any]:
    return {
        "table_name": name,
        "main_dttm_col": None,
        "description": None,
        "schema": set_up.schema,
        "sql": None,
        "uuid": _id(set_up, "dataset", name),
        "metrics": [],
        "columns": [],
        "version": _FORMAT,
        "database_uuid": _id(set_up, "database"),
        **more,
    }


def _table(set_up: SetUp, name: str) -> dict[str, Any] | None:
    """A table that metrics are calculated from, with these metrics and its dimensions; None where it is not there."""
    model = set_up.catalogue.semantic_models[name]
    schema, table = model.model.split(".")
    found = next((one for one in set_up.tables(schema) if one.name == table), None)
    if found is None:
        return None
    columns = [
        {
            "column_name": column,
            "is_dttm": kind in ("DATE", "TIMESTAMP"),
            "type": kind,
            "description": said or None,
            "groupby": True,
            "filterable": True,
        }
        for column, (kind, said) in found.columns.items()
    ]
    for dimension, expression in model.dimensions.items():
        if dimension not in found.columns:
            columns.append(
                {
                    "column_name": dimension,
                    "expression": _written(expression, set_up),
                    "is_dttm": False,
                    "type": "VARCHAR",
                    "groupby": True,
                    "filterable": True,
                }
            )
    metrics = []
    for metric, said in set_up.catalogue.metrics.items():
        expression_of = expression_over(set_up.catalogue, metric, name)
        if expression_of is not None:
            shown = number_format(Column(metric, said.label, said.unit), set_up.currency)
            metrics.append(
                {
                    "metric_name": metric,
                    "verbose_name": said.label,
                    "expression": _written(expression_of, set_up),
                    "description": meaning(said),
                    **shown,
                }
            )
    return _dataset(
        set_up,
        table,
        schema=found.schema,
        main_dttm_col=model.time,
        description=model.description,
        columns=columns,
        metrics=metrics,
    )


def _written(expression: str, set_up: SetUp) -> str:
    [written] = sqlglot.transpile(expression, read="duckdb", write=set_up.dialect)
    return written


def _query(set_up: SetUp, question: Question) -> dict[str, Any]:
    """A question's own dataset."""
    numbers = measures(question)
    return _dataset(
        set_up,
        question.name,
        sql=filled(question.sql, _CHOSEN),
        description=question.description or None,
        columns=[
            {
                "column_name": column.name,
                "verbose_name": column.label,
                "description": column.definition or None,
                "is_dttm": column.unit in ("day", "month", "time"),
                "type": _TYPES.get(column.unit, "DECIMAL" if column.unit != "count" else "BIGINT"),
                "groupby": True,
                "filterable": True,
            }
            for column in question.columns
        ],
        metrics=[
            {
                "metric_name": column.name,
                "verbose_name": column.label,
                "expression": metric_of(column),
                "description": column.definition or None,
                **number_format(column, set_up.currency),
            }
            for column in numbers
        ],
    )


_TYPES = {"text": "VARCHAR", "name": "VARCHAR", "day": "DATE", "month": "DATE", "time": "TIMESTAMP"}


def _chart(set_up: SetUp, question: Question) -> dict[str, Any]:
    return {
        "slice_name": question.title,
        "description": question.description or None,
        "viz_type": viz_type(question),
        "params": params(question, set_up.currency),
        "query_context": None,
        "cache_timeout": None,
        "uuid": _id(set_up, "chart", question.name),
        "version": _FORMAT,
        "dataset_uuid": _id(set_up, "dataset", question.name),
    }


def _dashboard(set_up: SetUp, dashboard: Dashboard) -> dict[str, Any]:
    return {
        "dashboard_title": f"{set_up.shop}: {dashboard.title}",
        "description": dashboard.description,
        "css": "",
        "slug": None,
        "uuid": _id(set_up, "dashboard", dashboard.name),
        "position": _position(set_up, dashboard),
        "metadata": {
            "native_filter_configuration": _filters(set_up, dashboard),
            "color_scheme": "supersetColors",
            "cross_filters_enabled": False,
        },
        "version": _FORMAT,
        "published": True,
    }


def _position(set_up: SetUp, dashboard: Dashboard) -> dict[str, Any]:
    """The layout: rows of twelve columns."""
    rows: list[list[Question]] = [[]]
    for question in dashboard.questions:
        if sum(one.width for one in rows[-1]) + question.width > 12:
            rows.append([])
        rows[-1].append(question)
    made: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {
            "id": "GRID_ID",
            "type": "GRID",
            "parents": ["ROOT_ID"],
            "children": [f"ROW-{number}" for number in range(len(rows))],
        },
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
    }
    numbers = {question.name: number for number, question in enumerate(dashboard.questions, 1)}
    for number, row in enumerate(rows):
        made[f"ROW-{number}"] = {
            "id": f"ROW-{number}",
            "type": "ROW",
            "parents": ["ROOT_ID", "GRID_ID"],
            "children": [f"CHART-{numbers[question.name]}" for question in row],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for question in row:
            place = numbers[question.name]
            made[f"CHART-{place}"] = {
                "id": f"CHART-{place}",
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", f"ROW-{number}"],
                "meta": {
                    "chartId": place,
                    "uuid": _id(set_up, "chart", question.name),
                    "sliceName": question.title,
                    "width": question.width,
                    "height": 16 if question.kind == "figure" else 50,
                },
            }
    return made


def _filters(set_up: SetUp, dashboard: Dashboard) -> list[dict[str, Any]]:
    """Filters of the dashboard: days, grain, and what the shop's sales can be split by."""
    of = {
        "store": "sales_by_day",
        "channel": "sales_by_day",
        "country": "sales_by_day",
        "category": "category_sales_by_day",
    }
    made = []
    if {"start", "end"} & set(dashboard.choices):
        made.append(_filter(dashboard, "days", "Days", "filter_time", [{}]))
    if "grain" in dashboard.choices:
        target = {"datasetUuid": _id(set_up, "dataset", "sales_daily")}
        made.append(_filter(dashboard, "grain", "Grain", "filter_timegrain", [target]))
    for name, label in FILTERS.items():
        if name in dashboard.choices:
            model = set_up.catalogue.semantic_models[of[name]]
            table = model.model.split(".")[1]
            column = {"datasetUuid": _id(set_up, "dataset", table), "column": {"name": name}}
            made.append(_filter(dashboard, name, label, "filter_select", [column]))
    return made


def _filter(dashboard: Dashboard, name: str, label: str, kind: str, targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{dashboard.name}-{name}",
        "name": label,
        "type": "NATIVE_FILTER",
        "filterType": kind,
        "targets": targets,
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "cascadeParentIds": [],
        "controlValues": {"enableEmptyFilter": False, "multiSelect": False},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "description": "",
    }


def _zipped(files: dict[str, str]) -> bytes:
    """A ZIP file, the same for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text)
    return held.getvalue()
