"""Messages into the lake's Parquet: JSON is taken apart and typed by DuckDB, a chunk at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from shophouse.quoting import identifier, literal
from shophouse.sources import LINEAGE, FileRead, Rejected, Table
from shophouse.sources._header import match_columns
from shophouse.sources.kafka._decoding import Decoder
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

    `key` are the columns that a message's key names; `db` is a database in memory. `again` ends the names of parts that
    were read before.
    """

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        into: Path,
        load_id: int,
        loaded_at: datetime,
        names: dict[str, str],
        db: duckdb.DuckDBPyConnection,
        *,
        decoder: Decoder | None = None,
        is_debezium: bool = False,
        epoch: str | None = None,
        again: str = "",
    ) -> None:
        self.table = replace(table, required=())
        self.required = table.required
        self.key = tuple(key)
        self.into = into
        self.load_id = load_id
        self.loaded_at = loaded_at.astimezone(UTC).replace(tzinfo=None)
        self.names = names
        self._decoder = decoder
        self._is_debezium = is_debezium
        self._epoch = epoch
        self._again = again
        # the fields that values are taken apart into, as they are spelled, by lower-case name
        self._fields = {name.lower(): name for name in (*table.types, *names.values())}
        self._lock = Lock()
        self._db = db

    def parse(self, chunk: Chunk, firsts: Mapping[int, int], number: int) -> Parsed:
        """Write a chunk's rows into a file with this number. May be called by several threads at once.

        `firsts` are the first offsets of the load's parts, by partition. A row's `_source_file` is its topic, partition
        and that offset, its `_row_number` the place from there.
        """
        if self._decoder is not None:
            chunk = replace(chunk, messages=self._decoder.decoded(chunk.messages))
        mine = copy(self)
        # what is registered and temporary tables are a connection's own
        mine._db = self._db.cursor()
        mine._db.register("messages", chunk.messages)
        try:
            return mine._parsed(chunk, firsts, self.into / f"part-{number:05}.parquet")
        finally:
            mine._db.close()

    def _parsed(self, chunk: Chunk, firsts: Mapping[int, int], path: Path) -> Parsed:
        has_tombstones = chunk.messages["value"].null_count > 0
        columns = self._take_apart(chunk.topic)
        values = self._values(columns, has_tombstones)
        labels = {number: f"{chunk.topic}-{number}@{first}{self._again}" for number, first in firsts.items()}
        label = f"map {{{', '.join(f'{number}: {literal(text)}' for number, text in labels.items())}}}[partition]"
        first = f"map {{{', '.join(f'{number}: {offset}' for number, offset in firsts.items())}}}[partition]"
        if len(firsts) == 1:
            ((only, text),) = labels.items()
            label, first = literal(text), str(firsts[only])
        checks = [value for value in values if value.wrong]
        good = " and ".join([f"({_IS_OBJECT} or is_tombstone)", *(f"not ({value.wrong})" for value in checks)])
        selected = [
            *(f"{value.sql} as {identifier(value.name)}" for value in values),
            f"{literal(chunk.topic)} as _topic",
            'partition as _partition, "offset" as _offset',
            'make_timestamp("timestamp" * 1000) as _timestamp',
            "coalesce(key_text, key_bytes) as _key, headers as _headers",
            f"cast({self.load_id} as bigint) as _load_id",
            f"timestamp {literal(self.loaded_at.isoformat(sep=' ', timespec='microseconds'))} as _loaded_at",
            f'{label} as _source_file, "offset" - {first} + 1 as _row_number',
            "coalesce(does, 'insert') as _operation",
        ]
        written = self._db.execute(
            f"copy (select {', '.join(selected)} from taken_apart where {good}) to {literal(str(path))} "
            "(format parquet, compression zstd)"
        ).fetchall()[0][0]
        if not written:
            path.unlink()
        bad: dict[int, int] = {}
        rejected = []
        if written < chunk.messages.num_rows:
            for number, offset, column, reason, raw in self._reasons(good, checks):
                bad[number] = bad.get(number, 0) + 1
                rejected.append(Rejected(labels[number], offset, column, reason, raw))
        kinds = {value.name: value.type for value in values} | dict(MESSAGE)
        return Parsed(kinds, path if written else None, self._counted(chunk, labels, bad), rejected)

    def _take_apart(self, topic: str) -> dict[str, list[str]]:
        """Make the table `taken_apart` of the messages, and return its columns, each with its spellings in the chunk.

        What is parsed is kept in a table: in a subquery, DuckDB would parse a text again for each place that names it.
        """
        read = self._read()
        found = self._db.execute(
            f"select json_keys(document) as keys from taken_apart where {_IS_OBJECT} "
            'group by keys order by min(("partition", "offset"))'
        ).fetchall()
        keys = list(dict.fromkeys(key for (keys,) in found for key in keys))
        with self._lock:
            missing = {key.lower(): key for key in reversed(keys) if key.lower() not in self._fields}
            self._fields.update(missing)
        if any(key.lower() not in read for key in keys):
            self._read()
        # a column keeps the name that it came under first
        firsts = list({key.lower(): key for key in reversed(keys)}.values())[::-1]
        with self._lock:
            matched = match_columns(self.table, topic, firsts, self.names)
        return {
            name: [key for key in keys if first is not None and key.lower() == first.lower()]
            for name, first in matched.items()
        }

    def _read(self) -> set[str]:
        """Fill the table, and return the fields that values were taken apart into, in lower case."""
        with self._lock:
            fields = dict(self._fields)
        shape = literal(json.dumps(dict.fromkeys(fields.values() or ["_"], "VARCHAR")))
        problem = "problem" if self._decoder is not None else "cast(null as varchar)"
        told = f"""
            select
                partition, "offset", "timestamp", headers,
                {problem} as problem,
                value is null as is_tombstone,
                try(decode(value)) as text,
                try(decode(key)) as key_text,
                case when try(decode(key)) is null then base64(key) end as key_bytes
            from messages
        """
        if self._is_debezium:
            rows = _unwrapped(told)
        else:
            text = "text" if self._decoder is None else "case when problem is null then text end"
            rows = f"select *, {text} as document, case when is_tombstone then 'delete' end as does from ({told})"
        self._db.execute(
            "create or replace temp table taken_apart as "
            f"select * exclude (text), try(from_json(document, {shape})) as object from ({rows})"
        )
        return set(fields)

    def _values(self, columns: Mapping[str, Sequence[str]], has_tombstones: bool) -> list[_Value]:
        types = self.table.types
        required = {name.lower() for name in self.required}
        taken = {*LINEAGE, *MESSAGE}
        values = []
        for name, found in columns.items():
            kind = types.get(name, "text")
            text = "cast(null as varchar)"
            if found and found == [self._fields[found[0].lower()]]:
                text = f"object[{literal(found[0])}]"
            elif found:
                # of an object that has a key in several cases, a structure could hold one
                text = f"coalesce({', '.join(f'document ->> {literal(_pointer(key))}' for key in found)})"
            if has_tombstones and name in self.key:
                text = f"case when is_tombstone then {self._key_text(name)} else {text} end"
            sql = self._typed(text, kind)
            reasons = []
            if kind != "text":
                reasons.append((f"{text} is not null and {sql} is null", f"{literal(f'not a {kind}: ')} || {text}"))
            if name.lower() in required:
                reasons.append((f"{text} is null and coalesce(does, '') <> 'delete'", literal("is missing")))
            if has_tombstones and name in self.key:
                reasons.append((f"is_tombstone and {text} is null", literal("a tombstone whose key does not name it")))
            wrong = " or ".join(f"({condition})" for condition, _ in reasons) or None
            cases = " ".join(f"when {condition} then {reason}" for condition, reason in reasons)
            shown = f"value{name}" if name.lower() in taken else name
            values.append(_Value(shown, kind, sql, wrong, f"case {cases} end" if cases else ""))
        return values

    def _typed(self, text: str, kind: str) -> str:
        if kind == "text":
            return text
        plain = f"try_cast({text} as {kind})"
        whole = f"try_cast({text} as bigint)"
        if kind == "timestamp" and self._epoch is not None:
            return f"coalesce({plain}, {_MOMENTS[self._epoch].format(whole)})"
        if kind == "date" and self._is_debezium:
            return f"coalesce({plain}, date '1970-01-01' + cast({whole} as integer))"
        return plain

    def _key_text(self, name: str) -> str:
        """What a message's key says of a column: a field of an object, or the whole where it is one column."""
        valid = "case when json_valid(key_text) then key_text end"
        is_object = f"coalesce(json_type({valid}) = 'OBJECT', false)"
        of_object = f"(case when {is_object} then key_text end ->> {literal(name)})"
        if self._is_debezium:
            in_payload = f"(case when {is_object} then key_text end -> 'payload' ->> {literal(name)})"
            of_object = f"coalesce({of_object}, {in_payload})"
        if len(self.key) > 1:
            return of_object
        return f"case when {is_object} then {of_object} else key_text end"

    def _reasons(self, good: str, checks: Sequence[_Value]) -> list[tuple[int, int, str | None, str, str | None]]:
        cases = [
            ("is_tombstone", None),
            ("problem is not null", "problem"),
            ("text = ''", "an empty message"),
            ("text is null", "not UTF-8"),
            ("not json_valid(text)", "not JSON"),
            (
                f"not coalesce({_IS_OBJECT}, false)",
                "not a change of a row" if self._is_debezium else "not a JSON object",
            ),
        ]
        shown = {None: "null", "problem": "problem"}
        shape = " ".join(f"when {when} then {shown.get(why) or literal(why or '')}" for when, why in cases)
        column = " ".join(f"when {value.wrong} then {literal(value.name)}" for value in checks)
        reason = " ".join(f"when {value.wrong} then {value.reason}" for value in checks)
        return self._db.execute(
            f"""with told as (
                    select partition, "offset", value, try(decode(value)) as text from messages
                )
                select
                    taken_apart.partition,
                    taken_apart."offset",
                    {f"case when {_IS_OBJECT} or is_tombstone then case {column} end end" if checks else "null"},
                    coalesce(case {shape} end, {f"case {reason} end" if checks else "''"}),
                    coalesce(case when problem is null then text end, base64(told.value))
                from taken_apart
                join told on taken_apart.partition = told.partition and taken_apart."offset" = told."offset"
                where not coalesce({good}, false)
                order by all"""
        ).fetchall()

    def _counted(self, chunk: Chunk, labels: Mapping[int, str], bad: Mapping[int, int]) -> list[FileRead]:
        counted: Any = self._db.execute(
            "select partition, count(*), sum(coalesce(octet_length(value), 0)) from messages group by all order by all"
        ).fetchall()
        return [
            FileRead(labels[number], rows - bad.get(number, 0), bad.get(number, 0), int(size))
            for number, rows, size in counted
        ]


