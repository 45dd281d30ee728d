"""The command that sets up BI tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import LOOK, AsJson, ProjectFolder, command
from shophouse.cli.output import json_text, note, say, table
from shophouse.errors import ConfigError

__all__: list[str] = []

_PASSWORD = "SHOPHOUSE_BI_PASSWORD"


@command(LOOK)
def bi(
    name: Annotated[str, typer.Argument(metavar="TOOL", help="metabase, superset; list says what there are.")],
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write it (default: bi/TOOL of the shop).")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write beside other files, and over those of the same name.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(
            "--provision", metavar="URL", help="Make its questions and dashboards in the tool that runs there."
        ),
    ] = None,
    user: Annotated[str | None, typer.Option(help=f"Its user; the password stands in {_PASSWORD}.")] = None,
    first_user: Annotated[bool, typer.Option("--first-user", help="Make this user in a tool that is new.")] = False,
    dsn: Annotated[
        str | None, typer.Option(help="How the tool reaches PostgreSQL, as a role that only reads: env:NAME.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(help="Where the tool sees the published DuckDB files (default: /published).")
    ] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Set up Metabase or Superset over what is published.

    Their questions and dashboards are those of shophouse serve: the same SQL, names and definitions. --provision may be
    called again: it makes what is missing, changes what changed, and leaves alone what others made.
    """
    try:
        import babel as _babel  # noqa: F401
        import httpx as _httpx  # noqa: F401
        import sqlglot as _sqlglot  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "what writes set-ups of BI tools is not installed", why=str(error), hint='pip install "shophouse[bi]"'
        ) from error
    from shophouse.serve.bi import Access, Provisioning, set_up_of, tool, tools, write
    from shophouse.shop import Shop

    if name == "list":
        if as_json:
            say(json_text([{"tool": one.name, "summary": one.summary} for one in tools().values()], 1))
        else:
            table(["tool", "what"], [[one.name, one.summary] for one in tools().values()])
        return
    chosen = tool(name)
    shop = Shop.open(project)
    set_up = set_up_of(shop.project, shop.engine, dsn, folder)
    if url is None:
        target = into or project / "bi" / name
        paths = write(name, set_up, target, force=force)
        questions = sum(len(dashboard.questions) for dashboard in set_up.dashboards)
        say(
            f"wrote {len(paths)} files below {target}, for {questions} questions on {len(set_up.dashboards)} dashboards"
        )
        say(f"next: {target / 'README.md'}")
        return
    if not isinstance(chosen, Provisioning):
        raise ConfigError(
            f"{chosen.title} takes files, and is not provisioned", hint=f"shophouse bi {name} --into FOLDER"
        )
    if into is not None:
        raise ConfigError("--into writes files, and --provision talks to a tool that runs", hint="one after the other")
    password = os.environ.get(_PASSWORD)
    if user is None or not password:
        raise ConfigError(
            f"--provision needs a user of {chosen.title}",
            hint=f"--user you@example.com, and the password in {_PASSWORD}",
        )
    access = Access(url, user, password, first_user)
    done = chosen.provision(set_up, access, note)
    if as_json:
        say(json_text({"made": done.made, "changed": done.changed, "same": done.same, "left": done.left}, 1))
        return
    for word, things in (("made", done.made), ("changed", done.changed)):
        for thing in things:
            say(f"{word:8}{thing}")
    say(f"{len(done.made)} made, {len(done.changed)} changed, {done.same} as they were")
    if done.left:
        note(f"no longer made, and left as they are: {', '.join(done.left)}")
