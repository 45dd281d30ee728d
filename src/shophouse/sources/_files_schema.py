"""The tables that a folder of files holds: by the files' names, with columns and types as DuckDB finds them."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from shophouse.errors import ConfigError, SourceMismatch
from shophouse.sources.schema import SAMPLED_ROWS, Sample, SourceColumn, SourceTable

__all__ = ["FilesSchema"]

_ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UTINYINT": "integer",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "FLOAT": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


class FilesSchema:
    """Files of a glob. Those whose names differ in digits alone are one table: orders-2025.csv and orders-2026.csv."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        return f"files {self.path}"

    def tables(self) -> Sequence[SourceTable]:
        """See SchemaReader. Raises ConfigError when no file matches, SourceMismatch when one can't be read."""
        files = [Path(file) for file in sorted(glob.glob(str(self.path), recursive=True))]
        files = [file for file in files if file.is_file() and file.name.lower().endswith(_ENDINGS)]
        if not files:
            raise ConfigError(
                f"{self.path} matches no file that can be read",
                why=f"files end in {', '.join(_ENDINGS)}",
                hint="--path 'data/*.csv'   in quotes, or the shell takes it apart",
            )
        by_table: dict[str, list[Path]] = {}
        for file in files:
            by_table.setdefault(_stem(file), []).append(file)
        return [self._table(name, some) for name, some in sorted(by_table.items())]

    def _table(self, name: str, files: Sequence[Path]) -> SourceTable:
        import duckdb

        newest = files[-1]
        with duckdb.connect() as connection:
            text = str(newest).replace("'", "''")
            is_parquet = newest.suffix == ".parquet"
            read = f"read_parquet('{text}')" if is_parquet else f"read_csv('{text}', sample_size = 20480)"
            # as it stands there: 01234 is no 1234
            plain = read if is_parquet else f"read_csv('{text}', sample_size = 20480, all_varchar = true)"
            try:
                described = connection.execute(f"describe select * from {read}").fetchall()
                names = [row[0] for row in described]
                texts = ", ".join(f'left(cast("{_q(column)}" as varchar), 200)' for column in names)
                rows = connection.execute(f"select {texts} from {plain} limit {SAMPLED_ROWS}").fetchall()
                counts = connection.execute(f"select count(*) from {read}").fetchone() or (-1,)
            except duckdb.Error as error:
                raise SourceMismatch(
                    f"{newest.name} can't be read",
                    where=str(newest.parent),
                    why=str(error).splitlines()[0],
                    hint="mend it, or leave it out of --path",
                ) from None
        columns = tuple(
            SourceColumn(
                name=column,
                type=_type(str(kind), sample),
                native=str(kind).lower(),
                is_binary=kind == "BLOB",
                sample=sample,
            )
            for index, (column, kind, *_) in enumerate(described)
            for sample in [Sample(tuple(row[index] for row in rows if row[index] is not None), len(rows))]
        )
        return SourceTable(name=name, columns=columns, rows=int(counts[0]), files=_pattern(name, files))


def _type(kind: str, sample: Sample) -> str:
    """As the files' reader takes it. Numbers with a point are decimals: the text says how many digits they have."""
    if kind.endswith("INT") and any(re.match(r"0\d", value) for value in sample.values):
        return "text"
    if kind.startswith("DECIMAL"):
        return kind.lower().replace(" ", "")
    if kind == "DOUBLE":
        return "decimal(18,4)" if sample.all_match(r"[+-]?\d{1,14}(\.\d{1,4})?") else "double"
    return _TYPES.get(kind, "text")


def _stem(file: Path) -> str:
    name = file.name
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    return re.sub(r"[-_. ]*\d[\d\-_. tTzZ]*", "", name) or name


def _pattern(name: str, files: Sequence[Path]) -> str:
    """A pattern of all of the table's files, also of those to come."""
    if len(files) == 1 and files[0].name.startswith(f"{name}."):
        return f"{name}.*"
    return f"{name}[-_. 0-9]*"


def _q(name: str) -> str:
    return name.replace('"', '""')
