"""The commands that keep a shop: backup, restore, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import MAINTAIN, ProjectFolder, command
from shophouse.cli.output import plural, say, size

__all__: list[str] = []

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .tar, or .tar.gz to compress it.")]


@command(MAINTAIN)
def backup(
    file: BackupFile,
    with_data: Annotated[bool, typer.Option("--with-data", help="The files of data/ too.")] = False,
    project: ProjectFolder = Path(),
) -> None:
    """Write the lake and the project's files to one file.

    The warehouse and the reports are not in it: a run makes them again.
    """
    from shophouse.backup import backup
    from shophouse.shop import Shop

    opened = Shop.open(project).project
    done = backup(opened, file, with_data=with_data)
    say(f"{plural(done.files, 'file')}, {size(done.bytes)}, in {done.file}")
    if opened.lake.is_remote:
        say(f"the rows are in {opened.lake.path}, and not in this file: see the guide on backups")


@command(MAINTAIN)
def restore(
    file: BackupFile,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")],
) -> None:
    """Make a shop's folder of a backup."""
    from shophouse.backup import restore
    from shophouse.project import Project

    done = restore(file, folder)
    say(f"{plural(done.files, 'file')} restored in {done.folder}")
    project = Project.load(done.folder)
    if not project.lake.is_remote and project.lake_folder.resolve() != done.folder.resolve() / "lake":
        say(f"its lake is {done.folder / 'lake'}, but shophouse.yml says {project.lake.path}")
        say("  write there:   lake: {path: lake}")
    say(f"next:   shophouse run -p {folder}")


@command(MAINTAIN)
def schema() -> None:
    """Print the JSON schema of shophouse.yml, for editors."""
    from shophouse.project import project_schema

    say(json.dumps(project_schema(), indent=1))
