"""Which column of a table is which column of an entity: by name, by type, by foreign key, and by values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shophouse.bindings import Entity, contract
from shophouse.connector.meanings import boolean_sql, share_sql, status_sql
from shophouse.connector.proposal import Lookup, Mapped
from shophouse.connector.tables import base_names, key_columns, reference, shown_type
from shophouse.connector.words import Words, form, snake, synonyms, tokens
from shophouse.sources.schema import SourceColumn, SourceTable

__all__ = ["Columns"]

_LINE_WORDS = ("line", "seq", "sequence", "sequential", "position", "pos", "number", "no", "nr", "row", "zeile")

_REFERS: Mapping[str, Mapping[str, str]] = {
    "orders": {"customer_id": "customers", "store_id": "stores", "employee_id": "employees"},
    "order_items": {"order_id": "orders", "product_id": "products", "seller_id": "sellers"},
    "products": {"category_id": "categories"},
    "shipments": {"order_id": "orders", "location_id": "locations"},
    "refund_items": {"refund_id": "refunds", "order_id": "orders", "product_id": "products"},
    "reviews": {"order_id": "orders", "product_id": "products"},
    "events": {"session_id": "sessions", "product_id": "products", "order_id": "orders"},
    "sessions": {"customer_id": "customers"},
    "subscriptions": {"customer_id": "customers", "product_id": "products"},
    "subscription_events": {"subscription_id": "subscriptions"},
    "ad_spend": {"campaign_id": "campaigns"},
    "touchpoints": {"customer_id": "customers", "campaign_id": "campaigns"},
    "customer_identities": {"customer_id": "customers"},
    "inventory_snapshots": {"product_id": "products", "location_id": "locations"},
    "inventory_movements": {"product_id": "products", "location_id": "locations"},
    "payments": {"order_id": "orders"},
    "refunds": {"order_id": "orders"},
}
"""Of an entity, its columns that name a row of another."""
_PLACES = {"customers": "geography_id", "orders": "shipping_geography_id"} | dict.fromkeys(
    ("stores", "locations", "employees", "sellers"), "geography_id"
)


class Columns:
    """Maps the columns of `table`, taken for `entity`. `others` are the tables taken for other entities."""

    def __init__(
        self, entity: str, table: SourceTable, others: Mapping[str, SourceTable], tables: Mapping[str, SourceTable]
    ) -> None:
        self.entity: Entity = contract()[entity]
        self.table = table
        self.others = others
        self.tables = tables
        self.words: Words = synonyms()[0][entity]
        self.base = base_names(table)
        self.used: set[str] = set()
        self.types: dict[str, str] = {}
        self.casts: dict[str, str] = {}
        self.days: set[str] = set()
        self.mapped: dict[str, Mapped] = {}
        self.key, self.key_reason = key_columns(table, entity)
        self._map()

    @property
    def missing(self) -> dict[str, str]:
        """Required columns that nothing gives → an example of what would."""
        return {c: self._example(c) for c in self.entity.required if c not in self.mapped}

    def _map(self) -> None:
        self._references()
        self._own_key()
        wanted = [*self.entity.required, *(c for c in self.entity.columns if c not in self.entity.required)]
        for column in wanted:
            if column not in self.mapped and (mapped := self._by_name(column)):
                self._take(mapped)
        self._compose()
        self._place()
        order = list(self.entity.columns)
        self.mapped = dict(sorted(self.mapped.items(), key=lambda item: order.index(item[0])))

    def _take(self, mapped: Mapped) -> None:
        self.mapped[mapped.column] = mapped
        self.used.update(mapped.sources)

    def _text(self, name: str) -> str:
        column = self.table.column(name)
        is_decimal = column.type.startswith("decimal") and not column.type.endswith(",0)")
        if is_decimal and column.sample.all_match(r"-?\d{1,15}(\.0*)?"):
            # what names a row is a whole number: 7, not 7.000000000000
            self.types[name] = "bigint"
        return self.base[name] if column.type == "text" else f"cast({self.base[name]} as varchar)"

    def _references(self) -> None:
        for column, entity in _REFERS.get(self.entity.name, {}).items():
            target = self.others.get(entity)
            name = reference(self.table, target, entity) if target else None
            # without a table of theirs, the words that are usual for one name it
            reason = f"names a row of {target.name}" if target and name else "called as what names one usually is"
            if name is None:
                forms = synonyms()[0][entity].key_forms
                name = next((c.name for c in self.table.columns if form(c.name) in forms), None)
            if name is not None and not (self.key == (name,) and column not in self.entity.key):
                self._take(Mapped(column, self._text(name), (name,), reason))

    def _own_key(self) -> None:
        own = [
            column for column in self.entity.key if column not in self.mapped and self.entity.columns[column] == "text"
        ]
        own = [column for column in own if column.endswith("_id") or column == "metric"]
        if len(own) != 1 or self.entity.name == "order_items":
            self._line_number()
            return
        column = own[0]
        forms = self.words.key_forms | {"id", form(column)}
        if len(self.key) == 1:
            name: str | None = self.key[0]
        else:
            name = next((c.name for c in self.table.columns if form(c.name) in forms), None)
        if name is not None and name not in self.used:
            reason = self.key_reason if self.key == (name,) else "by its name"
            self._take(Mapped(column, self._text(name), (name,), reason))
            return
        parts = self.key
        if len(parts) < 2 and (order := self.mapped.get("order_id")):
            line = next((c.name for c in self.table.columns if self._is_line(c)), None)
            parts = (order.sources[0], line) if line else ()
        if len(parts) > 1:
            sql = " || '|' || ".join(self._text(part) for part in parts)
            note = "" if self.key else "is that what names a row?"
            self._take(Mapped(column, sql, tuple(parts), f"no id of its own: {', '.join(parts)} together", note))

    def _is_line(self, column: SourceColumn) -> bool:
        kind = shown_type(column)
        if kind not in ("integer", "bigint") and not (
            kind.startswith("decimal") and column.sample.all_match(r"\d{1,6}")
        ):
            return False
        return any(word in _LINE_WORDS for word in tokens(column.name)[-1:]) and column.name not in self.used

    def _line_number(self) -> None:
        """A number of the line: its own, else what tells lines of an order apart."""
        if self.entity.name != "order_items":
            return
        single = self.key[0] if len(self.key) == 1 else None
        rest = [name for name in self.key if name not in self.mapped.get("order_id", _NOTHING).sources]
        for name in (*rest, *(c.name for c in self.table.columns)) if single is None else ():
            column = self.table.column(name)
            forms = set(self.words.column_forms(self.table, column))
            whole = shown_type(column) in ("integer", "bigint") or column.sample.all_match(r"\d{1,9}")
            if forms & set(self.words.columns["line_number"]) and whole and name not in self.used:
                self._take(Mapped("line_number", self._number(name, "integer"), (name,), "numbers an order's lines"))
                return
        if single is not None:
            # what says line or position is a number in its order, whatever the key is
            for column in self.table.columns:
                if column.name != single and self._is_line(column):
                    sql = self._number(column.name, "integer")
                    self._take(Mapped("line_number", sql, (column.name,), "its line in the order"))
                    return
        candidate = single or (rest[0] if len(rest) == 1 else None)
        if candidate and self.table.column(candidate).type in ("integer", "bigint"):
            wide = self.table.column(candidate).type == "bigint"
            reason = (
                f"no line number: {candidate} is the key" if single else "no line number: once in an order, by the key"
            )
            note = f"{candidate} has to stay below 2,147,483,648" if wide else ""
            self._take(Mapped("line_number", self._number(candidate, "integer"), (candidate,), reason, note))
            return
        by = [self.base[name] for name in (rest or ([single] if single else []))] or ["_row_number"]
        order = self.mapped.get("order_id")
        if order is not None:
            sql = (
                "row_number() over (\n        partition by source, _load_id, "
                f"{self.base[order.sources[0]]}\n        order by {', '.join(by)}\n    )"
            )
            note = "" if rest or single else "lines have no number and no key: in the order in which they are read"
            self._take(Mapped("line_number", sql, (), f"no line number: counted by {', '.join(by)}", note))

    def _by_name(self, wanted: str) -> Mapped | None:
        kind = self.entity.columns[wanted]
        forms = self.words.columns.get(wanted, ())
        found: list[tuple[int, int, SourceColumn]] = []
        for place, column in enumerate(self.table.columns):
            if column.name in self.used or column.is_binary:
                continue
            called = set(self.words.column_forms(self.table, column))
            if any(key.columns == (column.name,) for key in self.table.foreign_keys):
                # status_id names a row of a table of states
                called |= {f[: -len(n)] for f in called for n in self.words.numbers if f.endswith(n)}
            ranks = [forms.index(f) for f in called if f in forms]
            if ranks:
                found.append((min(ranks), place, column))
        for _, _, column in sorted(found, key=lambda item: item[:2]):
            if (mapped := self._lookup(wanted, column, kind)) or (mapped := self._as(wanted, column, kind)):
                return mapped
        if wanted == "category_id" and self.entity.name == "products":
            return self._category()
        if wanted == "currency_code" and "currency_code" in self.entity.required:
            note = "there is no column for it: all is taken to be in the shop's currency"
            return Mapped(wanted, "{{ shophouse.shop_currency() }}", (), "the shop's", note)
        if wanted == "timezone" and self.entity.name == "stores":
            return Mapped(wanted, "{{ shophouse.shop_timezone() }}", (), "the shop's", "there is no column for it")
        return None

    def _category(self) -> Mapped | None:
        forms = {
            form(word + end)
            for word in ("".join(name) for name in synonyms()[0]["categories"].names)
            for end in ("", "name")
        }
        for column in self.table.columns:
            if (
                column.name not in self.used
                and column.type == "text"
                and forms & {form(column.name), *self.words.column_forms(self.table, column)}
            ):
                return Mapped("category_id", self.base[column.name], (column.name,), "the category's name names it")
        return None

    def _lookup(self, wanted: str, column: SourceColumn, kind: str) -> Mapped | None:
        """A column that names a row of a table of names: a status, a carrier."""
        if kind != "text":
            return None
        key = next((k for k in self.table.foreign_keys if k.columns == (column.name,)), None)
        target = self.tables.get(key.table) if key else None
        if key is None or target is None or target.name in {table.name for table in self.others.values()}:
            return None
        to = key.to or target.primary_key
        texts = [c for c in target.columns if c.type == "text" and c.name not in to]
        name = next((c for c in texts if form(c.name) in _NAME_FORMS), None)
        name = name or next((c for c in texts if tokens(c.name)[-1:] in (("name",), ("code",), ("status",))), None)
        if name is None or len(to) != 1:
            return None
        lookup = Lookup(target.name, to[0], name.name, column.name)
        alias = snake(target.name)
        sql = f"{alias}_{base_names(target)[name.name]}"
        sql, note = status_sql(sql, name) if wanted == "status" and self.entity.name == "orders" else (sql, "")
        return Mapped(
            wanted, sql, (column.name,), f"{target.name}.{name.name}, which {column.name} names", note, lookup
        )

    def _as(self, wanted: str, column: SourceColumn, kind: str) -> Mapped | None:
        name, base, type_ = column.name, self.base[column.name], shown_type(column)
        reason = f"is called {name}"
        is_number = type_ in ("integer", "bigint", "double") or type_.startswith("decimal")
        if kind == "timestamp" and type_ in ("timestamp", "date"):
            if column.type == "text":
                self.types[name] = type_
            if type_ == "date":
                self.days.add(name)
            return Mapped(wanted, base, (name,), reason)
        if kind == "date" and type_ in ("timestamp", "date"):
            if column.type == "text":
                self.types[name] = type_
            return Mapped(wanted, base if type_ == "date" else f"cast({base} as date)", (name,), reason)
        if kind in ("money", "quantity", "rate") and is_number:
            if wanted == "discount_amount" and self.entity.name == "order_items":
                return self._discount(column)
            return Mapped(
                wanted, self._number(name, "decimal(18, 8)" if kind == "rate" else "decimal(18, 4)"), (name,), reason
            )
        if kind in ("integer", "bigint", "double") and is_number:
            return Mapped(wanted, self._number(name, "double precision" if kind == "double" else kind), (name,), reason)
        if kind == "boolean":
            sql = boolean_sql(base, column)
            return Mapped(wanted, sql, (name,), reason) if sql else None
        if kind != "text" or type_ in ("timestamp", "date", "boolean"):
            return None
        if wanted == "status" and self.entity.name == "orders":
            sql, note = status_sql(self._text(name), column)
            return Mapped(wanted, sql, (name,), reason, note)
        if wanted == "currency_code":
            if column.sample.values and not column.sample.all_match(r"[A-Za-z]{3}"):
                return None
            return Mapped(wanted, f"upper({base})", (name,), reason)
        if wanted == "email" and column.sample.values and not any("@" in value for value in column.sample.values):
            return None
        if wanted in ("kind", "basis", "match_method"):
            return Mapped(wanted, f"lower({self._text(name)})", (name,), reason)
        return Mapped(wanted, self._text(name), (name,), reason)

    def _number(self, name: str, type_: str) -> str:
        column = self.table.column(name)
        if column.type == "text":
            self.types[name] = "integer" if type_ == "integer" else "bigint" if type_ == "bigint" else "decimal(18,4)"
        declared = self.types.get(name, column.type)
        if type_ == "decimal(18, 4)":
            # money is no float anywhere: the base model makes it a decimal
            self.casts[name] = type_
            return self.base[name]
        return self.base[name] if declared == type_.replace(" ", "") else f"cast({self.base[name]} as {type_})"

    def _discount(self, column: SourceColumn) -> Mapped:
        """An amount, or by what its values are a share of the line."""
        quantity, price = self.mapped.get("quantity"), self.mapped.get("unit_price")
        share = share_sql(self.base[column.name], column)
        if share and quantity and price:
            line = f"cast({quantity.sql} * {price.sql} as decimal(18, 4))"
            sql = f"cast(round({line} * {share[0]}, 4) as decimal(18, 4))"
            return Mapped("discount_amount", sql, (column.name,), share[1], f"{share[1]}; is it no amount of money?")
        numbers = column.sample.numbers()
        note = "is it for all of the line's units, and an amount?" if any(numbers) or not numbers else ""
        sql = self._number(column.name, "decimal(18, 4)")
        return Mapped("discount_amount", sql, (column.name,), f"is called {column.name}", note)

    def _compose(self) -> None:
        """A name out of a first and a last one, else the id."""
        column = f"{self.entity.name[:-1]}_name"
        if self.entity.name not in ("employees", "sellers", "stores", "locations") or column in self.mapped:
            return
        words = synonyms()[0]["customers"]
        parts = [
            next(
                (
                    c.name
                    for c in self.table.columns
                    if form(c.name) in words.columns[which] and c.name not in self.used
                ),
                None,
            )
            for which in ("first_name", "last_name")
        ]
        given = [part for part in parts if part]
        if given:
            sql = " || ' ' || ".join(f"coalesce({self.base[part]}, '')" for part in given)
            sql = f"trim({sql})" if len(given) > 1 else self.base[given[0]]
            self._take(Mapped(column, sql, tuple(given), "first and last name"))
        elif own := self.mapped.get(self.entity.key[0]):
            self._take(Mapped(column, own.sql, own.sources, "its id", "there is no name: the id stands in its place"))

    def _place(self) -> None:
        """Where it is: the id of a place in a table of places, else the parts of the address that stand in the row."""
        column = _PLACES.get(self.entity.name)
        if column is None:
            return
        places = self.others.get("geography")
        if places is not None and places.name != self.table.name:
            keys = [k.columns[0] for k in self.table.foreign_keys if k.table == places.name and len(k.columns) == 1]
            # of several, the one that goods are sent to
            keys.sort(
                key=lambda name: not any(word in tokens(name) for word in ("shipping", "ship", "delivery", "liefer"))
            )
            if keys:
                self._take(Mapped(column, self._text(keys[0]), (keys[0],), f"names a row of {places.name}"))
                return
        if parts := self.address():
            sql = "{{ shophouse.geography_id(" + ", ".join(f"'{part}'" for part in self._address_sql(parts)) + ") }}"
            self._take(Mapped(column, sql, tuple(parts.values()), "its address"))

    def _address_sql(self, parts: Mapping[str, str]) -> Iterator[str]:
        for part in ("country_code", "state", "postal_code", "city"):
            name = parts.get(part)
            yield "cast(null as varchar)" if name is None else self._text(name)

    def address(self) -> dict[str, str]:
        """Part of an address (country_code, state, postal_code, city) → the column that has it."""
        words = synonyms()[0]["geography"]
        own = {form(name) for name in self.words.prefixes} | {"".join(name) for name in self.words.names}
        prefixes = [form(p) for p in synonyms()[1]["address_prefixes"]]
        for prefix in [*prefixes, *sorted(own)] if self.entity.name != "orders" else [*prefixes[1:], "", *sorted(own)]:
            found: dict[str, str] = {}
            for part in ("country_code", "state", "postal_code", "city"):
                wanted = [prefix + name for name in words.columns[part]]
                ranked = sorted(
                    (wanted.index(form(c.name)), place, c.name)
                    for place, c in enumerate(self.table.columns)
                    if form(c.name) in wanted and c.name not in self.used and c.type != "boolean"
                )
                if ranked:
                    found[part] = ranked[0][2]
            if "city" in found or "postal_code" in found or "country_code" in found:
                return found
        return {}

    def _example(self, column: str) -> str:
        if column == "status" and self.entity.name == "orders":
            shipped = self._first_of("shipments", "shipped_at")
            if shipped:
                return f"case when {self.base[shipped]} is null then 'processing' else 'shipped' end"
            return "'completed'"
        if column == "quantity":
            return "1"
        kind = self.entity.columns[column]
        return {"money": "cast(0 as decimal(18, 4))", "quantity": "1", "integer": "1"}.get(kind, "<a column>")

    def _first_of(self, entity: str, column: str) -> str | None:
        forms = synonyms()[0][entity].columns[column]
        found = sorted(
            (forms.index(f), place, c.name)
            for place, c in enumerate(self.table.columns)
            for f in self.words.column_forms(self.table, c)
            if f in forms and shown_type(c) in ("date", "timestamp")
        )
        return found[0][2] if found else None


_NOTHING = Mapped("", "", (), "")
_NAME_FORMS = frozenset(("name", "title", "label", "description", "code", "bezeichnung", "companyname", "status"))
