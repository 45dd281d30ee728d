"""What the last build was made of, so that a run in which nothing changed ends before it imports anything heavy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from shophouse.project import Project, package_warehouse

__all__ = ["Inputs", "State"]


@dataclass(frozen=True)
class Inputs:
    """What a build depends on: the lake's heads and the project's files, as hashes."""

    heads: dict[str, str] = field(default_factory=dict)
    foundation: str = ""
    """The packaged models, the bindings, the shop's staging and macros: when these change, facts are built anew."""
    models: str = ""
    """The shop's own models, seeds, tests and snapshots."""
    settings: str = ""
    """What dbt is told of the project: dbt_project.yml and packages.yml."""

    @classmethod
    def of(cls, project: Project, heads: dict[tuple[str, str], str]) -> Inputs:
        folder = project.folder
        package = package_warehouse()
        foundation = [
            package,
            package.parent / "engines",
            folder / "models" / "staging",
            folder / "macros",
            project.generated_folder / "macros",
        ]
        rest = [folder / "models", folder / "seeds", folder / "tests", folder / "snapshots"]
        single = [folder / "dbt_project.yml", folder / "packages.yml"]
        return cls({}, _digest(foundation), _digest(rest), _digest((), single)).at(heads)

    def at(self, heads: dict[tuple[str, str], str]) -> Inputs:
        """These inputs, with the lake's heads as they are now."""
        named = {f"{source}.{table}": head for (source, table), head in sorted(heads.items())}
        return replace(self, heads=named)

    @property
    def project(self) -> str:
        """A hash of all but the data."""
        return f"{self.packaged}{self.models}"

    @property
    def packaged(self) -> str:
        """How `project` begins where packaged models are compiled to the same SQL."""
        return f"{self.foundation}-{self.settings}-"

    def shared_with(self, other: Inputs) -> Inputs:
        """These inputs, with nothing in place of the parts of the project that `other` has otherwise."""
        return Inputs(
            self.heads,
            self.foundation if self.foundation == other.foundation else "",
            self.models if self.models == other.models else "",
            self.settings if self.settings == other.settings else "",
        )


@dataclass
class State:
    """Kept in `warehouse/build/state.json`. `built` and `published` are the inputs of the last that went through."""

    built: Inputs | None = None
    published: Inputs | None = None
    version: int | None = None
    exported: int | None = None
    """The published version that the files in `reports/` were made from."""
    reported: str | None = None
    """The published version that was last looked at for reports that are due, and a hash of their settings."""
    is_whole: bool = True
    """Whether what is in the warehouse now went through its build and its tests."""
    is_proved: bool = False
    """Whether all rows of it did: else the next tests must not look at those alone that their build wrote."""
    behind: list[str] = field(default_factory=list)
    """Tables of schema raw that builds have passed on to what could not wait alone; the rest is to be built yet."""

    @staticmethod
    def file(project: Project) -> Path:
        return project.warehouse_folder / "build" / "state.json"

    @classmethod
    def load(cls, project: Project) -> State:
        """The state on disk; an empty one where there is none, or none that can be read."""
        try:
            data = json.loads(cls.file(project).read_text(encoding="utf-8"))
            return cls(
                built=Inputs(**data["built"]) if data["built"] else None,
                published=Inputs(**data["published"]) if data["published"] else None,
                version=data["version"],
                exported=data["exported"],
                reported=data.get("reported"),
                is_whole=data.get("is_whole", True),
                is_proved=data.get("is_proved", False),
                behind=data.get("behind", []),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def save(self, project: Project) -> None:
        file = self.file(project)
        file.parent.mkdir(parents=True, exist_ok=True)
        incoming = file.with_suffix(".tmp")
        incoming.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(incoming, file)


_SOURCES_OF_TRUTH = {".sql", ".yml", ".yaml", ".csv"}


def _digest(folders: Iterable[Path], files: Iterable[Path] = ()) -> str:
    digest = hashlib.sha256()
    found = [file for file in files if file.is_file()]
    for folder in folders:
        found += sorted(file for file in folder.rglob("*") if file.suffix in _SOURCES_OF_TRUTH and file.is_file())
    for file in found:
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
