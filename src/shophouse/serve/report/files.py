"""The files of reports, and which there are: listed in `.reports.json` and, for people, in `index.html` beside them.

A file is put in place whole, and left alone where it holds the same bytes already.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from filelock import FileLock

from shophouse.errors import ConfigError
from shophouse.serve.report.drawing import page

__all__ = ["Listing", "Written", "put"]

LIST, _LOCK, _INDEX = ".reports.json", ".reports.lock", "index.html"


@dataclass(frozen=True)
class Written:
    """A report that lies in the folder: `stem` is its path below the folder, without the format."""

    stem: str
    name: str
    title: str
    start: str
    end: str
    compared: str
    version: int
    run_id: str
    run_at: str
    asked: str
    """A hash of what was asked for."""
    figures: str
    """A hash of the metrics in it, as written."""
    formats: tuple[str, ...]
    replaced_by: int | None = None
    """The version whose figures are others, and which took its place."""

    def files(self, folder: Path) -> dict[str, Path]:
        return {kind: folder / f"{self.stem}.{kind}" for kind in self.formats}

    def is_there(self, folder: Path) -> bool:
        return all(file.is_file() for file in self.files(folder).values())


class Listing:
    """The reports of a folder, by stem."""

    def __init__(self, folder: Path, shop: str) -> None:
        self._folder = folder
        self._shop = shop

    @contextmanager
    def changing(self) -> Iterator[dict[str, Written]]:
        """The reports, to be changed: what the block makes of them is on disk afterwards. Raises ConfigError."""
        with _telling(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / _LOCK):
                found = self.read()
                before = dict(found)
                yield found
                if found != before or not (self._folder / _INDEX).is_file():
                    listed = [asdict(found[stem]) for stem in sorted(found)]
                    put(self._folder / LIST, (json.dumps(listed, indent=1) + "\n").encode())
                    put(self._folder / _INDEX, self._index(found).encode())

    def read(self) -> dict[str, Written]:
        """Those that are listed; none where there is no list, or none that can be read."""
        try:
            rows = json.loads((self._folder / LIST).read_text("utf-8"))
            listed = [Written(**{**row, "formats": tuple(row["formats"])}) for row in rows]
        except (OSError, ValueError, TypeError, KeyError):
            return {}
        return {report.stem: report for report in listed}

    def _index(self, reports: Mapping[str, Written]) -> str:
        newest_first = sorted(reports.values(), key=lambda one: (one.end, one.start, one.stem), reverse=True)
        return page(f"Reports of {self._shop}", self._lines(newest_first))

    def _lines(self, reports: list[Written]) -> Iterator[str]:
        yield f'<header><p class="shop">{escape(self._shop)}</p><h1>Reports</h1>'
        yield '<p class="about">Each is of the published version that is named beside it.</p></header>'
        yield '<section class="chapter panel"><div class="scroll"><table><thead><tr>'
        yield "".join(f"<th>{head}</th>" for head in ("Period", "Report", "Days", "Compared with", "Version", "As"))
        yield "</tr></thead><tbody>"
        for one in reports:
            links = " ".join(f'<a href="{escape(one.stem)}.{kind}">{kind.upper()}</a>' for kind in one.formats)
            cells = (one.title, one.name, f"{one.start} – {one.end}", one.compared, self._version(one))
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}<td>{links}</td></tr>"
        yield "</tbody></table></div></section>"
        if (self._folder / "runs.html").is_file():
            yield '<footer><a href="runs.html">What ran</a></footer>'

    @staticmethod
    def _version(report: Written) -> str:
        made = f"{report.version}, {report.run_at[:16].replace('T', ' ')} UTC"
        return made if report.replaced_by is None else f"{made}; corrected by version {report.replaced_by}"


def put(file: Path, content: bytes) -> None:
    """Put a file in place, whole. Raises ConfigError where it can't be written."""
    with _telling(file):
        if file.is_file() and file.read_bytes() == content:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        incoming = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            incoming.write_bytes(content)
            os.replace(incoming, file)
        finally:
            incoming.unlink(missing_ok=True)


@contextmanager
def _telling(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"the report can't be written to {place}",
            why=f"{type(error).__name__}: {error}",
            hint="--output FOLDER writes it elsewhere",
        ) from error
