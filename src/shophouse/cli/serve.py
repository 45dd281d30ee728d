"""The command that shows the dashboard."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import LOOK, ProjectFolder, command
from shophouse.cli.output import say
from shophouse.errors import ConfigError

__all__: list[str] = []

_LOCAL = ("127.0.0.1", "localhost", "::1")


@command(LOOK)
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8080,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Show the dashboard of the published warehouse, until Ctrl-C.

    It shows a new version as soon as it is published, and never stands in the way of a build.
    """
    from shophouse.shop import Shop

    try:
        import uvicorn

        from shophouse.serve.dashboard.app import create_app
        from shophouse.serve.dashboard.secret import secret_of
    except ImportError as error:
        raise ConfigError(
            "the dashboard is not installed", why=str(error), hint='pip install "shophouse[serve]"'
        ) from error
    if host not in _LOCAL:
        raise ConfigError(
            f"the dashboard has no login, so it can't listen on {host}", hint=f"shophouse serve --port {port}"
        )
    shop = Shop.open(project)
    app = create_app(shop.project, shop.engine, secret=secret_of(shop.project))
    address = f"http://{host}:{port}"
    say(f"{shop.project.name}: {address}   (Ctrl-C ends it)")
    if open_browser:
        webbrowser.open(address)
    uvicorn.run(app, host=host, port=port, log_level="warning")
