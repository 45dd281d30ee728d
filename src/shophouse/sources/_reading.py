"""DuckDB reading files and writing the lake's Parquet.

A reader with one thread numbers the rows of a delimited file while it parses them. A running row number would hold
several threads to one, so with these text takes two passes: the first lets all cores parse into a scratch Parquet file,
which takes half the memory of a temporary table; the second numbers the rows by their place in that file, and adds the
lineage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from shophouse.errors import SourceMismatch, SourceUnreachable
from shophouse.quoting import identifier, literal
from shophouse.sources import Rejected
from shophouse.sources._parquet import parquet_options

if TYPE_CHECKING:
    import duckdb

    from shophouse.settings import Operation

__all__ = ["Judge", "MixedNewlines", "Part", "Reader", "Result"]

Judge: TypeAlias = Callable[[str, int, int, Rejected], None]
"""Told a file's name, its good rows, its bad rows and the first of these; raises when they are too many."""

_MAX_JSON_LINE = 16 << 20
# each is a query of its own then, which costs more than a second pass over small files
_MOST_IN_ONE_PASS = 32


class MixedNewlines(Exception):
    """DuckDB can't parse the file, for its lines end in more than one way."""


@dataclass(frozen=True)
class Part:
    """A file to read: its name in the lake, and where DuckDB finds it as plain UTF-8 or Parquet."""

    label: str
    path: Path


@dataclass
class Result:
    """What reading some files gave. `rows` is by label; `parquet` is None when there is no row."""

    columns: dict[str, str]
    rows: dict[str, int]
    rejected: list[Rejected] = field(default_factory=list)
    parquet: Path | None = None


@dataclass(frozen=True)
class _Value:
    """A column of the result as SQL. `broken` is true where a value is there but can't be cast, `shown` is its text.

    `is_absent` is one that the files don't have.
    """

    name: str
    type: str
    sql: str
    broken: str | None = None
    shown: str | None = None
    is_absent: bool = False


@dataclass(frozen=True)
class _Rows:
    """A relation with file_index and row_number, and as SQL: what a good row has to be, and its text as it came.

    `parsed` are the columns of delimited files that are parsed only when the relation is read.
    """

    sql: str
    good: str = "true"
    otherwise: str = ""
    raw: str = "null"
    parsed: Sequence[str] = ()


def _type(name: str) -> str:
    return "varchar" if name == "text" else name


def _absent(name: str, kind: str) -> _Value:
    return _Value(name, kind, f"cast(null as {_type(kind)})", is_absent=True)


def _cast(name: str, kind: str, text: str) -> _Value:
    if kind == "text":
        return _Value(name, kind, f"cast({text} as varchar)")
    cast = f"try_cast({text} as {_type(kind)})"
    return _Value(
        name,
        kind,
        cast,
        f"({text} is not null and {cast} is null)",
        f"cast({text} as varchar)",
    )


def _read_csv(parts: Sequence[Part], options: str) -> str:
    paths = ", ".join(literal(str(part.path)) for part in parts)
    return (
        f"read_csv([{paths}], auto_detect = false, store_rejects = true, "
        f"rejects_scan = 'scans', rejects_table = 'errors', {options})"
    )


def _operation(values: Sequence[_Value], said: Operation | None) -> _Value:
    """What happened to a row: insert where nothing says it; a word that means nothing is broken, an empty one too."""
    column = next((value for value in values if said and value.name.lower() == said.column.lower()), None)
    if said is None or column is None or column.is_absent:
        return _Value("_operation", "text", "'insert'")
    word = f"lower(trim(cast({column.sql} as varchar)))"
    cases, known = "", []
    for operation in ("insert", "update", "delete"):
        words = ", ".join(literal(each.strip().lower()) for each in getattr(said, operation))
        if words:
            cases += f" when {word} in ({words}) then '{operation}'"
            known.append(words)
    broken = f"coalesce({word} not in ({', '.join(known)}), true)"
    return _Value(column.name, "known operation", f"case{cases} end", broken, f"cast({column.sql} as varchar)")


