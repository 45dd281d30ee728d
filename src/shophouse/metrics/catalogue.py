"""The catalogue of metrics: `metrics.yml` beside this module, and over it the shop's own `metrics.yml`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shophouse.errors import ConfigError
from shophouse.metrics.wording import COMMAND_LINE, Wording
from shophouse.yamlfile import Document, Problem, did_you_mean, mistake, mistakes, read_yaml, validation_problems

if TYPE_CHECKING:
    from shophouse.project import Project

__all__ = ["AGGREGATIONS", "SHOP_FILE", "Aggregation", "Catalogue", "Metric", "Ratio", "SemanticModel"]

SHOP_FILE = "metrics.yml"
Aggregation = Literal["sum", "count_distinct", "latest"]
AGGREGATIONS: tuple[Aggregation, ...] = ("sum", "count_distinct", "latest")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TERM = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_Text = Annotated[str, Field(min_length=1)]

_PRODUCTS = {
    "shopify": "Shopify",
    "triple_whale": "Triple Whale",
    "sourcemedium": "SourceMedium",
    "glew": "Glew",
    "fivetran": "Fivetran",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class SemanticModel(_Frozen):
    """A table of the warehouse that metrics are calculated from."""

    model: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")]
    """Schema and table, as marts.sales_daily."""
    description: _Text
    """What its rows are, and by which day."""
    time: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]
    """The column of the day, or of the first day of the month."""
    grain: Literal["day", "month"] = "day"
    """The finest period that its rows can be told apart by."""
    dimensions: Mapping[str, str] = Field(default_factory=dict)
    """What rows can be grouped and filtered by: the dimension's name and its column."""


class Ratio(_Frozen):
    """One metric divided by another, each summed over the period first."""

    numerator: _Text
    denominator: _Text