_MOMENTS = {
    "milliseconds": "make_timestamp({} * 1000)",
    "microseconds": "make_timestamp({})",
    "nanoseconds": "make_timestamp({} // 1000)",
}


_SPACE = "chr(32) || chr(9) || chr(10) || chr(13)"
# what is no object is a structure of nulls, too
_IS_OBJECT = f"(object is not null and (starts_with(document, '{{') or starts_with(ltrim(document, {_SPACE}), '{{')))"


def _unwrapped(told: str) -> str:
    """Messages in Debezium's envelope, which may lie with its schema in another: the row, and what became of it."""
    row = '{"op": "VARCHAR", "before": "VARCHAR", "after": "VARCHAR"}'
    envelope = literal('{"payload": ' + row + ", " + row[1:])
    return f"""
        select
            * exclude (envelope, payload),
            case when is_tombstone then 'delete'
                else map {{'c': 'insert', 'r': 'insert', 'u': 'update', 'd': 'delete'}}[payload.op]
            end as does,
            case when payload.op = 'd' then payload.before when payload.op in ('c', 'r', 'u') then payload.after
            end as document
        from (
            select *, case when envelope.payload.op is null then struct_pack(
                op := envelope.op, "before" := envelope."before", "after" := envelope."after"
            ) else envelope.payload end as payload
            from (
                select *, try(from_json(case when problem is null then text end, {envelope})) as envelope from ({told})
            )
        )
    """


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
