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


@command(LOOK)
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8080,
    login: Annotated[
        bool, typer.Option("--login", help="Demand a login on 127.0.0.1 too, as behind a proxy that ends TLS.")
    ] = False,
    certificate: Annotated[Path | None, typer.Option(help="The certificate of https, a PEM file.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key, a PEM file.")] = None,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Let passwords cross a network that you trust without https.")
    ] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Show the dashboard of the published warehouse, until Ctrl-C.

    It shows a new version as soon as it is published, and never stands in the way of a build. On any other address than
    127.0.0.1 a login is demanded: shophouse users add NAME.
    """
    from shophouse.shop import Shop

    try:
        import uvicorn

        from shophouse.serve.dashboard.access import LOCAL
        from shophouse.serve.dashboard.app import create_app
        from shophouse.serve.dashboard.secret import secret_of
        from shophouse.serve.dashboard.users import Users
    except ImportError as error:
        raise ConfigError(
            "the dashboard is not installed", why=str(error), hint='pip install "shophouse[serve]"'
        ) from error
    if (certificate is None) != (key is None):
        raise ConfigError("https needs both a certificate and its key", hint="--certificate cert.pem --key key.pem")
    if host not in LOCAL and certificate is None and not plain_http:
        raise ConfigError(
            f"passwords would cross the network to {host} in clear text",
            hint=[
                "--certificate cert.pem --key key.pem",
                "or --login on 127.0.0.1, behind a proxy that ends TLS; or --plain-http in a network that you trust",
            ],
        )
    shop = Shop.open(project)
    users = Users(shop.project.folder) if login or host not in LOCAL else None
    if users is not None and shop.project.serve.oidc is None and not users.all():
        raise ConfigError(
            "nobody may log in yet", hint=["shophouse users add NAME --role analyst", "or serve.oidc in shophouse.yml"]
        )
    app = create_app(shop.project, shop.engine, secret=secret_of(shop.project), users=users)
    address = f"{'https' if certificate else 'http'}://{host}:{port}"
    say(f"{shop.project.name}: {address}   (Ctrl-C ends it)")
    if open_browser:
        webbrowser.open(address)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
