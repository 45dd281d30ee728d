"""A shop's folder: a plain dbt project beside `shophouse.yml`, and the generated part that makes dbt find its package.

`dbt ls`, `dbt build` and `dbt docs generate` by hand work in it without `dbt deps`: the package is linked to where dbt
would install it. The links are generated, so that what a shop commits holds no path of a machine, and another
environment is one shophouse command away.
"""

from __future__ import annotations

import json
import re
import shutil
import string
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from shophouse.bindings import write_bindings, write_if_changed
from shophouse.errors import ConfigError
from shophouse.project import PROJECT_FILE, Project, package_warehouse, project_schema, staging_folders
from shophouse.yamlfile import did_you_mean

__all__ = ["ensure_dbt_files", "init_project"]

_TEMPLATE = Path(__file__).parent / "template"
_SOURCES = _TEMPLATE.with_name("sources.yml")
_GENERATED = "# Written by shophouse from shophouse.yml. Without this line it is yours, and stays as you write it.\n"


def init_project(
    folder: Path | str,
    *,
    name: str | None = None,
    staging: str | None = None,
    timezone: str = "UTC",
    currency: str = "EUR",
    path: str = "data/*.csv",
    source_timezone: str | None = None,
    force: bool = False,
    sources: str | None = None,
    models: Mapping[str, str] | None = None,
    only_missing: bool = False,
    is_complete: bool = True,
) -> list[Path]:
    """Write a shop's folder and return the files written, sorted.

    `name` is the folder's when absent. `staging` is a platform that comes with shophouse; without one, the source gets
    a staging folder of its own under models/staging/, as an example to change. `path` is the glob of its files, and
    `source_timezone` the zone of the times in them, where it isn't `timezone`. `sources` and `models` stand in place of
    these: what is below `sources:` in the project file, and the staging models by path. `only_missing` leaves every
    file alone that is there. Models that are not complete yet leave what dbt needs to the next command.

    Raises ConfigError, before anything is written, when the platform is unknown, a value isn't allowed in a project
    file, or files of these names exist and `force` isn't given.
    """
    root = Path(folder).expanduser().resolve()
    packaged = staging_folders()
    if staging is not None and staging not in packaged:
        raise ConfigError(
            f"there is no platform {staging!r}",
            why=f"known: {', '.join(packaged) or 'none'}",
            hint=did_you_mean(staging, packaged) or "leave it out for a staging folder of your own",
        )
    title = name or root.name
    own = dbt_name(title)
    texts = dict(
        _texts(
            own_staging=staging is None and models is None,
            sources=sources,
            name=json.dumps(title, ensure_ascii=False),
            project=own,
            own=own,
            source=staging or own,
            staging=staging or own,
            timezone=timezone,
            currency=currency,
            path=json.dumps(path, ensure_ascii=False),
            source_timezone=(f"timezone: {source_timezone}" if source_timezone else "# timezone: UTC").ljust(30),
            packaged=", ".join(packaged),
        )
    )
    texts |= models or {}
    present = [file for file in sorted(texts) if (root / file).exists()]
    if only_missing:
        texts = {file: text for file, text in texts.items() if file not in present}
    elif present and not force:
        other = "--force" if models is None else "--missing, which writes what isn't there and leaves these as they are"
        raise ConfigError(
            f"{root} has files that would be overwritten",
            why=present,
            hint=f"choose another folder, or {'overwrite them with ' if models is None else 'add '}{other}",
        )
    if PROJECT_FILE in texts:
        _validate(texts[PROJECT_FILE], own)
    for file, text in texts.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, "utf-8")
    for empty in ("data", "seeds", "tests"):
        (root / empty).mkdir(exist_ok=True)
    generated = ensure_dbt_files(Project.load(root)) if is_complete else []
    return sorted([*(root / file for file in texts), *(file for file in generated if file.parent == root)])


def ensure_dbt_files(project: Project) -> list[Path]:
    """Bring everything generated that dbt and editors need up to date, and return what changed.

    These are the bindings, the engine's dialect, the JSON schema, the profile (unless its first line was removed), the
    links to the installed models, and the folder of the database. What hasn't changed isn't touched. Raises ConfigError
    as `bindings` does.
    """
    generated = project.generated_folder
    changed: list[Path] = []

    def write(file: Path, text: str) -> None:
        if write_if_changed(file, text):
            changed.append(file)

    if write_bindings(project):
        changed.append(generated / "macros" / "bindings.sql")
    dialect = package_warehouse().parent / "engines" / project.engine.kind / "dialect.sql"
    if dialect.is_file():
        write(generated / "macros" / "dialect.sql", dialect.read_text("utf-8"))
    write(generated / "shophouse.schema.json", json.dumps(project_schema(), indent=1) + "\n")
    profile = project.folder / "profiles.yml"
    if not profile.exists() or profile.read_text("utf-8").startswith(_GENERATED):
        write(profile, _profile(project))
    for link in (generated / "warehouse", generated / "packages" / "shophouse"):
        if _link(link, package_warehouse()):
            changed.append(link)
    (project.warehouse_folder / "build").mkdir(parents=True, exist_ok=True)
    return changed


def _validate(text: str, own: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models" / "staging" / own).mkdir(parents=True)
        (Path(folder) / PROJECT_FILE).write_text(text, "utf-8")
        Project.load(folder)


def dbt_name(title: str) -> str:
    """A name that dbt takes for a project: `Müller & Söhne` → `muller_sohne`; never that of the package."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain).lower()).strip("_")
    if not word or word in ("shophouse", "dbt"):
        return f"{word}_shop".strip("_")
    return word if word[0].isalpha() else f"shop_{word}"


def _texts(*, own_staging: bool, sources: str | None, **words: str) -> Iterator[tuple[str, str]]:
    if sources is None:
        sources = string.Template(_SOURCES.read_text("utf-8")).substitute(words)
    for file in sorted(_TEMPLATE.rglob("*")):
        place = file.relative_to(_TEMPLATE).as_posix()
        in_own = place.startswith("models/staging/own/")
        if file.is_dir() or (in_own and not own_staging):
            continue
        if in_own:
            place = place.replace("own", words["own"])
        place = ".gitignore" if place == "gitignore" else place
        yield place, string.Template(file.read_text("utf-8")).substitute(words, sources=sources.rstrip("\n"))


def _profile(project: Project) -> str:
    # The profile is named as dbt_project.yml says, which a person may have changed.
    raw: Any = yaml.safe_load((project.folder / "dbt_project.yml").read_text("utf-8"))
    name = raw["profile"] if isinstance(raw, dict) and "profile" in raw else dbt_name(project.name)
    kind = project.engine.kind
    output = project.engine.dbt_output()
    if files := project.files_of_loaders:
        output["attach"] = [{"path": path, "alias": alias, "read_only": True} for path, alias in files.items()]
    profile = {name: {"target": kind, "outputs": {kind: output}}}
    return _GENERATED + yaml.safe_dump(profile, sort_keys=False)


def _link(link: Path, target: Path) -> bool:
    """Let `link` lead to the folder `target`, by a copy where links aren't allowed; say whether it was otherwise."""
    if link.is_symlink() and link.resolve() == target.resolve():
        return False
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError:  # Windows lets only developers make links
        shutil.copytree(target, link)
    return True
