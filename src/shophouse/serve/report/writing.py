"""Reports written: one that is asked for, and those of `reports:` in shophouse.yml that are due."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError
from shophouse.serve.dashboard.periods import COMPARISONS
from shophouse.serve.report.drawing import draw
from shophouse.serve.report.files import Listing, Written, put
from shophouse.serve.report.made import Asked, Report, made, period_of
from shophouse.serve.report.pdf import browser, to_pdf
from shophouse.serve.report.period import NothingIsOver, file_part, heading
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    from shophouse.engines import Engine
    from shophouse.project import Project
    from shophouse.settings import ReportSettings

__all__ = ["FORMATS", "write_due", "write_report"]

FORMATS = ("html", "pdf")
_NAME = "report"


def write_report(
    project: Project, engine: Engine, asked: Asked, *, formats: Sequence[str] = (), output: Path | None = None
) -> list[Path]:
    """Write the report that is asked for, and return the paths of its files.

    `output` is a file (.html or .pdf) or a folder; without one it is the shop's folder of reports, whose list then has
    it. Raises ConfigError for what is not understood or can't be written, BuildError when nothing is published.
    """
    kinds = _formats(formats, output)
    report = made(project, engine, asked)
    contents = _contents(report, kinds)
    if output is not None and _suffix(output):
        file = output.expanduser().absolute()
        put(file, contents[kinds[0]])
        return [file]
    folder = project.reports_folder if output is None else output.expanduser().absolute()
    stem = "-".join((_NAME, file_part(report.period), *_particulars(asked, report)))
    files = [folder / f"{stem}.{kind}" for kind in kinds]
    for kind, file in zip(kinds, files, strict=True):
        put(file, contents[kind])
    if output is None:
        with Listing(folder, project.name).changing() as reports:
            entry = _entry(report, asked, _NAME, stem, kinds)
            before = reports.get(stem)
            if before is not None and (before.run_id, before.asked) == (entry.run_id, entry.asked):
                entry = replace(entry, formats=tuple(kind for kind in FORMATS if kind in {*before.formats, *kinds}))
            reports[stem] = entry
    return files


def write_due(project: Project, engine: Engine, *, notice: Callable[[str], None] = lambda line: None) -> list[Path]:
    """Write the reports of shophouse.yml that are due, and return the paths of what was written.

    A report of a period is written once. When a later version of the data has other figures for it, the one that was
    written is kept in `earlier/`, and the corrected one takes its place; with the same figures it stays as it is.
    Raises as `write_report`.
    """
    written: list[Path] = []
    for settings in project.reports:
        try:
            written += _write_due(project, engine, settings, notice)
        except NothingIsOver:
            continue
        except ConfigError as error:
            where = [f"report {settings.name} of shophouse.yml", *error.where]
            raise ConfigError(error.what, where=where, why=error.why, hint=error.hint) from error
    return written


def _write_due(project: Project, engine: Engine, settings: ReportSettings, notice: Callable[[str], None]) -> list[Path]:
    asked = Asked(settings.period, settings.compare, settings.pages, settings.where, settings.with_personal_data)
    folder, kinds = project.reports_folder, list(settings.formats)
    listing = Listing(folder, project.name)
    version, period = period_of(project, engine, asked)
    stem = f"{settings.name}-{file_part(period)}"
    known = listing.read().get(stem)
    is_same = known is not None and known.asked == _hash(asked) and set(kinds) <= set(known.formats)
    if known is not None and is_same and known.is_there(folder) and known.run_id == version.run_id:
        return []
    report = made(project, engine, asked)
    entry = _entry(report, asked, settings.name, stem, kinds)
    if known is not None and is_same and known.is_there(folder) and known.figures == entry.figures:
        return []
    contents = _contents(report, kinds)
    with listing.changing() as reports:
        if known is not None and known.is_there(folder) and known.run_id != entry.run_id:
            earlier = _keep(folder, known, entry.version)
            reports[earlier.stem] = earlier
            notice(f"the report {stem} was written anew: its figures are no longer those of version {known.version}")
        files = [folder / f"{stem}.{kind}" for kind in kinds]
        for kind, file in zip(kinds, files, strict=True):
            put(file, contents[kind])
        reports[stem] = entry
        if settings.keep is not None:
            _forget(folder, reports, settings.name, settings.keep)
    return files


def _keep(folder: Path, known: Written, by: int) -> Written:
    """Copy a report that is about to be replaced. One that was copied already, before a crash, stays."""
    stem = f"earlier/{known.stem}-version-{known.version}-{known.run_id.rpartition('-')[2]}"
    earlier = replace(known, stem=stem, replaced_by=by)
    for kind, file in earlier.files(folder).items():
        if not file.is_file():
            put(file, known.files(folder)[kind].read_bytes())
    return earlier


def _forget(folder: Path, reports: dict[str, Written], name: str, keep: int) -> None:
    """Remove the oldest periods of a report, so that so many are left."""
    of_name = [report for report in reports.values() if report.name == name]
    periods = sorted({(report.end, report.start) for report in of_name}, reverse=True)[:keep]
    for report in of_name:
        if (report.end, report.start) not in periods:
            for file in report.files(folder).values():
                file.unlink(missing_ok=True)
            del reports[report.stem]


def _formats(formats: Sequence[str], output: Path | None) -> list[str]:
    for kind in formats:
        if kind not in FORMATS:
            raise ConfigError(
                f"there is no report format {kind!r}",
                why=f"there are {', '.join(FORMATS)}",
                hint=did_you_mean(kind, FORMATS),
            )
    kinds = list(dict.fromkeys(formats))
    suffix = _suffix(output)
    if suffix:
        if suffix not in FORMATS:
            raise ConfigError(
                f"a report can't be a file of format {suffix}", where=str(output), hint="--output report.html"
            )
        if kinds not in ([], [suffix]):
            raise ConfigError(
                f"{output} is one file, of format {suffix}", hint="name a folder for several formats: --output FOLDER"
            )
        kinds = [suffix]
    kinds = kinds or ["html"]
    if "pdf" in kinds:
        browser()
    return kinds


def _suffix(output: Path | None) -> str:
    """The format of a file; nothing of a folder, also one with a point in its name that is there already."""
    return "" if output is None or output.expanduser().is_dir() else output.suffix.lower().lstrip(".")


def _contents(report: Report, kinds: Sequence[str]) -> dict[str, bytes]:
    html = draw(report)
    return {kind: html.encode() if kind == "html" else to_pdf(html, report.version.run_at) for kind in kinds}


def _particulars(asked: Asked, report: Report) -> list[str]:
    """What tells a report from the plain one of its period, for its file's name."""
    filters = [value for chosen in report.view.filters.values() for value in chosen]
    parts = [*asked.pages, *filters]
    if asked.compare != "previous":
        parts.append({"year": "year-before", "none": "alone"}[asked.compare])
    if asked.personal_data:
        parts.append("personal")
    return [slug for part in parts if (slug := re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-"))]


def _entry(report: Report, asked: Asked, name: str, stem: str, kinds: Sequence[str]) -> Written:
    view, version = report.view, report.version
    before = view.before
    compared = f"{before.start} – {before.end}" if before is not None else COMPARISONS["none"]
    figures = json.dumps(list(report.figures())).encode()
    return Written(
        stem,
        name,
        heading(report.period, report.formats),
        str(report.period.start),
        str(report.period.end),
        compared,
        version.number,
        version.run_id,
        version.run_at.isoformat(timespec="seconds"),
        _hash(asked),
        hashlib.sha256(figures).hexdigest()[:16],
        tuple(kinds),
    )


def _hash(asked: Asked) -> str:
    return hashlib.sha256(json.dumps(asdict(asked)).encode()).hexdigest()[:16]
