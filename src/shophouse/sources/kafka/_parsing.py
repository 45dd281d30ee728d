"""Messages into the lake's Parquet: JSON is taken apart and typed by DuckDB, a chunk at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shophouse.sources import LINEAGE, FileRead, Rejected, Table
from shophouse.sources._header import match_columns
from shophouse.sources._reading import literal
from shophouse.sources.kafka._fetching import Chunk

if TYPE_CHECKING:
    import duckdb

__all__ = ["MESSAGE", "Parsed", "Parser"]

MESSAGE: Mapping[str, str] = {
    "_topic": "text",
    "_partition": "integer",
    "_offset": "bigint",
    "_timestamp": "timestamp",
    "_key": "text",
    "_headers": "text",
}
"""The columns that each message has beside those of its value, and their types."""


@dataclass
class Parsed:
    """What a chunk gave: a file, unless no row was good, and the rows that were not."""

    columns: dict[str, str]
    parquet: Path | None
    files: list[FileRead]
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True)
class _Value:
    """A column as SQL. `wrong` is true where it can't be so, `reason` is then why."""

    name: str
    type: str
    sql: str
    wrong: str | None = None
    reason: str = ""


class Parser:
    """Parses for one load. `names` are of columns that are not declared, by lower-case name, and are added to.

    `key` are the columns that a message's key names.
    """

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        into: Path,
        load_id: int,
        loaded_at: datetime,
        names: dict[str, str],
        memory_limit: str = "1GB",
    ) -> None:
        import duckdb

        self.table = replace(table, required=())
        self.required = table.required
        self.key = tuple(key)
        self.into = into
        self.load_id = load_id
        self.loaded_at = loaded_at.astimezone(UTC).replace(tzinfo=None)
        self.names = names
        self._files = 0
        self._db: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:", config={"memory_limit": memory_limit, "preserve_insertion_order": True}
        )
        self._db.execute("set enable_progress_bar = false")

    def close(self) -> None:
        self._db.close()

    def parse(self, chunk: Chunk, firsts: Mapping[int, int]) -> Parsed:
        """Write a chunk's rows. `firsts` are the first offsets of the load's parts, by partition.

        A row's `_source_file` is its topic, partition and that offset, its `_row_number` the place from there.
        """
        self._db.register("messages", chunk.messages)
        try:
            return self._parsed(chunk, firsts)
        finally:
            self._db.unregister("messages")

    def _parsed(self, chunk: Chunk, firsts: Mapping[int, int]) -> Parsed:
        documents = self._documents()
        has_tombstones = chunk.messages["value"].null_count > 0
        columns = match_columns(self.table, chunk.topic, self._keys(documents), self.names)
        values = self._values(columns, has_tombstones)
        shape = literal(json.dumps(dict.fromkeys((key for key in columns.values() if key), "VARCHAR")))
        parsed = f"from_json(document, {shape})" if any(columns.values()) else "null"
        rows = f"(select *, {parsed} as object from {documents})"
        labels = {number: f"{chunk.topic}-{number}@{first}" for number, first in firsts.items()}
        label = f"map {{{', '.join(f'{number}: {literal(text)}' for number, text in labels.items())}}}[partition]"
        first = f"map {{{', '.join(f'{number}: {offset}' for number, offset in firsts.items())}}}[partition]"
        if len(firsts) == 1:
            ((only, text),) = labels.items()
            label, first = literal(text), str(firsts[only])
        checks = [value for value in values if value.wrong]
        good = " and ".join(["(is_object or is_tombstone)", *(f"not ({value.wrong})" for value in checks)])
        selected = [
            *(f"{value.sql} as {_quoted(value.name)}" for value in values),
            f"{literal(chunk.topic)} as _topic",
            'partition as _partition, "offset" as _offset',
            'make_timestamp("timestamp" * 1000) as _timestamp',
            "coalesce(key_text, base64(key)) as _key, headers as _headers",
            f"cast({self.load_id} as bigint) as _load_id",
            f"timestamp {literal(self.loaded_at.isoformat(sep=' ', timespec='microseconds'))} as _loaded_at",
            f'{label} as _source_file, "offset" - {first} + 1 as _row_number',
            "case when is_tombstone then 'delete' else 'insert' end as _operation",
        ]
        self._files += 1
        path = self.into / f"part-{self._files:05}.parquet"
        written = self._db.execute(
            f"copy (select {', '.join(selected)} from {rows} where {good}) to {literal(str(path))} "
            "(format parquet, compression zstd)"
        ).fetchall()[0][0]
        if not written:
            path.unlink()
        bad: dict[int, int] = {}
        rejected = []
        if written < chunk.messages.num_rows:
            for number, offset, column, reason, raw in self._reasons(rows, good, checks):
                bad[number] = bad.get(number, 0) + 1
                rejected.append(Rejected(labels[number], offset, column, reason, raw))
        kinds = {value.name: value.type for value in values} | dict(MESSAGE)
        return Parsed(kinds, path if written else None, self._counted(chunk, labels, bad), rejected)

    def _documents(self) -> str:
        decoded = "select *, try(decode(value)) as text, try(decode(key)) as key_text from messages"
        # malformed text must not even reach a JSON function: DuckDB moves common expressions out of a `case`
        valid = (
            "select *, value is null as is_tombstone, "
            f"case when json_valid(text) then text end as document from ({decoded})"
        )
        return f"(select *, coalesce(json_type(document) = 'OBJECT', false) as is_object from ({valid}))"

    def _keys(self, documents: str) -> list[str]:
        """The keys of the chunk's objects, in the order in which they came."""
        found = self._db.execute(f"select distinct json_keys(document) from {documents} where is_object").fetchall()
        return list(dict.fromkeys(key for (keys,) in found for key in keys))

    def _values(self, columns: Mapping[str, str | None], has_tombstones: bool) -> list[_Value]:
        types = self.table.types
        required = {name.lower() for name in self.required}
        taken = {*LINEAGE, *MESSAGE}
        values = []
        for name, found in columns.items():
            kind = types.get(name, "text")
            text = f"object[{literal(found)}]" if found else "cast(null as varchar)"
            if has_tombstones and name in self.key:
                text = f"case when is_tombstone then {self._key_text(name)} else {text} end"
            sql = text if kind == "text" else f"try_cast({text} as {kind})"
            reasons = []
            if kind != "text":
                reasons.append((f"{text} is not null and {sql} is null", f"{literal(f'not a {kind}: ')} || {text}"))
            if name.lower() in required:
                reasons.append((f"{text} is null and not is_tombstone", literal("is missing")))
            if has_tombstones and name in self.key:
                reasons.append((f"is_tombstone and {text} is null", literal("a tombstone whose key does not name it")))
            wrong = " or ".join(f"({condition})" for condition, _ in reasons) or None
            cases = " ".join(f"when {condition} then {reason}" for condition, reason in reasons)
            shown = f"value{name}" if name.lower() in taken else name
            values.append(_Value(shown, kind, sql, wrong, f"case {cases} end" if cases else ""))
        return values

    def _key_text(self, name: str) -> str:
        """What a message's key says of a column: a field of an object, or the whole where it is one column."""
        is_object = "json_valid(key_text) and json_type(case when json_valid(key_text) then key_text end) = 'OBJECT'"
        of_object = f"(case when {is_object} then key_text end ->> {literal(name)})"
        if len(self.key) > 1:
            return of_object
        return f"case when {is_object} then {of_object} else key_text end"

    def _reasons(
        self, rows: str, good: str, checks: Sequence[_Value]
    ) -> list[tuple[int, int, str | None, str, str | None]]:
        cases = [
            ("is_tombstone", None),
            ("octet_length(value) = 0", "an empty message"),
            ("text is null", "not UTF-8"),
            ("document is null", "not JSON"),
            ("not is_object", "not a JSON object"),
        ]
        shape = " ".join(f"when {when} then {literal(why) if why else 'null'}" for when, why in cases)
        column = " ".join(f"when {value.wrong} then {literal(value.name)}" for value in checks)
        reason = " ".join(f"when {value.wrong} then {value.reason}" for value in checks)
        return self._db.execute(
            f"""select
                    partition,
                    "offset",
                    {f"case when is_object or is_tombstone then case {column} end end" if checks else "null"},
                    coalesce(case {shape} end, {f"case {reason} end" if checks else "''"}),
                    coalesce(text, base64(value))
                from {rows} where not coalesce({good}, false)"""
        ).fetchall()

    def _counted(self, chunk: Chunk, labels: Mapping[int, str], bad: Mapping[int, int]) -> list[FileRead]:
        counted: Any = self._db.execute(
            "select partition, count(*), sum(coalesce(octet_length(value), 0)) from messages group by all order by all"
        ).fetchall()
        return [
            FileRead(labels[number], rows - bad.get(number, 0), bad.get(number, 0), int(size))
            for number, rows, size in counted
        ]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
