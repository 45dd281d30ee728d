"""Questions and dashboards as Metabase takes them over its API: queries with template tags, displays, formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from shophouse.serve.bi.questions import Dashboard, Question
from shophouse.serve.bi.sql import CHOICES, filled
from shophouse.serve.dashboard.contents import Column

__all__ = ["card", "dashcards", "marked", "parameters"]

GRAINS = ("day", "week", "month", "quarter", "year")
_DAYS = ("start", "end")
_DISPLAYS = {"figure": "scalar", "stacked": "bar", "ranking": "row", "heatmap": "table"}
_COLUMNS_OF_METABASE, _COLUMNS_OF_PAGES = 24, 12
_HEIGHTS = {"figure": 3, "table": 8}


def card(question: Question, database: int, collection: int, currency: str) -> dict[str, Any]:
    """The body of POST /api/card."""
    return {
        "name": question.title,
        "type": "question",
        "display": _DISPLAYS.get(question.kind, question.kind),
        "visualization_settings": _settings(question, currency),
        "dataset_query": {
            "type": "native",
            "database": database,
            "native": {
                "query": filled(question.sql, {name: _optional(name) for name in CHOICES}),
                "template-tags": {name: _tag(question, name) for name in question.choices},
            },
        },
        "description": _described(question),
        "collection_id": collection,
    }


def parameters(dashboard: Dashboard, values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The filters of a dashboard."""
    return [_parameter(dashboard, name, values) for name in dashboard.choices]


def dashcards(dashboard: Dashboard, cards: Mapping[str, int]) -> list[dict[str, Any]]:
    """Where each question lies, and what of it each filter sets; `cards` are their ids by the questions' names."""
    return [
        {
            "card_id": cards[question.name],
            **place,
            "parameter_mappings": [
                {
                    "parameter_id": _id(dashboard, name),
                    "card_id": cards[question.name],
                    "target": ["variable", ["template-tag", name]],
                }
                for name in question.choices
            ],
            "visualization_settings": {},
            "series": [],
        }
        for question, place in zip(dashboard.questions, _places(dashboard.questions), strict=True)
    ]


def marked(description: str, name: str, body: object) -> str:
    """A description that ends in whose it is, and in a digest of what it was made from."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    return f"{description}\n\nshophouse {name} {digest}".strip()


def _optional(name: str) -> str:
    """SQL that is null where nothing is chosen: Metabase leaves out what stands in [[ ]] then."""
    return f"coalesce([[{{{{{name}}}}}, ]]null)"


def _tag(question: Question, name: str) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"shophouse:{question.name}:{name}")),
        "name": name,
        "display-name": CHOICES[name],
        "type": "date" if name in _DAYS else "text",
        "required": False,
    }


def _parameter(dashboard: Dashboard, name: str, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    made: dict[str, Any] = {"id": _id(dashboard, name), "name": CHOICES[name], "slug": name}
    if name in _DAYS:
        return made | {"type": "date/single", "sectionId": "date"}
    listed = GRAINS if name == "grain" else values.get(name, ())
    made |= {"type": "string/=", "sectionId": "string", "isMultiSelect": False}
    if listed:
        made |= {
            "values_query_type": "list",
            "values_source_type": "static-list",
            "values_source_config": {"values": list(listed)},
        }
    return made


def _id(dashboard: Dashboard, name: str) -> str:
    return uuid5(NAMESPACE_URL, f"shophouse:{dashboard.name}:{name}").hex[:8]


def _described(question: Question) -> str:
    columns = [f"{column.label}: {column.definition}" for column in question.columns if column.definition]
    if question.kind == "figure":
        columns = []
    return "\n\n".join(filter(None, (question.description, "\n".join(columns))))


def _settings(question: Question, currency: str) -> dict[str, Any]:
    columns = question.columns
    made: dict[str, Any] = {
        "column_settings": {json.dumps(["name", column.name]): _format(column, currency) for column in columns}
    }
    if question.kind == "figure":
        made["scalar.field"] = columns[0].name
    elif question.kind == "funnel":
        made |= {"funnel.dimension": columns[0].name, "funnel.metric": columns[1].name}
    elif question.kind == "heatmap":
        made |= {
            "table.pivot": True,
            "table.pivot_column": columns[1].name,
            "table.cell_column": columns[2].name,
        }
    elif question.kind == "table":
        made["table.columns"] = [{"name": column.name, "enabled": True} for column in columns]
    elif question.kind == "scatter":
        made |= {"graph.dimensions": [columns[1].name], "graph.metrics": [columns[2].name]}
    else:
        dimensions = 2 if question.is_spread else 1
        made |= {
            "graph.dimensions": [column.name for column in columns[:dimensions]],
            "graph.metrics": [column.name for column in columns[dimensions:]],
        }
        if question.kind in ("stacked", "area") and question.is_spread:
            made["stackable.stack_type"] = "stacked"
    return made


def _format(column: Column, currency: str) -> dict[str, Any]:
    made: dict[str, Any] = {"column_title": column.label}
    if column.unit == "money":
        made |= {"number_style": "currency", "currency": currency, "currency_style": "symbol"}
    elif column.unit == "rate":
        made |= {"number_style": "percent", "decimals": 1}
    elif column.unit in ("times", "score", "amount"):
        made |= {"number_style": "decimal", "decimals": 2}
    elif column.unit in ("quantity", "days", "seconds"):
        made |= {"number_style": "decimal", "decimals": 1}
    return made


def _places(questions: Sequence[Question]) -> list[dict[str, int]]:
    """Rows of a page, in Metabase's grid of 24 columns; the rows are as high as their highest."""
    scale = _COLUMNS_OF_METABASE // _COLUMNS_OF_PAGES
    places: list[dict[str, int]] = []
    top = column = height = 0
    for question in questions:
        width = question.width * scale
        if column + width > _COLUMNS_OF_METABASE:
            top, column, height = top + height, 0, 0
        tall = _height_of(question.kind)
        places.append({"row": top, "col": column, "size_x": width, "size_y": tall})
        column, height = column + width, max(height, tall)
    return places


def _height_of(kind: str) -> int:
    """How many rows of Metabase's grid a question of this kind takes."""
    return _HEIGHTS.get(kind, 7)
