"""Published marts as files for people and other programs: CSV, Parquet, Excel.

Below the folder of reports: `csv/sales_daily.csv`, `parquet/sales_daily.parquet`, `xlsx/sales_daily.xlsx`. Besides the
marts there are exports by name, each a query in a file: those of `serve/exports/`, and a shop's own in its `exports/`.
Their headers are the names of columns, for programs; `columns.csv` says what each is, in which unit, as the sheet
`columns` of a workbook does. A file is put in place whole. Rows are ordered by all of their columns, so that the same
rows make the same bytes.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError
from shophouse.quoting import identifier
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    import duckdb

    from shophouse.engines import Engine
    from shophouse.project import Project

__all__ = ["FORMATS", "Exported", "export", "listing"]

FORMATS = ("csv", "parquet", "xlsx")
_STAMP = ".exports.json"
_COLUMNS = "columns.csv"
_IN_ORDER = " order by all"
# digits of a decimal that fits a machine's integer: one of more digits takes several times as long to write as text
_FAST_DIGITS = 18
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


@dataclass(frozen=True)
class Exported:
    """A file that was written, and the run whose published version it holds."""

    path: str
    rows: int
    bytes: int
    modified_ns: int
    made_of: str


def export(
    project: Project,
    engine: Engine,
    marts: Sequence[str] = (),
    *,
    formats: Sequence[str] = (),
    folder: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write every mart and named export, or those of `marts`, in every format; return their paths.

    What has more rows than the setting `exports.max_rows` is left out, and told to `notice`, unless it is named. A file
    that holds the published version already is left as it is; one whose mart is gone is removed. Raises ConfigError for
    an unknown name or format, BuildError when nothing is published.
    """
    wanted = _formats(formats or project.exports.formats)
    root = (folder or project.reports_folder).expanduser().absolute()
    # one connection for all: the files are of one version, whatever is published meanwhile
    session = _Session(engine)
    queries = _queries(project, session)
    for name in marts:
        if name not in queries:
            known = "known: " + ", ".join(queries)
            raise ConfigError(f"there is no mart {name!r} to export", why=known, hint=did_you_mean(name, queries))
    names = [name for name in queries if not marts or name in marts]
    version = session.version()
    before = listing(root)
    files: dict[str, Exported] = {}
    left_out: dict[str, int] = {}
    for done, (format_, name) in enumerate((format_, name) for format_ in wanted for name in names):
        path = f"{format_}/{name}.{format_}"
        if progress is not None:
            progress(path, done, len(wanted) * len(names))
        found = before.get(path)
        if found is None or found.made_of != version or not _untouched(root / path, found):
            rows = left_out.get(name) or session.count(project, name, queries[name])
            if rows > project.exports.max_rows and not marts:
                left_out[name] = rows
                continue
            found = _write(project, session, root, path, queries[name], rows, version)
            before[path] = found
            _save(root, before)
        files[path] = found
    _describe(project, session, root, names)
    if not marts:
        for path in before.keys() - files.keys():
            if path.partition("/")[0] in wanted:
                (root / path).unlink(missing_ok=True)
                del before[path]
        _save(root, before)
    if notice is not None:
        for name, rows in left_out.items():
            notice(
                f"{name} has {rows:,} rows and is not exported: shophouse export {name} writes it (exports.max_rows)"
            )
    return [root / path for path in files]


def listing(folder: Path) -> dict[str, Exported]:
    """What was exported into this folder, by path below it."""
    try:
        rows = json.loads((folder / _STAMP).read_text("utf-8"))
        return {row["path"]: Exported(**row) for row in rows}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _save(folder: Path, files: dict[str, Exported]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    incoming = folder / f"{_STAMP}.{os.getpid()}"
    incoming.write_text(json.dumps([asdict(files[path]) for path in sorted(files)], indent=1), "utf-8")
    incoming.replace(folder / _STAMP)


def _describe(project: Project, session: _Session, root: Path, names: Iterable[str]) -> None:
    """Write what the columns of these marts are; what was said of others stays while they are there."""
    from shophouse.metrics import Catalogue
    from shophouse.serve.described import described_marts

    target = root / _COLUMNS
    catalogue, marts = Catalogue.load(project), described_marts(project)
    there = session.columns()
    described = set(names)
    if target.is_file():
        with target.open(encoding="utf-8", newline="") as file:
            described |= {row["table"] for row in csv.DictReader(file)}
    incoming = target.with_name(f".{target.name}.{os.getpid()}")
    root.mkdir(parents=True, exist_ok=True)
    with incoming.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("table", "column", "label", "unit", "what it is"))
        for table, column in there:
            if table in described:
                name = catalogue.of_column(column, (table,))
                metric = catalogue.metrics[name] if name else None
                said = marts[table].columns.get(column, "") if table in marts else ""
                unit = "" if metric is None else project.currency if metric.unit == "money" else metric.unit
                writer.writerow((table, column, metric.label if metric else "", unit, said))
    os.replace(incoming, target)