class Metric(_Frozen):
    """One metric: what it means and what it is calculated from."""

    label: _Text
    """What people read."""
    subject: _Text
    """The chapter that it belongs to: sales, customers, marketing …"""
    description: _Text
    """What it means, in a sentence."""
    formula: _Text
    """How it is calculated, in words."""
    unit: Literal["money", "count", "quantity", "rate", "times", "mean", "days", "score"]
    """money in the shop's currency; rate is a share, shown in percent; times is a multiple; mean counts for each."""
    better: Literal["up", "down"]
    """The direction that is good news."""
    basis: _Text
    """The day by which it is counted."""
    excludes: _Text
    """What is not in it."""
    elsewhere: Mapping[str, str] = Field(default_factory=dict)
    """What the same word means elsewhere, by product: shopify, triple_whale, sourcemedium, glew, fivetran."""
    sum: Mapping[str, str] | None = None
    """The sum of an expression, by semantic model."""
    count_distinct: Mapping[str, str] | None = None
    """How many different values an expression has, by semantic model."""
    latest: Mapping[str, str] | None = None
    """The sum of an expression over the last day of each period, by semantic model."""
    ratio: Ratio | None = None
    """A metric divided by another."""
    derived: str | None = None
    """Metrics added and subtracted: gross_sales - discounts."""
    where: str | None = None
    """SQL on the semantic model's columns: the rows that count."""
    columns: tuple[str, ...] = ()
    """The columns of marts that hold it; their descriptions begin with its own."""
    not_in: tuple[str, ...] = ()
    """Marts in which a column of such a name means something else."""

    @field_validator("columns", "not_in", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _calculated_once(self) -> Self:
        ways = (*AGGREGATIONS, "ratio", "derived")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            why = f"it has {' and '.join(given)}" if given else "it has none of them"
            raise mistake(f"must have exactly one of {', '.join(ways)}", why=why)
        return self

    @property
    def meant_elsewhere(self) -> dict[str, str]:
        """What the same word means elsewhere, by the product's name as people write it."""
        return {_PRODUCTS.get(product, product): meaning for product, meaning in self.elsewhere.items()}

    @property
    def definition(self) -> str:
        """Label and formula in a sentence, as the columns that hold it are described."""
        return f"{self.label}: {self.formula}."

    @property
    def aggregation(self) -> Aggregation | None:
        """How its own expression is aggregated; None of a metric that is made of other metrics."""
        return next((way for way in AGGREGATIONS if getattr(self, way) is not None), None)

    @property
    def expressions(self) -> Mapping[str, str]:
        """The expression by semantic model, in the order of preference; empty of one that is made of others."""
        way = self.aggregation
        return {} if way is None else getattr(self, way)

    @property
    def made_of(self) -> tuple[str, ...]:
        """The metrics that it is directly made of."""
        if self.ratio is not None:
            return (self.ratio.numerator, self.ratio.denominator)
        return tuple(dict.fromkeys(_TERM.findall(self.derived or "")))


class Catalogue(_Frozen):
    """All metrics, and the semantic models that they are calculated from."""

    semantic_models: Mapping[str, SemanticModel]
    metrics: Mapping[str, Metric]

    @classmethod
    def packaged(cls) -> Catalogue:
        """The catalogue as it is shipped."""
        file = Path(__file__).with_name("metrics.yml")
        return _read(file, file.stat().st_mtime_ns, None, 0)

    @classmethod
    def load(cls, project: Project) -> Catalogue:
        """The shipped catalogue with the shop's own metrics. Raises ConfigError with every mistake in `metrics.yml`."""
        file = Path(__file__).with_name("metrics.yml")
        own = project.folder / SHOP_FILE
        if not own.is_file():
            return cls.packaged()
        return _read(file, file.stat().st_mtime_ns, own, own.stat().st_mtime_ns)

    def metric(self, name: str, wording: Wording = COMMAND_LINE) -> Metric:
        """Raises ConfigError that names the nearest one where there is none of this name."""
        try:
            return self.metrics[name]
        except KeyError:
            raise ConfigError(
                f"there is no metric {name!r}",
                why=f"{wording.listing} lists them all",
                hint=did_you_mean(name, self.metrics),
            ) from None

    def of_column(self, column: str, marts: Collection[str] = ()) -> str | None:
        """The metric that a column of these marts holds; None where it holds none, or another thing in one of them."""
        for name, metric in self.metrics.items():
            if column in metric.columns:
                return None if set(metric.not_in) & set(marts) else name
        return None

    def leaves(self, name: str) -> Iterator[str]:
        """The metrics with an expression of their own that this one is made of: itself, if it has one."""
        metric = self.metric(name)
        if metric.aggregation is not None:
            yield name
        for part in metric.made_of:
            yield from self.leaves(part)

    def adds_up(self, name: str) -> bool:
        """Whether its values of several groups add up to that of all: not those of a share, or a count of different."""
        metric = self.metric(name)
        if metric.made_of:
            return metric.ratio is None and all(map(self.adds_up, metric.made_of))
        return metric.sum is not None

    def dimensions(self, name: str) -> dict[str, str]:
        """What a metric can be grouped and filtered by, and the finest grain that it then has."""
        found: dict[str, str] | None = None
        for leaf in dict.fromkeys(self.leaves(name)):
            here: dict[str, str] = {}
            for model in (self.semantic_models[m] for m in self.metrics[leaf].expressions):
                for dimension in model.dimensions:
                    if here.get(dimension) != "day":
                        here[dimension] = model.grain
            if found is None:
                found = here
            else:
                both = found.keys() & here.keys()
                found = {d: "month" if "month" in (g, here[d]) else "day" for d, g in found.items() if d in both}
        return found or {}

    def grain(self, name: str) -> str:
        """The finest period that it can be asked for: day or month."""
        leaves = dict.fromkeys(self.leaves(name))
        every_day = all(
            any(self.semantic_models[model].grain == "day" for model in self.metrics[leaf].expressions)
            for leaf in leaves
        )
        return "day" if every_day else "month"


@lru_cache(maxsize=8)
def _read(file: Path, _time: int, own: Path | None, _own_time: int) -> Catalogue:
    catalogue = _catalogue(read_yaml(file, shown_as=file.name), {})
    if own is None:
        return catalogue
    return _catalogue(read_yaml(own, shown_as=SHOP_FILE), catalogue.model_dump(exclude_none=True))


def _catalogue(document: Document, before: Mapping[str, Any]) -> Catalogue:
    """What the document says over `before`. Raises ConfigError with all of its mistakes."""
    problems = list(document.problems)
    merged: dict[str, Any] = {}
    for section in ("semantic_models", "metrics"):
        said = document.data.get(section) or {}
        known = dict(before.get(section) or {})
        if isinstance(said, dict):
            # a metric that is overridden is said anew in what it says, and calculated in one way
            merged[section] = {**known, **{n: _over(known.get(n), v) for n, v in said.items()}}
        else:
            merged[section] = said
    merged |= {key: value for key, value in document.data.items() if key not in merged}
    try:
        catalogue = Catalogue.model_validate(merged)
    except ValidationError as error:
        raise mistakes(document.file.name, [*problems, *validation_problems(error, Catalogue, document)]) from error
    problems += _disagreements(catalogue, document)
    if problems:
        raise mistakes(document.file.name, problems)
    return catalogue


def _over(known: Any, said: Any) -> Any:
    if not isinstance(known, dict) or not isinstance(said, dict):
        return said
    ways = {*AGGREGATIONS, "ratio", "derived"}
    kept = {key: value for key, value in known.items() if key not in ways or not ways & said.keys()}
    return {**kept, **said}


def _disagreements(catalogue: Catalogue, document: Document) -> Iterator[Problem]:
    """What names something that is not there, or itself."""
    for name, metric in catalogue.metrics.items():
        line = document.line(("metrics", name))
        if not _NAME.fullmatch(name):
            yield Problem(line, f"{name!r} can't be a metric's name", hint="small letters, digits and _")
        for model in metric.expressions:
            if model not in catalogue.semantic_models:
                near = did_you_mean(model, catalogue.semantic_models)
                yield Problem(line, f"{name}: there is no semantic model {model}", hint=near)
        if metric.derived is not None and not re.fullmatch(r"[a-z0-9_]+(\s*[-+]\s*[a-z0-9_]+)*", metric.derived):
            yield Problem(line, f"{name}: derived adds and subtracts metrics", (metric.derived,))
        for part in metric.made_of:
            if part not in catalogue.metrics:
                near = did_you_mean(part, catalogue.metrics)
                yield Problem(line, f"{name}: there is no metric {part}", hint=near)
            elif name in _all_parts(catalogue, part, set()):
                yield Problem(line, f"{name} is made of itself", (f"by way of {part}",))


def _all_parts(catalogue: Catalogue, name: str, seen: set[str]) -> set[str]:
    if name not in seen and name in catalogue.metrics:
        seen.add(name)
        for part in catalogue.metrics[name].made_of:
            _all_parts(catalogue, part, seen)
    return seen
