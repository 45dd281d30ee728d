"""The JSON API: metrics for programs, from the catalogue that the dashboard reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shophouse.errors import ConfigError, ShophouseError
from shophouse.json_text import json_text
from shophouse.metrics import Catalogue, compile_query
from shophouse.metrics.asking import listed, read_query
from shophouse.metrics.wording import API
from shophouse.serve.dashboard.published import Published
from shophouse.version import __version__

__all__ = ["create_api"]


class ListedMetric(BaseModel):
    """A metric, and what it can be asked by."""

    metric: str
    subject: str
    label: str
    description: str
    unit: str
    finest_period: str
    dimensions: list[str]


class Refused(BaseModel):
    """What went wrong, why, and what to ask instead."""

    error: str
    where: list[str] = []
    why: list[str] = []
    hint: list[str] = []


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "What is asked for is not understood."},
    404: {"model": Refused, "description": "There is no such metric."},
    503: {"model": Refused, "description": "The query took too long or gave too much, or nothing is published."},
}


def create_api(shop: str, published: Published, catalogue_of: Callable[[Request], Catalogue]) -> FastAPI:
    """The API of a shop, to be mounted at /api. `catalogue_of` gives the metrics that whoever asks may see."""
    api = FastAPI(
        title=f"Metrics of {shop}",
        version=__version__,
        description="Every metric is defined once; the dashboard, the report and this API read the same catalogue.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )

    @api.get("/metrics", response_model=list[ListedMetric], summary="All metrics")
    def metrics(request: Request) -> Response:
        """What there is: unit, finest period and the dimensions that each metric can be split by."""
        return _json(listed(catalogue_of(request)))

    @api.get(
        "/metrics/{name}",
        response_model=list[dict[str, str | int | float | None]],
        responses=_REFUSALS,
        summary="The values of a metric",
    )
    def values(
        request: Request,
        name: Annotated[str, Path(description="As net_sales; several are joined by commas.")],
        by: Annotated[
            list[str], Query(description="day, week, month, quarter or year, or a dimension as channel.")
        ] = [],  # noqa: B006
        where: Annotated[str | None, Query(description="As channel = 'email' and country in ('DE', 'AT').")] = None,
        start: Annotated[str | None, Query(alias="from", description="The first day, as 2026-01-01.")] = None,
        end: Annotated[str | None, Query(alias="to", description="The last day, as 2026-01-31.")] = None,
        largest_first: Annotated[bool, Query(description="Order by the first metric.")] = False,
        limit: Annotated[int | None, Query(ge=0, le=1_000_000, description="The most rows.")] = None,
    ) -> Response:
        """Rows with period, dimensions and metric; numbers keep all of their digits."""
        unknown = set(request.query_params) - _KNOWN
        if unknown:
            raise ConfigError(
                f"there is no parameter {sorted(unknown)[0]!r}", hint=f"there are {', '.join(sorted(_KNOWN))}"
            )
        catalogue = catalogue_of(request)
        names = name.split(",")
        for one in names:
            if one not in catalogue.metrics:
                return _refused(404, _missing(catalogue, one))
        query = read_query(names, by, where, start, end, largest_first=largest_first, limit=limit, wording=API)
        compiled = compile_query(catalogue, query, API)
        return _json(published.query(compiled.sql, compiled.parameters).dicts())

    @api.exception_handler(ShophouseError)
    def refused(_: Request, error: ShophouseError) -> Response:
        return _refused(400 if isinstance(error, ConfigError) else 503, error)

    @api.exception_handler(RequestValidationError)
    def misread(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _refused(400, ConfigError(f"{first['loc'][-1]}: {first['msg']}", hint="/api/openapi.json says it all"))

    @api.exception_handler(HTTPException)
    def nowhere(_: Request, error: HTTPException) -> Response:
        return _refused(error.status_code, ConfigError(str(error.detail), hint="/api/metrics lists the metrics"))

    return api


_KNOWN = {"by", "where", "from", "to", "largest_first", "limit"}


def _missing(catalogue: Catalogue, name: str) -> ShophouseError:
    try:
        catalogue.metric(name, API)
    except ConfigError as error:
        return error
    raise AssertionError(name)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json_text(value), status, media_type="application/json")


def _refused(status: int, error: ShophouseError) -> Response:
    told = Refused(error=error.what, where=list(error.where), why=list(error.why), hint=list(error.hint))
    return _json(told.model_dump(), status)
