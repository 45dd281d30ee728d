"""What an assistant may ask of a shop, over the Model Context Protocol: metrics, and nothing else.

Every tool only reads, within the limits of the dashboard, and nothing can be split by personal data.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from shophouse.errors import ShophouseError
from shophouse.json_text import json_text
from shophouse.metrics import Catalogue, compile_query
from shophouse.metrics.asking import described, listed, read_query
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.metrics.wording import ASSISTANT
from shophouse.serve.dashboard.published import Published

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from shophouse.engines import Engine
    from shophouse.project import Project

__all__ = ["create_server"]

_ROWS = 1000


def create_server(project: Project, engine: Engine) -> MCPServer[Any]:
    """The server of a shop, to be run over stdio.

    Raises ConfigError for a wrong `metrics.yml`. Tools tell what went wrong, and what to ask instead.
    """
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations

    published = Published(engine, rows=_ROWS)
    personal = cache(lambda: personal_columns(project))

    def catalogue() -> Catalogue:
        return without_personal(Catalogue.load(project), personal())

    catalogue()
    server: MCPServer[Any] = MCPServer(
        "shophouse",
        title=project.name,
        instructions=(
            f"The figures of the shop {project.name}, from its published warehouse. Money is in {project.currency}, "
            f"days are those of {project.timezone}. List the metrics, describe one before explaining it, and query "
            "instead of adding up: a share of a year is no mean of months."
        ),
        log_level="WARNING",
    )
    only_reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)

    @server.tool(annotations=only_reads, structured_output=False)
    def list_metrics(
        subject: Annotated[str | None, Field(description="Only this chapter: sales, customers, marketing …")] = None,
    ) -> str:
        """List the metrics of the shop, with unit, finest period and the dimensions that each can be split by."""
        found = listed(catalogue())
        subjects = sorted({str(one["subject"]) for one in found})
        if subject is not None and subject not in subjects:
            raise ToolError(f"there is no subject {subject!r}; there are {', '.join(subjects)}")
        return json_text([one for one in found if subject in (None, one["subject"])])

    @server.tool(annotations=only_reads, structured_output=False)
    def describe_metric(name: Annotated[str, Field(description="As net_sales.")]) -> str:
        """What a metric means: formula, the day it is counted by, what is not in it, what the word means elsewhere."""
        try:
            return json_text(described(catalogue(), name, ASSISTANT))
        except ShophouseError as error:
            raise ToolError(error.render()) from error

    @server.tool(annotations=only_reads, structured_output=False)
    def query_metrics(
        metrics: Annotated[list[str], Field(description="Names of metrics, as net_sales.", min_length=1)],
        by: Annotated[
            list[str], Field(description="At most one of day, week, month, quarter, year; and dimensions as channel.")
        ] = [],  # noqa: B006
        where: Annotated[str | None, Field(description="As   channel = 'email' and country in ('DE', 'AT')")] = None,
        from_day: Annotated[str | None, Field(description="The first day, as 2026-01-01.")] = None,
        to_day: Annotated[str | None, Field(description="The last day, as 2026-01-31.")] = None,
        largest_first: Annotated[bool, Field(description="Order by the first metric.")] = False,
        limit: Annotated[int, Field(description="The most rows.", ge=1, le=_ROWS)] = 200,
    ) -> str:
        """The values of metrics, as a JSON array of rows, by period and dimensions, of the newest published version."""
        try:
            query = read_query(
                metrics, by, where, from_day, to_day, largest_first=largest_first, limit=limit, wording=ASSISTANT
            )
            compiled = compile_query(catalogue(), query, ASSISTANT)
            return json_text(published.query(compiled.sql, compiled.parameters).dicts())
        except ShophouseError as error:
            raise ToolError(error.render()) from error

    return server
