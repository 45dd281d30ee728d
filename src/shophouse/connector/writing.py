"""A proposal as files: the raw tables, a base model for each, a staging model for each entity, and the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shophouse.bindings import contract
from shophouse.connector.proposal import Lookup, Mapped, Match, Proposal
from shophouse.connector.tables import base_names
from shophouse.connector.texts import (
    LINEAGE,
    column_yml,
    comment,
    descriptions,
    in_flow,
    in_yaml,
    lineage_yml,
    listed,
)
from shophouse.connector.words import form, quoted, snake, synonyms
from shophouse.sources.schema import SourceColumn, SourceTable

__all__ = ["Written", "raw_names"]

_SQL_TYPES = {
    "text": "varchar",
    "money": "decimal(18,4)",
    "quantity": "decimal(18,4)",
    "rate": "decimal(18,8)",
    "double": "double precision",
}
_PLAINLY = "Empty texts are null, times are UTC."


def raw_names(tables: Sequence[SourceTable]) -> dict[str, str]:
    """What each table is called in the lake: small letters, digits and _."""
    names: dict[str, str] = {}
    for table in tables:
        name, number = snake(table.name), 2
        while name in names.values():
            name, number = f"{snake(table.name)}_{number}", number + 1
        names[table.name] = name
    return names


class Written:
    """The texts of a shop's staging folder `own`, by path, and of its source in shophouse.yml."""

    def __init__(self, proposal: Proposal, own: str) -> None:
        self.proposal = proposal
        self.own = own
        self.raw = raw_names(proposal.read)

    def texts(self) -> dict[str, str]:
        folder = f"models/staging/{self.own}"
        found = {f"{folder}/_{self.own}__sources.yml": self._sources()}
        for table in self.proposal.read:
            name = f"base_{self.own}__{self.raw[table.name]}"
            found[f"{folder}/{name}.sql"] = self._base(table)
            found[f"{folder}/{name}.yml"] = self._base_yml(table, name)
        for match in self.proposal.matches.values():
            name = f"stg_{self.own}__{match.entity}"
            is_places = match.entity == "geography" and match.is_derived
            found[f"{folder}/{name}.sql"] = self._geography() if is_places else self._staging(match)
            found[f"{folder}/{name}.yml"] = self._staging_yml(match, name)
        return found

    def cursor(self, table: SourceTable) -> str | None:
        """The column by which only changed rows need to be read, where each change sets one and there is a key."""
        match = self.proposal.match_of(table.name)
        if not table.primary_key or table.is_view or table.files or (match and match.entity == "order_items"):
            return None
        forms = synonyms()[0]["orders"].columns["updated_at"]
        for column in table.columns:
            filled = column.is_required or 0 < column.sample.rows == len(column.sample.values)
            if form(column.name) in forms and column.type == "timestamp" and filled:
                return column.name
        return None

    def zone(self) -> str | None:
        """UTC where moments come with a zone, for they come in UTC."""
        kinds = {column.native for table in self.proposal.read for column in table.columns}
        return "UTC" if any("with time zone" in kind for kind in kinds if kind.startswith("timestamp")) else None

    def table_settings(self) -> Iterator[tuple[str, dict[str, str], str]]:
        """Raw table, its settings and a comment, for shophouse.yml."""
        for table in self.proposal.read:
            said: dict[str, str] = {}
            if self.raw[table.name] != table.name:
                said["table"] = table.name
            cursor = self.cursor(table)
            said["read"] = "cursor" if cursor else "full"
            if cursor:
                said["cursor"] = cursor
            yield self.raw[table.name], said, "deleted rows are not noticed" if cursor else ""

    def _type(self, table: SourceTable, column: SourceColumn) -> str:
        return self.proposal.types.get((table.name, column.name), column.type)

    def _sources(self) -> str:
        left = [table.name for table in self.proposal.tables if table.name not in self.raw]
        lines = [*comment(f"Not read: {', '.join(left)}.")] if left else []
        lines += [
            "sources:",
            f"  - name: {self.own}",
            "    schema: raw",
            f"    description: {in_yaml(f'What shophouse init found of {self.own}.')}",
            "    tables:",
        ]
        for table in self.proposal.read:
            name = self.raw[table.name]
            key, required = self._key(table), self._required(table)
            lines += [
                f"      - name: {name}",
                f"        identifier: {self.own}__{name}",
                f"        description: {in_yaml(table.comment or f'The table {table.name}.')}",
                "        config:",
                "          meta:",
                *([f"            files: {in_yaml(table.files)}"] if table.files else []),
                "            delivery: snapshot",
                *([f"            key: [{', '.join(map(in_flow, key))}]"] if key else []),
                *([f"            required: [{', '.join(map(in_flow, required))}]"] if required else []),
                "        columns:",
            ]
            for column in table.columns:
                said = column.comment or (
                    "Binary, and not modelled." if column.is_binary else f"As {table.name} has it."
                )
                lines += [
                    f"          - name: {in_yaml(column.name)}",
                    f"            data_type: {self._type(table, column)}",
                    f"            description: {in_yaml(said)}",
                ]
        return "\n".join(lines) + "\n"

    def _key(self, table: SourceTable) -> tuple[str, ...]:
        match = self.proposal.match_of(table.name)
        if table.primary_key or match is None:
            return table.primary_key
        entity = contract()[match.entity]
        names = [match.columns[c].sources for c in entity.key if c in match.columns and match.columns[c].sources]
        return tuple(dict.fromkeys(name for sources in names for name in sources))

    def _required(self, table: SourceTable) -> tuple[str, ...]:
        match = self.proposal.match_of(table.name)
        names = list(self._key(table))
        if match:
            names += [
                n for c in contract()[match.entity].required if c in match.columns for n in match.columns[c].sources
            ]
        return tuple(dict.fromkeys(names))

    def _base(self, table: SourceTable) -> str:
        base = base_names(table)
        rows = ["_source as source"]
        for column in table.columns:
            if column.is_binary:
                continue
            name, raw, type_ = base[column.name], quoted(column.name), self._type(table, column)
            if type_ == "text":
                rows.append(f"{{{{ shophouse.text_or_null('{raw}') }}}} as {name}")
            elif type_ == "timestamp":
                rows.append(f"{{{{ shophouse.to_utc('{raw}', shophouse.source_timezone('{self.own}')) }}}} as {name}")
            elif type_ == "date" and (table.name, column.name) in self.proposal.moments:
                rows.append(
                    f"{{{{ shophouse.to_utc('cast({raw} as timestamp)', shophouse.shop_timezone()) }}}} as {name}"
                )
            elif (cast := self.proposal.casts.get((table.name, column.name))) and cast.replace(" ", "") != type_:
                rows.append(f"cast({raw} as {cast}) as {name}")
            else:
                rows.append(raw if raw == name else f"{raw} as {name}")
        lines = [
            f"-- One row of {table.name} and load, as it arrived.",
            f"{{{{ config(enabled=shophouse.uses_platform('{self.own}')) }}}}",
            "",
            "select",
            *listed([*rows, *LINEAGE]),
            f"from {{{{ source('{self.own}', '{self.raw[table.name]}') }}}}",
        ]
        return "\n".join(lines) + "\n"

    def _base_yml(self, table: SourceTable, name: str) -> str:
        base = base_names(table)
        lines = [
            "models:",
            f"  - name: {name}",
            f"    description: {in_yaml(f'Every row of {table.name} as received, all loads. {_PLAINLY}')}",
            "    columns:",
            *column_yml("source", "varchar", "Name of the source in shophouse.yml."),
        ]
        for column in table.columns:
            if not column.is_binary:
                type_ = self._type(table, column)
                type_ = self.proposal.casts.get((table.name, column.name), type_).replace(" ", "")
                type_ = "timestamp" if (table.name, column.name) in self.proposal.moments else type_
                type_ = {"text": "varchar", "double": "double precision"}.get(type_, type_)
                lines += column_yml(base[column.name], type_, column.comment or f"{column.name} of {table.name}.")
        return "\n".join([*lines, *lineage_yml()]) + "\n"

    def _staging(self, match: Match) -> str:
        table, base = match.table, base_names(match.table)
        source = self.raw[table.name]
        columns = [base[column.name] for column in table.columns if not column.is_binary]
        lookups = [mapped.lookup for mapped in match.columns.values() if mapped.lookup]
        lines = [
            *self._head(match),
            f"{{{{ config(enabled=shophouse.uses_platform('{self.own}')) }}}}",
            "",
            "with",
            "",
            f"{source} as (",
            "    select",
            *listed(["source", *columns, *LINEAGE], 8),
            f"    from {{{{ ref('base_{self.own}__{source}') }}}}",
            ")" + ("," if lookups else ""),
            "",
        ]
        last = source
        if lookups:
            lines += self._looked_up(source, columns, lookups)
            last = "joined"
        if match.entity == "categories" and match.is_derived:
            return "\n".join([*lines, *self._grouped(match, last)]) + "\n"
        lines += ["select", "    source,", *self._selected(match), *listed(LINEAGE), f"from {last}"]
        if match.entity == "shipments" and match.is_derived:
            lines.append(f"where {match.columns['shipped_at'].sql} is not null")
        return "\n".join(lines) + "\n"

    def _head(self, match: Match) -> Iterator[str]:
        yield f"-- One row of {match.table.name} and load, in the terms of the input contract: {match.entity}."
        yield from comment(f"Proposed by shophouse init: {'; '.join(match.reasons)}.", "-- ")
        of_table = [other for other in self.proposal.matches.values() if other.table.name == match.table.name]
        used = {name for other in of_table for mapped in other.columns.values() for name in mapped.sources}
        left = [c.name for c in match.table.columns if c.name not in used and not c.is_binary]
        if left and not match.is_derived:
            yield from comment(
                f"Of {match.table.name}, nothing of the contract was found for: {', '.join(left)}.", "-- "
            )

    def _selected(self, match: Match) -> Iterator[str]:
        said = descriptions(match.entity)
        for column in contract()[match.entity].columns:
            mapped = match.columns.get(column)
            if mapped is not None:
                if mapped.note:
                    yield from comment(f"{column}: {mapped.note}", "    -- ")
                yield f"    {_aliased(mapped)},"
            elif column in match.missing:
                yield from comment(
                    f"{column}: REQUIRED, and could not be mapped. {said[column]} For example:", "    -- "
                )
                yield f"    -- {match.missing[column]} as {column},"
            elif not match.is_derived:
                yield from comment(f"{column}: could not be mapped. {said[column]}", "    -- ")

    def _looked_up(self, source: str, columns: Sequence[str], lookups: Sequence[Lookup]) -> Iterator[str]:
        tables = {table.name: table for table in self.proposal.tables}
        for lookup in lookups:
            alias, names = snake(lookup.table), base_names(tables[lookup.table])
            key, name = names[lookup.key], names[lookup.name]
            yield f"{alias} as ("
            yield "    select"
            yield from (f"        {part}," for part in ("source", key, name))
            yield "        row_number() over ("
            yield f"            partition by source, {key}"
            yield "            order by _load_id desc, _row_number desc"
            yield "        ) as newest"
            yield f"    from {{{{ ref('base_{self.own}__{self.raw[lookup.table]}') }}}}"
            yield "),"
            yield ""
        rows = [f"{source}.{c} as {c}" for c in ("source", *columns, *LINEAGE)]
        base = base_names(next(t for t in self.proposal.read if self.raw[t.name] == source))
        for lookup in lookups:
            alias, names = snake(lookup.table), base_names(tables[lookup.table])
            rows.append(f"{alias}.{names[lookup.name]} as {alias}_{names[lookup.name]}")
        yield "joined as ("
        yield "    select"
        yield from listed(rows, 8)
        yield f"    from {source}"
        for lookup in lookups:
            alias, names = snake(lookup.table), base_names(tables[lookup.table])
            yield f"    left join {alias}"
            yield f"        on {source}.source = {alias}.source"
            yield f"        and {source}.{base[lookup.by]} = {alias}.{names[lookup.key]}"
            yield f"        and {alias}.newest = 1"
        yield ")"
        yield ""

    def _grouped(self, match: Match, last: str) -> Iterator[str]:
        name = match.columns["category_id"].sql
        yield from ("select", "    source,", f"    {_aliased(match.columns['category_id'])},")
        yield f"    {_aliased(match.columns['category_name'])},"
        yield from ("    _load_id,", "    _loaded_at,", "    _source_file,", "    min(_row_number) as _row_number,")
        yield from ("    'insert' as _operation", f"from {last}", f"where {name} is not null", "group by")
        yield from listed(["source", name, "_load_id", "_loaded_at", "_source_file"])

    def _geography(self) -> str:
        addressed = [m for m in self.proposal.matches.values() if not m.is_derived and _has_address(m)]
        lines = [
            "-- One row per place, load and table, from the addresses of "
            + ", ".join(m.table.name for m in addressed)
            + ".",
            f"{{{{ config(enabled=shophouse.uses_platform('{self.own}')) }}}}",
            "",
            "with",
            "",
            "addresses as (",
        ]
        is_code = True
        for index, match in enumerate(addressed):
            is_code = is_code and self._has_codes(match)
            names = ("country", "state", "postal_code", "city")
            lines += ["    union all"] if index else []
            lines += ["    select", "        source,"]
            lines += [
                f"        {sql if sql == name else f'{sql} as {name}'},"
                for sql, name in zip(_address(match), names, strict=True)
            ]
            lines += ["        _load_id,", "        _loaded_at,", "        _source_file,", "        _row_number"]
            lines += [f"    from {{{{ ref('base_{self.own}__{self.raw[match.table.name]}') }}}}"]
        column = "upper(country) as country_code" if is_code else "country"
        parts = ["source", "country", "state", "postal_code", "city", "_load_id", "_loaded_at", "_source_file"]
        lines += [
            "),",
            "",
            "places as (",
            "    select",
            *listed([*parts, "min(_row_number) as _row_number"], 8),
            "    from addresses",
            "    where coalesce(country, state, postal_code, city) is not null",
            "    group by",
            *listed(parts, 8),
            ")",
            "",
            "select",
            "    source,",
            "    {{ shophouse.geography_id('country', 'state', 'postal_code', 'city') }} as geography_id,",
            "    postal_code,",
            "    city,",
            "    case when length(state) <= 3 then upper(state) end as state_code,",
            "    case when length(state) > 3 then state end as state,",
            f"    {column},",
            *listed([*LINEAGE[:-1], "'insert' as _operation"]),
            "from places",
        ]
        return "\n".join(lines) + "\n"

    def _has_codes(self, match: Match) -> bool:
        """Whether the countries of its addresses are codes of two letters, as far as rows were looked at."""
        country = _address(match)[0]
        names = {base: name for name, base in base_names(match.table).items()}
        if country not in names:
            return True
        sample = match.table.column(names[country]).sample
        return not sample.values or sample.all_match(r"[A-Za-z]{2}")

    def _staging_yml(self, match: Match, name: str) -> str:
        said, entity = descriptions(match.entity), contract()[match.entity]
        given = set(match.columns)
        if match.entity == "geography" and match.is_derived:
            given = {"geography_id", "postal_code", "city", "state_code", "state"}
            given |= {"country_code" if "upper(country)" in self._geography() else "country"}
        lines = [
            "models:",
            f"  - name: {name}",
            f"    description: {in_yaml(said[''])}",
            "    config:",
            "      meta:",
            f"        entity: {match.entity}",
            f"        raw_table: {self.raw[match.table.name]}",
            f"        covers: {'none' if match.is_derived else 'table'}",
            "    columns:",
            *column_yml("source", "varchar", "Name of the source in shophouse.yml."),
        ]
        for column, type_ in entity.columns.items():
            text = column_yml(column, _SQL_TYPES.get(type_, type_), said[column])
            if column in given:
                lines += text
            elif column in match.missing:
                lines += [
                    "      # required: take the # away once the model gives it",
                    *(f"      # {part[6:]}" for part in text),
                ]
        return "\n".join([*lines, *lineage_yml()]) + "\n"


def _has_address(match: Match) -> bool:
    return any("geography_id(" in mapped.sql for mapped in match.columns.values())


def _address(match: Match) -> list[str]:
    sql = next(mapped.sql for mapped in match.columns.values() if "geography_id(" in mapped.sql)
    return re.findall(r"'([^']*)'", sql)


def _aliased(mapped: Mapped) -> str:
    return mapped.sql if mapped.sql == mapped.column else f"{mapped.sql} as {mapped.column}"
