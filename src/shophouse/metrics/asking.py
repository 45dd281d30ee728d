"""What people and programs ask of metrics in words: for the command line, the API and assistants alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from shophouse.errors import ConfigError
from shophouse.metrics.catalogue import Catalogue
from shophouse.metrics.conditions import parse_conditions
from shophouse.metrics.query import GRAINS, MetricQuery
from shophouse.metrics.wording import COMMAND_LINE, Wording

__all__ = ["described", "listed", "read_query"]


def read_query(
    names: Sequence[str],
    by: Sequence[str] = (),
    where: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    largest_first: bool = False,
    limit: int | None = None,
    wording: Wording = COMMAND_LINE,
) -> MetricQuery:
    """The query of these words: `by` are periods and dimensions, also several joined by commas; days are ISO 8601.

    Raises ConfigError for what is not understood, with hints in the words of whoever asks.
    """
    words = [word.strip() for part in by for word in part.split(",") if word.strip()]
    grains = [grain for grain in GRAINS if grain in words]
    if len(grains) > 1:
        raise ConfigError(f"several periods are named: {', '.join(grains)}", hint=wording.grouped(grains[0]))
    return MetricQuery(
        tuple(dict.fromkeys(names)),
        grains[0] if grains else None,
        tuple(dict.fromkeys(word for word in words if word not in GRAINS)),
        parse_conditions(where) if where is not None else (),
        _day("from", start),
        _day("to", end),
        largest_first,
        limit,
    )


def listed(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every metric: what it means, its unit, its finest period, and what it can be split by."""
    return [
        {
            "metric": name,
            "subject": metric.subject,
            "label": metric.label,
            "description": metric.description,
            "unit": metric.unit,
            "finest_period": catalogue.grain(name),
            "dimensions": sorted(catalogue.dimensions(name)),
        }
        for name, metric in catalogue.metrics.items()
    ]


def described(catalogue: Catalogue, name: str, wording: Wording = COMMAND_LINE) -> dict[str, Any]:
    """All that the catalogue says of a metric. Raises ConfigError where there is none of this name."""
    return {"metric": name, **catalogue.metric(name, wording).model_dump(exclude_none=True)}


def _day(name: str, given: str | date | None) -> date | None:
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise ConfigError(f"{name} {given!r} is no day", hint="write it as 2026-01-31") from error