def _formats(formats: Sequence[str]) -> list[str]:
    for format_ in formats:
        if format_ not in FORMATS:
            raise ConfigError(
                f"there is no export format {format_!r}",
                why=f"known: {', '.join(FORMATS)}",
                hint=did_you_mean(format_, FORMATS),
            )
    return list(dict.fromkeys(formats))


class _Session:
    def __init__(self, engine: Engine) -> None:
        self._opened = engine.read("select max(run_id) from ops.runs")

    def version(self) -> str:
        """The run that was published. Not the version's number: a warehouse that is made anew counts from 1 again."""
        return str(self._opened.fetchall()[0][0])

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        relation: duckdb.DuckDBPyRelation = self._opened.query("session", query)
        return relation

    def columns(self) -> list[tuple[str, str]]:
        """Every table of the marts with each of its columns, in order."""
        found: list[tuple[str, str]] = self.sql(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = 'shop' and table_schema = 'marts' order by table_name, ordinal_position"
        ).fetchall()
        return found

    def count(self, project: Project, name: str, query: str) -> int:
        import duckdb

        try:
            counted = self.sql(f"select count(*) from ({query.removesuffix(_IN_ORDER)}) as exported").fetchall()
        except duckdb.Error as error:
            raise _failed(project, name, error) from error
        return int(counted[0][0])


def _queries(project: Project, session: _Session) -> dict[str, str]:
    """Name → query, marts first. A shop's own named export hides a packaged one."""
    tables = session.sql(
        "select table_name from information_schema.tables where table_schema = 'marts' order by table_name"
    ).fetchall()
    queries = {name: f"select * from marts.{identifier(name)}{_IN_ORDER}" for (name,) in tables}
    for folder in (Path(__file__).parent / "exports", project.folder / "exports"):
        for file in sorted(folder.glob("*.sql")):
            queries[file.stem] = file.read_text("utf-8").strip().rstrip(";")
    return queries


def _untouched(file: Path, known: Exported) -> bool:
    try:
        stat = file.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (known.bytes, known.modified_ns)


def _write(project: Project, session: _Session, root: Path, path: str, query: str, rows: int, version: str) -> Exported:
    import duckdb

    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        relation = session.sql(query)
        if target.suffix == ".csv":
            relation = _with_fast_decimals(session, relation, query)
            relation.write_csv(str(incoming), header=True)
        elif target.suffix == ".parquet":
            relation.write_parquet(str(incoming), compression="zstd")
        else:
            from shophouse.serve.described import column_descriptions
            from shophouse.serve.workbook import write_workbook

            write_workbook(relation, incoming, target.stem, column_descriptions(project, target.stem))
        os.replace(incoming, target)
    except duckdb.Error as error:
        raise _failed(project, target.stem, error) from error
    finally:
        incoming.unlink(missing_ok=True)
    stat = target.stat()
    return Exported(path, rows, stat.st_size, stat.st_mtime_ns, version)


def _with_fast_decimals(session: _Session, relation: duckdb.DuckDBPyRelation, query: str) -> duckdb.DuckDBPyRelation:
    """The same rows, whose text is the same, with decimals as narrow as their values allow."""
    wide = {
        name: _FAST_DIGITS - int(scale)
        for name, type_ in zip(relation.columns, map(str, relation.types), strict=True)
        if (found := _DECIMAL.fullmatch(type_)) and int(found[1]) > _FAST_DIGITS > int(scale := found[2])
    }
    if not query.endswith(_IN_ORDER) or not wide:
        return relation
    unordered = query.removesuffix(_IN_ORDER)
    cells = ", ".join(f"max(abs({identifier(name)})) < 1e{digits}" for name, digits in wide.items())
    fits = session.sql(f"select {cells} from ({unordered}) as exported").fetchall()[0]
    narrow = ", ".join(
        f"cast({identifier(name)} as decimal({_FAST_DIGITS}, {_FAST_DIGITS - digits})) as {identifier(name)}"
        for (name, digits), fit in zip(wide.items(), fits, strict=True)
        if fit is not False
    )
    return session.sql(f"select * replace ({narrow}) from ({unordered}) as exported{_IN_ORDER}") if narrow else relation


def _failed(project: Project, name: str, error: Exception) -> ConfigError:
    return ConfigError(f"the export {name} failed", why=str(error), hint=_where(project, name))


def _where(project: Project, name: str) -> str | None:
    own = project.folder / "exports" / f"{name}.sql"
    return f"mend {own}" if own.is_file() else None
