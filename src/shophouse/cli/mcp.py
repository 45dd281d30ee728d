"""The command that assistants start."""

from __future__ import annotations

from pathlib import Path

from shophouse.cli.app import LOOK, ProjectFolder, command
from shophouse.errors import ConfigError

__all__: list[str] = []


@command(LOOK)
def mcp(project: ProjectFolder = Path()) -> None:
    """Let an assistant ask for metrics, over MCP.

    It speaks the Model Context Protocol on stdin and stdout, and only reads. Assistants start it themselves:
    docs/guides/api-and-mcp.md shows what to write into their settings.
    """
    from shophouse.shop import Shop

    try:
        import mcp.server as _  # noqa: F401
    except ImportError as error:
        raise ConfigError("MCP is not installed", why=str(error), hint='pip install "shophouse[mcp]"') from error
    from shophouse.serve.assistant import create_server

    shop = Shop.open(project)
    create_server(shop.project, shop.engine).run("stdio")
