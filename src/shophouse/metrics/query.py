"""The SQL of metrics: over periods, by dimensions, filtered, from the first semantic model that has what is asked for.

It is DuckDB's SQL, which every engine's `read` takes. A metric that divides or subtracts others does so after each was
summed, so a rate of a year is the year's numerator by the year's denominator, never a mean of days.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from shophouse.errors import ConfigError
from shophouse.metrics.catalogue import Catalogue, Metric, SemanticModel
from shophouse.metrics.conditions import Condition
from shophouse.metrics.wording import COMMAND_LINE, Wording
from shophouse.quoting import literal
from shophouse.yamlfile import did_you_mean

__all__ = ["GRAINS", "CompiledQuery", "Grain", "MetricQuery", "compile_query", "expression_over"]

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = get_args(Grain)

_OF_DAYS = ("day", "week")
# the place of a parameter; in quotes ? is a letter
_MARK = re.compile(r"\?|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class MetricQuery:
    """What is asked for: metrics by period (`grain`; None is all days together) and by dimensions.

    `start` and `end` are the first and the last day, both inclusive. `largest_first` orders by the first metric, else
    rows are in the order of period and dimensions.
    """

    metrics: tuple[str, ...]
    grain: Grain | None = None
    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    start: date | None = None
    end: date | None = None
    largest_first: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class CompiledQuery:
    """SQL with `?` for each of `parameters`; its result has `columns`: period, dimensions, metrics."""

    sql: str
    parameters: tuple[Any, ...]
    columns: tuple[str, ...]

    @property
    def text(self) -> str:
        """The SQL with its parameters in it, for people to read and to run."""
        return self.filled(lambda value: literal(str(value)))

    def filled(self, written: Callable[[Any], str]) -> str:
        """The SQL with what `written` makes of each parameter in its place."""
        values = iter(self.parameters)
        return _MARK.sub(lambda found: written(next(values)) if found[0] == "?" else found[0], self.sql)


def compile_query(catalogue: Catalogue, query: MetricQuery, wording: Wording = COMMAND_LINE) -> CompiledQuery:
    """The SQL of `query`.

    Raises ConfigError for a metric or dimension that is not there, and where no semantic model has all that is asked
    for, with what can be asked instead, in the words of whoever asks.
    """
    if not query.metrics:
        raise ConfigError("no metric is named", hint="as net_sales")
    if query.start and query.end and query.start > query.end:
        raise ConfigError(f"the period ends on {query.end}, before it begins on {query.start}")
    for name in query.metrics:
        catalogue.metric(name, wording)
    leaves = list(dict.fromkeys(leaf for name in query.metrics for leaf in catalogue.leaves(name)))
    groups: dict[tuple[str, bool], list[str]] = {}
    for leaf in leaves:
        asked = next(name for name in query.metrics if leaf in catalogue.leaves(name))
        model = _model_for(catalogue, leaf, asked, query, wording)
        groups.setdefault((model, catalogue.metrics[leaf].latest is not None), []).append(leaf)
    keys = [*(["period"] if query.grain else []), *query.by]
    parameters: list[Any] = []
    parts = [
        (f"measured_{number}", _measured(catalogue, model, is_latest, members, query, parameters), members)
        for number, ((model, is_latest), members) in enumerate(groups.items(), 1)
    ]
    ctes = [f"{name} as (\n{sql}\n)" for name, sql, _ in parts]
    if len(parts) > 1:
        stacked = "\n    union all\n".join(
            "    select\n        "
            + ",\n        ".join([*keys, *(leaf if leaf in members else f"null as {leaf}" for leaf in leaves)])
            + f"\n    from {name}"
            for name, _, members in parts
        )
        together = ",\n        ".join([*keys, *(f"max({leaf}) as {leaf}" for leaf in leaves)])
        grouped = f"\n    group by {', '.join(keys)}" if keys else ""
        ctes += [
            f"stacked as (\n{stacked}\n)",
            f"measured as (\n    select\n        {together}\n    from stacked{grouped}\n)",
        ]
    source = "measured" if len(parts) > 1 else parts[0][0]
    chosen = ",\n    ".join([*keys, *(f"{_value(catalogue, name)} as {name}" for name in query.metrics)])
    sql = "with\n\n" + ",\n\n".join(ctes) + f"\n\nselect\n    {chosen}\nfrom {source}"
    order = [f"{query.metrics[0]} desc nulls last", *keys] if query.largest_first else keys
    if order:
        sql += f"\norder by {', '.join(order)}"
    if query.limit is not None:
        sql += f"\nlimit {int(query.limit)}"
    return CompiledQuery(sql, tuple(parameters), (*keys, *query.metrics))


def _model_for(catalogue: Catalogue, leaf: str, asked: str, query: MetricQuery, wording: Wording) -> str:
    """The first semantic model of a metric that has the dimensions and the periods that are asked for."""
    metric = catalogue.metrics[leaf]
    wanted = dict.fromkeys([*query.by, *(condition.dimension for condition in query.where)])
    having = [name for name in metric.expressions if wanted.keys() <= catalogue.semantic_models[name].dimensions.keys()]
    for name in having:
        if catalogue.semantic_models[name].grain == "day" or _is_of_months(query):
            return name
    of = asked if asked == leaf else f"{asked} (by way of {leaf})"
    if having:
        raise ConfigError(
            f"{of} is known by month" + (f" where it is split by {', '.join(wanted)}" if wanted else ""),
            why="ask for months, quarters or years, from the first day of a month to the last of one",
            hint=wording.grouped("month"),
        )
    dimensions = catalogue.dimensions(asked)
    missing = next((d for d in wanted if d not in dimensions), None)
    known = ", ".join(sorted(dimensions)) or "nothing"
    if missing is None:
        raise ConfigError(f"{of} can't be split by {', '.join(wanted)} at once", why=f"each alone is possible: {known}")
    raise ConfigError(
        f"{of} can't be split by {missing}",
        why=f"it can be split by {known}",
        hint=did_you_mean(missing, dimensions),
    )


def _is_of_months(query: MetricQuery) -> bool:
    """Whether the periods that are asked for are made of whole months."""
    if query.grain in _OF_DAYS:
        return False
    begins = query.start is None or query.start.day == 1
    ends = query.end is None or query.end.day == calendar.monthrange(query.end.year, query.end.month)[1]
    return begins and ends


def _measured(
    catalogue: Catalogue,
    name: str,
    is_latest: bool,
    leaves: Sequence[str],
    query: MetricQuery,
    parameters: list[Any],
) -> str:
    model = catalogue.semantic_models[name]
    before = len(parameters)
    rows = _filtered(model, query, parameters)
    keys = [f"{model.dimensions[dimension]} as {dimension}" for dimension in query.by]
    if query.grain:
        keys.insert(0, f"{_period(model, query.grain)} as period")
    source = model.model
    if is_latest:
        # the newest days are looked up first: a window over all rows takes twice as long
        by_period = f"\n            group by {_period(model, query.grain)}" if query.grain else ""
        given = list(parameters[before:])
        source = (
            f"(\n        select *\n        from {model.model}{rows}\n"
            f"        {'and' if rows else 'where'} {model.time} in (\n"
            f"            select max({model.time})\n            from {model.model}{rows}{by_period}\n"
            "        )\n    ) as newest"
        )
        parameters += given
        rows = ""
    measures = [
        f"{_aggregated(catalogue.metrics[leaf], catalogue.metrics[leaf].expressions[name])} as {leaf}"
        for leaf in leaves
    ]
    selected = ",\n        ".join([*keys, *measures])
    grouped = f"\n    group by {', '.join(str(n + 1) for n in range(len(keys)))}" if keys else ""
    return f"    select\n        {selected}\n    from {source}{rows}{grouped}"


def _filtered(model: SemanticModel, query: MetricQuery, parameters: list[Any]) -> str:
    tests: list[str] = []
    for bound, operator in ((query.start, ">="), (query.end, "<=")):
        if bound is not None:
            tests.append(f"{model.time} {operator} cast(? as date)")
            parameters.append(bound)
    for condition in query.where:
        column = f"cast({model.dimensions[condition.dimension]} as varchar)"
        marks = ", ".join("?" for _ in condition.values)
        tests.append(f"coalesce({column}, '') {'not in' if condition.is_not else 'in'} ({marks})")
        parameters += condition.values
    return f"\n    where {' and '.join(tests)}" if tests else ""


def _period(model: SemanticModel, grain: Grain) -> str:
    return f"cast(date_trunc('{grain}', {model.time}) as date)"


def _aggregated(metric: Metric, expression: str) -> str:
    if metric.where is not None:
        expression = f"case when {metric.where} then {expression} end"
    if metric.count_distinct is not None:
        return f"count(distinct {expression})"
    total = f"sum({expression})"
    return f"cast({total} as bigint)" if metric.unit in ("count", "days") else total


def expression_over(catalogue: Catalogue, name: str, model: str) -> str | None:
    """SQL that calculates a metric from any rows of a semantic model.

    None where it needs other models, or the last day of its period.
    """
    leaves = dict.fromkeys(catalogue.leaves(name))
    parts = {leaf: catalogue.metrics[leaf] for leaf in leaves}
    if any(part.latest is not None or model not in part.expressions for part in parts.values()):
        return None
    return re.sub(
        r"[a-z][a-z0-9_]*",
        lambda word: _aggregated(parts[word[0]], parts[word[0]].expressions[model]) if word[0] in parts else word[0],
        _value(catalogue, name),
    )


def _value(catalogue: Catalogue, name: str) -> str:
    """The expression of a metric over the columns of its leaves."""
    metric = catalogue.metric(name)
    if metric.ratio is not None:
        over, under = (_value(catalogue, part) for part in (metric.ratio.numerator, metric.ratio.denominator))
        quotient = f"cast({over} as double) / nullif(cast({under} as double), 0)"
        return f"cast(round({quotient}, 4) as decimal(18, 4))" if metric.unit == "money" else quotient
    if metric.derived is not None:
        terms = metric.derived.replace("+", " + ").replace("-", " - ").split()
        return f"({' '.join(t if t in '+-' else _value(catalogue, t) for t in terms)})"
    return name


def periods(start: date, end: date, grain: Grain) -> Iterable[date]:
    """The first day of each period from that of `start` to that of `end`."""
    day = first_day(start, grain)
    while day <= end:
        yield day
        day = next_period(day, grain)


def first_day(day: date, grain: Grain) -> date:
    """The first day of the period that `day` lies in; weeks begin on Monday (ISO 8601)."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "day":
        return day
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[grain]
    return date(day.year, month, 1)


def next_period(day: date, grain: Grain) -> date:
    """The first day of the period after the one that begins on `day`."""
    if grain in _OF_DAYS:
        return day + timedelta(days=1 if grain == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    year, month = divmod(day.month - 1 + months, 12)
    return date(day.year + year, month + 1, 1)
