"""A shop in one file, and back. The warehouse and the reports are not in it: a run makes them again from the lake."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from shophouse.errors import ConfigError, LakeError
from shophouse.lake import Lake
from shophouse.project import PROJECT_FILE, Project

__all__ = ["Backup", "backup", "restore"]

_MADE_AGAIN = (".shophouse", "warehouse", "reports", "logs/dbt", ".git", ".venv")
_LAKE = "lake"


@dataclass(frozen=True)
class Backup:
    """What was put into a backup, or taken out of it."""

    file: Path
    folder: Path
    files: int
    bytes: int


def backup(project: Project, file: Path, *, with_data: bool = False) -> Backup:
    """Write the lake, the project's files and the record of its runs to `file` (tar; compressed if it ends in .gz).

    The files of sources stay out unless `with_data`: the lake has their rows. Of a lake in a bucket only a catalog in
    SQLite is in it. Holds the lake's leases, so that no load is half in it. Raises LockedError when one is going on,
    ConfigError when `file` exists.
    """
    file = file.expanduser().absolute()
    if file.exists():
        raise ConfigError(f"{file} exists", hint="choose another name, or remove it")
    lake = Lake.of(project)
    incoming = file.with_name(f".{file.name}.incoming")
    incoming.parent.mkdir(parents=True, exist_ok=True)
    count = size = 0
    with ExitStack() as held:
        held.callback(lambda: incoming.unlink(missing_ok=True))
        for source, table in lake.tables():
            held.enter_context(lake.lease(source, table))
        with tarfile.open(incoming, "w:gz" if file.suffix in (".gz", ".tgz") else "w") as tar:
            for path, name in _members(project, with_data, {file, incoming}):
                tar.add(path, name, recursive=False)
                count, size = count + 1, size + path.stat().st_size
        incoming.replace(file)
    return Backup(file, project.folder, count, size)


def restore(file: Path, folder: Path) -> Backup:
    """Unpack a backup into `folder`, which must be absent or empty, and make its lake at home there.

    Raises ConfigError when the folder holds something, LakeError when the file is no backup.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty", hint="restore into a new folder")
    try:
        with tarfile.open(file) as tar:
            members = [member for member in tar.getmembers() if member.isfile()]
            if not any(member.name == PROJECT_FILE for member in members):
                raise LakeError(f"{file} is no backup of a shop", why=f"there is no {PROJECT_FILE} in it")
            folder.mkdir(parents=True, exist_ok=True)
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LakeError(f"{file} can't be read", why=str(error)) from error
    for empty in ("data", "seeds", "tests"):
        (folder / empty).mkdir(exist_ok=True)
    if not Project.load(folder).lake.is_remote:
        Lake(folder / _LAKE).move()
    return Backup(file, folder, len(members), sum(member.size for member in members))


def _members(project: Project, with_data: bool, without: set[Path]) -> Iterator[tuple[Path, str]]:
    """Each file and its name in the backup, where the lake is always `lake/`."""
    lake = project.lake_folder.resolve()
    left_out = {(project.folder / name).resolve() for name in _MADE_AGAIN}
    left_out.add(project.absolute(project.lake.cache).resolve())
    left_out |= {lake, project.reports_folder.resolve(), project.warehouse_folder.resolve()}
    if not with_data:
        left_out.add((project.folder / "data").resolve())
    for path in sorted(project.folder.rglob("*")):
        if path.is_file() and path not in without and not left_out & {path, *path.parents}:
            yield path, path.relative_to(project.folder).as_posix()
    for path in sorted(lake.rglob("*")):
        if path.is_file() and path.parent.name != "locks":
            yield path, f"{_LAKE}/{path.relative_to(lake).as_posix()}"
