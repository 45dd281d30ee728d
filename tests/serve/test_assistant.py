from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from built_shop import DemoShop, shophouse, whole_shop

if TYPE_CHECKING:
    from mcp import Client

__all__ = ["whole_shop"]

pytest.importorskip("mcp")
T = TypeVar("T")


def asked(shop: DemoShop, what: Callable[[Client], Awaitable[T]]) -> T:
    """What the official client gets from the command, in a process of its own, over stdio."""
    from mcp import Client, StdioServerParameters

    started = StdioServerParameters(
        command=sys.executable, args=["-m", "shophouse", "mcp", "-p", str(shop.folder)], env=dict(os.environ)
    )

    async def talk() -> T:
        async with Client(started) as client:
            return await what(client)

    # Playwright, which other tests use, keeps a loop running in the main thread
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, talk()).result()


def text(result: Any) -> str:
    return str(result.content[0].text)


def test_an_assistant_gets_what_the_command_prints(whole_shop: DemoShop) -> None:
    async def talk(client: Client) -> tuple[Any, ...]:
        tools = await client.list_tools()
        return (
            tools.tools,
            await client.call_tool("list_metrics", {}),
            await client.call_tool("list_metrics", {"subject": "nonsense"}),
            await client.call_tool("describe_metric", {"name": "net_sales"}),
            await client.call_tool(
                "query_metrics",
                {
                    "metrics": ["net_sales", "orders"],
                    "by": ["month", "channel"],
                    "where": "country in ('DE', 'US')",
                    "from_day": "2025-09-01",
                    "to_day": "2025-12-31",
                },
            ),
            await client.call_tool("query_metrics", {"metrics": ["net_slaes"]}),
            await client.call_tool("query_metrics", {"metrics": ["net_sales"], "from_day": "yesterday"}),
            await client.call_tool("query_metrics", {"metrics": ["net_sales"], "by": ["day"], "limit": 100_000}),
            await client.call_tool("query_metrics", {"metrics": ["net_sales"], "by": ["day", "product"]}),
        )

    tools, metrics, no_subject, net_sales, rows, misspelt, no_day, too_many, by_day = asked(whole_shop, talk)

    assert {tool.name for tool in tools} == {"list_metrics", "describe_metric", "query_metrics"}
    assert all(tool.annotations.read_only_hint for tool in tools)
    printed = shophouse("metric", "--json", "-p", whole_shop.folder).stdout
    assert json.loads(text(metrics)) == json.loads(printed)
    assert no_subject.is_error and "sales" in text(no_subject)
    assert json.loads(text(net_sales))["formula"]
    options = (
        "--by",
        "month,channel",
        "--where",
        "country in ('DE', 'US')",
        "--from",
        "2025-09-01",
        "--to",
        "2025-12-31",
    )
    printed = shophouse("metric", "net_sales", "orders", *options, "--json", "-p", whole_shop.folder).stdout
    found = json.loads(text(rows), parse_float=str)
    assert len(found) > 8 and found == json.loads(printed, parse_float=str)
    assert misspelt.is_error and "net_sales" in text(misspelt)
    assert no_day.is_error and "'yesterday' is no day" in text(no_day)
    assert too_many.is_error
    assert by_day.is_error and 'by: ["month"]' in text(by_day) and "--by" not in text(by_day)
    assert "list_metrics lists them all" in text(misspelt)
