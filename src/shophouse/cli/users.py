"""The commands for those who may log in to the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shophouse.cli.app import MAINTAIN, AsJson, ProjectFolder, command, group
from shophouse.cli.output import note, say, table
from shophouse.errors import ConfigError
from shophouse.json_text import json_text

if TYPE_CHECKING:
    from shophouse.serve.dashboard.users import Users

__all__: list[str] = []

_users = group("users", MAINTAIN, "Who may log in to the dashboard.")


@command(of=_users)
def add(
    name: Annotated[str, typer.Argument(help="As anna, or an e-mail address.")],
    role: Annotated[
        str, typer.Option(help="viewer sees no personal data; analyst sees all.", show_default=True)
    ] = "viewer",
    project: ProjectFolder = Path(),
) -> None:
    """Add a user, or give one another password and role.

    The password is asked for; from a program it is the first line of stdin. Only its hash is kept, in users.json of the
    shop's folder. Whoever is logged in with another password or role is logged out.
    """
    from shophouse.serve.dashboard.users import LEAST

    users = _of(project)
    if sys.stdin.isatty():
        password = typer.prompt(
            f"password, {LEAST} characters or more", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise ConfigError("no password on stdin", hint=f"shophouse users add {name}   asks for it on a terminal")
    users.put(name, role, password)
    note(f"{name} may log in as {role}")


@command(name="list", of=_users)
def list_users(project: ProjectFolder = Path(), as_json: AsJson = False) -> None:
    """Who may log in, and as what."""
    rows = [{"name": user.name, "role": user.role} for user in _of(project).all().values()]
    if as_json:
        say(json_text(rows, 1))
    elif rows:
        table(["name", "role"], [(row["name"], row["role"]) for row in rows])
    else:
        note("nobody may log in; shophouse users add NAME")


@command(of=_users)
def remove(name: Annotated[str, typer.Argument()], project: ProjectFolder = Path()) -> None:
    """Remove a user, who is logged out at once."""
    _of(project).remove(name)
    note(f"{name} may not log in any more")


def _of(project: Path) -> Users:
    from shophouse.serve.dashboard.users import Users
    from shophouse.shop import Shop

    return Users(Shop.open(project).project.folder)