class Reader:
    """Reads files for one load. Not to be shared between threads; close it, for the memory it holds."""

    def __init__(
        self,
        scratch: Path,
        load_id: int,
        loaded_at: datetime,
        judge: Judge,
        memory_limit: str = "2GB",
        threads: int | None = None,
        operation: Operation | None = None,
    ) -> None:
        import duckdb

        scratch.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(scratch / "spill"),
            "preserve_insertion_order": True,
        }
        if threads:
            config["threads"] = threads
        self._db: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=config)
        self._db.execute("set enable_progress_bar = false")
        self._scratch = scratch / "rows.parquet"
        self._load_id = load_id
        self._loaded_at = loaded_at.astimezone(UTC).replace(tzinfo=None)
        self._judge = judge
        self._operation = operation
        # what says which rows are good reads them several times
        self._numbers_while_parsing = threads == 1 and operation is None

    def stop(self) -> None:
        """Let what another thread reads end with an error."""
        self._db.interrupt()

    def close(self) -> None:
        self._db.close()

    def csv(
        self,
        parts: Sequence[Part],
        names: Sequence[str],
        columns: Mapping[str, str | None],
        types: Mapping[str, str],
        options: str,
        into: Path,
    ) -> Result:
        """Read delimited files that all have the columns `names`, from left to right.

        `columns` says which of them each column of the table is; `options` is SQL, the rest of read_csv's arguments.
        """
        place = {name: f"f{position}" for position, name in enumerate(names)}
        kinds = {found: types.get(name, "text") for name, found in columns.items() if found is not None}
        layout = ", ".join(f"'{place[name]}': '{_type(kinds[name])}'" for name in names)
        options = f"columns = {{{layout}}}, {options}"
        values = []
        for name, found in columns.items():
            kind = types.get(name, "text")
            values.append(_absent(name, kind) if found is None else _Value(name, kind, place[found]))
        if self._numbers_while_parsing and len(parts) <= _MOST_IN_ONE_PASS:
            numbered = " union all ".join(
                f"select *, {index} as file_index, row_number() over () as row_number from {_read_csv([part], options)}"
                for index, part in enumerate(parts)
            )
            return self._write(parts, values, _Rows(f"({numbered})", parsed=names), into)
        self._parse_into_scratch(parts, options, names)
        return self._write(parts, values, _Rows(f"({self._numbered()})"), into)

    def json(
        self,
        parts: Sequence[Part],
        matched: Callable[[str, Sequence[str]], Mapping[str, str | None]],
        types: Mapping[str, str],
        into: Path,
    ) -> Result:
        """Read files of one JSON object a line. `matched` is told a file's keys and says which columns they are."""
        # no valid JSON has a bare control character: each line is one field
        options = (
            f"header = false, delim = {literal(chr(31))}, quote = '', escape = '', max_line_size = {_MAX_JSON_LINE}"
        )
        self._parse_into_scratch(parts, f"columns = {{'line': 'varchar'}}, {options}", ["line"])
        # malformed text must not even reach a JSON function: DuckDB moves common expressions out of a `case`
        valid = (
            "select *, case when json_valid(line) then line end as document "
            f"from ({self._numbered()}) where trim(line) <> ''"
        )
        lines = f"(select *, coalesce(json_type(document) = 'OBJECT', false) as is_object from ({valid}))"
        keys: dict[int, list[str]] = {}
        for file_index, key in self._run(
            f"""select file_index, key from (
                    select file_index, row_number, unnest(keys) as key, generate_subscripts(keys, 1) as place from (
                        select file_index, row_number, json_keys(document) as keys from {lines} where is_object
                    )
                ) group by all order by min((row_number, place))""",
            parts,
        ).fetchall():
            keys.setdefault(file_index, []).append(key)
        spellings: dict[str, list[str]] = {}
        for file_index, part in enumerate(parts):
            for name, found in matched(part.label, keys.get(file_index, [])).items():
                spelt = spellings.setdefault(name, [])
                # within a file too a key may come in several cases
                spelt += [
                    key
                    for key in keys.get(file_index, [])
                    if found and key.lower() == found.lower() and key not in spelt
                ]
        single = [spelt[0] for spelt in spellings.values() if len(spelt) == 1]
        values = []
        for name, spelt in spellings.items():
            kind = types.get(name, "text")
            if not spelt:
                values.append(_absent(name, kind))
            elif len(spelt) == 1:
                values.append(_cast(name, kind, f"object[{literal(spelt[0])}]"))
            else:
                found_in = ", ".join(f"document ->> {literal(_pointer(key))}" for key in spelt)
                values.append(_cast(name, kind, f"coalesce({found_in})"))
        shape = literal(json.dumps(dict.fromkeys(single, "VARCHAR"), ensure_ascii=False))
        parsed = f"from_json(document, {shape})" if single else "null"
        rows = _Rows(
            f"(select *, {parsed} as object from {lines})",
            "is_object",
            "not a JSON object",
            "line",
        )
        return self._write(parts, values, rows, into)

    def parquet(
        self,
        parts: Sequence[Part],
        columns: Mapping[str, str | None],
        types: Mapping[str, str],
        found: Mapping[str, str],
        into: Path,
    ) -> Result:
        """Read Parquet files that all have the columns `found`, which maps names to DuckDB's types."""
        self._db.execute(
            "create or replace temp table rejected "
            "(file_index int, line bigint, column_name text, reason text, raw text)"
        )
        values = []
        for name, file_name in columns.items():
            kind = types.get(name, "text")
            if file_name is None:
                values.append(_absent(name, kind))
                continue
            column = f"source.{identifier(file_name)}"
            nested = re.search(r"\[|^(STRUCT|MAP|UNION)", found[file_name])
            values.append(_cast(name, kind, f"to_json({column})" if nested else column))
        paths = ", ".join(literal(str(part.path)) for part in parts)
        read = f"read_parquet([{paths}], file_row_number = true)"
        rows = f"(select source, file_index, file_row_number + 1 as row_number from {read} as source)"
        return self._write(parts, values, _Rows(rows, raw="to_json(source)"), into)

    def parquet_columns(self, part: Part) -> dict[str, str]:
        """Names and DuckDB types of a Parquet file's columns. Raises SourceMismatch when it is none, or cut off."""
        rows = self._run(f"describe select * from read_parquet({literal(str(part.path))})", [part]).fetchall()
        return {name: kind for name, kind, *_ in rows}

    def _parse_into_scratch(self, parts: Sequence[Part], options: str, names: Sequence[str]) -> None:
        """The first of two passes: fields and file_index."""
        self._parse(
            f"copy (select *, file_index from {_read_csv(parts, options)}) "
            f"to {literal(str(self._scratch))} (format parquet, compression uncompressed)",
            parts,
            names,
        )

    def _parse(self, copy: str, parts: Sequence[Part], names: Sequence[str]) -> int:
        """Run a COPY of what _read_csv gives and return its rows; those left out are in the table rejected."""
        for left in ("scans", "errors"):
            self._db.execute(f"drop table if exists {left}")
        written = int(self._run(copy, parts).fetchall()[0][0])
        paths = ", ".join(literal(str(part.path)) for part in parts)
        called = f"[{', '.join(literal(name) for name in names)}][try_cast(substr(column_name, 2) as bigint) + 1]"
        # a line may be wrong in several ways, and what is wrong with its shape explains the rest
        self._db.execute(
            f"""create or replace temp table rejected as
                select
                    cast(list_position([{paths}], file_path) - 1 as int) as file_index,
                    line,
                    {called} as column_name,
                    replace(
                        split_part(error_message, chr(10), 1),
                        'column "' || column_name || '"',
                        'column "' || {called} || '"'
                    ) as reason,
                    trim(csv_line, chr(10) || chr(13)) as raw
                from errors join scans using (scan_id, file_id)
                qualify row_number() over (
                    partition by scan_id, file_id, line
                    order by error_type = 'CAST', error_type = 'MISSING COLUMNS', column_idx desc
                ) = 1"""
        )
        return written

    def _numbered(self) -> str:
        """The scratch file's rows with `row_number`, the place in their own file."""
        scratch = f"read_parquet({literal(str(self._scratch))}, file_row_number = true)"
        firsts = self._db.execute(
            f"select file_index, min(file_row_number), max(file_row_number) + 1 - min(file_row_number) = count(*) "
            f"from {scratch} group by all"
        ).fetchall()
        if not all(contiguous for _, _, contiguous in firsts):
            raise AssertionError("DuckDB wrote the rows of several files out of order")
        if len(firsts) < 2:
            return f"select *, file_row_number - {firsts[0][1] if firsts else 0} + 1 as row_number from {scratch}"
        starts = ", ".join(f"({index}, {first})" for index, first, _ in firsts)
        return (
            f"select lines.*, lines.file_row_number + 1 - starts.first as row_number from {scratch} as lines "
            f"join (values {starts}) as starts (file_index, first) on lines.file_index = starts.file_index"
        )

    def _write(self, parts: Sequence[Part], values: Sequence[_Value], rows: _Rows, into: Path) -> Result:
        """Good rows with their lineage into the file `into`. Where some aren't, another pass tells why."""
        operation = _operation(values, self._operation)
        checks = [value for value in (*values, operation) if value.broken]
        good = " and ".join([rows.good, *(f"not {value.broken}" for value in checks)])
        alone = len(parts) == 1
        labels = ", ".join(f"({index}, {literal(part.label)})" for index, part in enumerate(parts))
        join = (
            ""
            if alone
            else f" join (values {labels}) as files (file_index, label) on rows.file_index = files.file_index"
        )
        lineage = [
            f"cast({self._load_id} as bigint) as _load_id",
            f"timestamp {literal(self._loaded_at.isoformat(sep=' ', timespec='microseconds'))} as _loaded_at",
            f"{literal(parts[0].label) if alone else 'files.label'} as _source_file",
            "cast(row_number as bigint) as _row_number",
            f"{operation.sql} as _operation",
        ]
        selected = ", ".join([*(f"{value.sql} as {identifier(value.name)}" for value in values), *lineage])
        kinds = [value.type for value in values]
        copy = (
            f"copy (select {selected} from {rows.sql} as rows{join} where {good}) to {literal(str(into))} "
            f"(format parquet, {parquet_options(kinds)})"
        )
        written = self._parse(copy, parts, rows.parsed) if rows.parsed else int(self._run(copy, parts).fetchall()[0][0])
        result = Result(
            {value.name: value.type for value in values},
            {part.label: 0 for part in parts},
        )
        if written:
            result.parquet = into
            counts = f"select _source_file, count(*) from read_parquet({literal(str(into))}) group by all"
            result.rows.update({parts[0].label: written} if alone else self._db.execute(counts).fetchall())
        else:
            into.unlink()
        if good != "true" and written < self._run(f"select count(*) from {rows.sql}", parts).fetchall()[0][0]:
            self._reject(parts, checks, rows, good)
        result.rejected = self._judged(parts, result.rows)
        return result

    def _reject(self, parts: Sequence[Part], checks: Sequence[_Value], rows: _Rows, good: str) -> None:
        cases = [(f"not ({rows.good})", "null", literal(rows.otherwise))]
        for value in checks:
            reason = f"{literal(f'not a {value.type}: ')} || coalesce({value.shown}, 'null')"
            cases.append((str(value.broken), literal(value.name), reason))
        name = " ".join(f"when {condition} then {column}" for condition, column, _ in cases)
        reason = " ".join(f"when {condition} then {why}" for condition, _, why in cases)
        self._run(
            f"insert into rejected select file_index, row_number, case {name} end, case {reason} end, "
            f"cast({rows.raw} as varchar) from {rows.sql} where not ({good})",
            parts,
        )

    def _judged(self, parts: Sequence[Part], rows: Mapping[str, int]) -> list[Rejected]:
        """The rejected rows, once the judge saw how many there are: a file of nothing else would fill the memory."""
        columns = "line, column_name, reason, raw"
        for index, count, first in self._db.execute(
            f"select file_index, count(*), min_by(({columns}), line) from rejected group by all order by all"
        ).fetchall():
            label = parts[index].label
            self._judge(
                label,
                rows[label],
                count,
                Rejected(label, *(first.values() if isinstance(first, dict) else first)),
            )
        found = self._db.execute(f"select file_index, {columns} from rejected order by file_index, line").fetchall()
        return [Rejected(parts[index].label, *row) for index, *row in found]

    def _run(self, sql: str, parts: Sequence[Part]) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self._db.execute(sql)
        except duckdb.Error as error:
            message = str(error)
            if "state machine reached an invalid state" in message:
                raise MixedNewlines from error
            named = [part.label for part in parts if str(part.path) in message] or [part.label for part in parts]
            what = f"{named[0]} can't be read" if len(named) == 1 else f"one of {len(named)} files can't be read"
            why = message.strip().splitlines()[0]
            if isinstance(error, duckdb.IOException):
                raise SourceUnreachable(what, where=named[:5], why=why) from error
            hint = (
                "give it more memory: engine: {memory_limit: 4GB}"
                if isinstance(error, duckdb.OutOfMemoryException)
                else None
            )
            raise SourceMismatch(what, where=named[:5], why=why, hint=hint) from error


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
