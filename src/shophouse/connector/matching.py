"""Which table is which entity: by its name, by what it refers to and what refers to it, and by its columns.

Every part of a score is a reason in words. The same tables give the same proposal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shophouse.bindings import contract
from shophouse.connector.columns import Columns
from shophouse.connector.proposal import Mapped, Match, Proposal
from shophouse.connector.tables import reference, shown_type
from shophouse.connector.words import Words, common_words, synonyms, tokens
from shophouse.sources.schema import SourceTable

__all__ = ["propose"]

_ENOUGH = 0.55
_NAMED, _ENDS, _BEGINS = 0.6, 0.45, 0.1
_RELATED, _COLUMNS = 0.2, 0.2
_LOOSE = ("currency_code", "status", "line_number", "timezone")
"""Required, but often not there, or made out of something else: no sign of what a table is."""

_NEIGHBOURS: Mapping[str, tuple[str, str]] = {
    "customers": ("named by", "orders"),
    "products": ("named by", "order_items"),
    "employees": ("named by", "orders"),
    "stores": ("named by", "orders"),
    "sellers": ("named by", "order_items"),
    "categories": ("named by", "products"),
    "orders": ("named by", "order_items"),
    "order_items": ("names", "orders"),
    "payments": ("names", "orders"),
    "refunds": ("names", "orders"),
    "shipments": ("names", "orders"),
    "reviews": ("names", "orders"),
    "geography": ("named by", "customers"),
    "subscriptions": ("names", "customers"),
    "subscription_events": ("names", "subscriptions"),
    "refund_items": ("names", "refunds"),
    "ad_spend": ("names", "campaigns"),
    "events": ("names", "sessions"),
}


def propose(place: str, tables: Sequence[SourceTable]) -> Proposal:
    """What the tables are in the terms of the input contract. Without orders and what was ordered: nothing."""
    tables = sorted(tables, key=lambda table: table.name)
    by_name = {table.name: table for table in tables}
    common = common_words([table.name for table in tables])
    named = {entity: _by_name(entity, words, tables, common) for entity, words in synonyms()[0].items()}
    # who is whose neighbour needs a first idea of who is who, and changes it: twice is enough for it to settle
    chosen: dict[str, SourceTable] = {}
    found: dict[str, tuple[SourceTable, float, list[str]]] = {}
    for _ in range(3):
        scored = {
            entity: {name: _score(entity, by_name[name], base, chosen, by_name) for name, base in candidates.items()}
            for entity, candidates in named.items()
        }
        found = _assigned(scored, by_name)
        chosen = {entity: table for entity, (table, _, _) in found.items()}
    if "order_items" not in found and (lines := _lines_by_structure(tables, chosen, by_name)):
        found["order_items"] = lines
        chosen["order_items"] = lines[0]
    return _proposal(place, tables, by_name, found, chosen)


def _by_name(
    entity: str, words: Words, tables: Sequence[SourceTable], common: frozenset[str]
) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    for table in tables:
        parts = tokens(table.name)
        own = tuple(word for word in parts if word not in common) or parts
        if any(own[-len(name) :] == name for name in words.refused):
            continue
        joined = "".join(own)
        if any(joined == "".join(name) for name in words.names):
            found[table.name] = (_NAMED, f"is called {table.name}")
        elif any(own[-len(name) :] == name for name in words.names):
            found[table.name] = (_ENDS, f"its name ends like one: {table.name}")
        elif any(own[: len(name)] == name for name in words.names):
            found[table.name] = (_BEGINS, f"its name begins like one: {table.name}")
    return found


def _score(
    entity: str,
    table: SourceTable,
    base: tuple[float, str],
    chosen: Mapping[str, SourceTable],
    by_name: Mapping[str, SourceTable],
) -> tuple[float, list[str]]:
    score, reasons = base[0], [base[1]]
    how, neighbour = _NEIGHBOURS.get(entity, ("", ""))
    other = chosen.get(neighbour)
    if other is not None and other.name != table.name:
        column = reference(table, other, neighbour) if how == "names" else reference(other, table, entity)
        if column:
            score += _RELATED
            reasons.append(
                f"{column} names rows of {other.name}" if how == "names" else f"{other.name}.{column} names its rows"
            )
    required = [column for column in contract()[entity].required if column not in _LOOSE]
    columns = Columns(entity, table, {e: t for e, t in chosen.items() if t.name != table.name}, by_name)
    there = [column for column in required if column in columns.mapped]
    score += _COLUMNS * len(there) / len(required)
    reasons.append(f"has {', '.join(there)}" if there else "has none of the columns that one needs")
    if table.is_view:
        score -= 0.15
        reasons.append("is a view")
    if table.rows == 0:
        score -= 0.1
        reasons.append("is empty")
    return round(max(0.0, min(1.0, score)), 2), reasons


def _assigned(
    scored: Mapping[str, Mapping[str, tuple[float, list[str]]]], by_name: Mapping[str, SourceTable]
) -> dict[str, tuple[SourceTable, float, list[str]]]:
    """Each entity's best table, the surest first; a table is one entity's alone."""
    order = list(contract())
    ranked = sorted(
        (-score, order.index(entity), -by_name[name].rows, name, entity, reasons)
        for entity, tables in scored.items()
        for name, (score, reasons) in tables.items()
        if score >= _ENOUGH
    )
    found: dict[str, tuple[SourceTable, float, list[str]]] = {}
    taken: set[str] = set()
    for score, _, _, name, entity, reasons in ranked:
        if entity not in found and name not in taken:
            found[entity] = (by_name[name], -score, reasons)
            taken.add(name)
    return found


def _lines_by_structure(
    tables: Sequence[SourceTable], chosen: Mapping[str, SourceTable], by_name: Mapping[str, SourceTable]
) -> tuple[SourceTable, float, list[str]] | None:
    """The table between orders and products, whatever it is called."""
    orders, products = chosen.get("orders"), chosen.get("products")
    if orders is None or products is None:
        return None
    for table in tables:
        if table.name in {other.name for other in chosen.values()}:
            continue
        order, product = reference(table, orders, "orders"), reference(table, products, "products")
        if order and product:
            there = Columns("order_items", table, chosen, by_name).mapped
            if "quantity" in there or "unit_price" in there:
                reasons = [
                    f"stands between {orders.name} ({order}) and {products.name} ({product})",
                    f"has {', '.join(there)}",
                ]
                return table, 0.7, reasons
    return None


def _proposal(
    place: str,
    tables: Sequence[SourceTable],
    by_name: Mapping[str, SourceTable],
    found: Mapping[str, tuple[SourceTable, float, list[str]]],
    chosen: Mapping[str, SourceTable],
) -> Proposal:
    if "orders" not in found or not {"order_items", "products"} & found.keys():
        lacking = [entity for entity in ("orders", "order_items", "products") if entity not in found]
        why = f"no table looks like {' or '.join(lacking)}; without orders and what was ordered there is no warehouse"
        return Proposal(place, tables, {}, why_not=why)
    matches: dict[str, Match] = {}
    considered: dict[str, str] = {}
    types: dict[tuple[str, str], str] = {}
    casts: dict[tuple[str, str], str] = {}
    days: set[tuple[str, str]] = set()
    mapped: dict[str, Columns] = {}
    for entity in contract():
        if entity not in found:
            continue
        table, score, reasons = found[entity]
        columns = Columns(entity, table, {e: t for e, t in chosen.items() if t.name != table.name}, by_name)
        if columns.missing and entity not in ("customers", "products", "orders", "order_items"):
            considered[entity] = f"{table.name} may be it, but nothing there is {', '.join(columns.missing)}"
            continue
        mapped[entity] = columns
        types |= {(table.name, column): type_ for column, type_ in columns.types.items()}
        casts |= {(table.name, column): type_ for column, type_ in columns.casts.items()}
        days |= {(table.name, column) for column in columns.days}
        matches[entity] = Match(entity, table, score, tuple(reasons), columns.mapped, columns.missing)
    for match in _derived(matches, mapped, by_name):
        matches[match.entity] = match
        days |= {
            (match.table.name, column)
            for m in match.columns.values()
            for column in m.sources
            if m.column.endswith("_at") and shown_type(match.table.column(column)) == "date"
        }
        types |= {
            (match.table.name, column): shown_type(match.table.column(column))
            for m in match.columns.values()
            for column in m.sources
            if m.column.endswith("_at") and match.table.column(column).type == "text"
        }
    ordered = {entity: matches[entity] for entity in contract() if entity in matches}
    return Proposal(place, tables, ordered, considered, types, frozenset(days), casts)


def _derived(
    matches: Mapping[str, Match], mapped: Mapping[str, Columns], by_name: Mapping[str, SourceTable]
) -> list[Match]:
    """Entities that have no table of their own, and whose rows other tables name."""
    found: list[Match] = []
    products = matches.get("products")
    category = products.columns.get("category_id") if products else None
    if products and category and "categories" not in matches and category.reason.startswith("the category's name"):
        columns = {
            "category_id": Mapped("category_id", category.sql, category.sources, category.reason),
            "category_name": Mapped("category_name", category.sql, category.sources, category.reason),
        }
        reasons = (f"{products.table.name}.{category.sources[0]} names them, and there is no table of them",)
        found.append(Match("categories", products.table, 0.6, reasons, columns, {}, is_derived=True))
    addressed = [match for match in matches.values() if _inline_address(match)]
    if addressed and "geography" not in matches:
        reasons = (f"the addresses of {', '.join(match.table.name for match in addressed)}",)
        first = addressed[0]
        found.append(Match("geography", first.table, 0.6, reasons, {}, {}, is_derived=True))
    if "shipments" not in matches and (shipment := _shipment(matches, by_name)):
        found.append(shipment)
    return found


def _inline_address(match: Match) -> bool:
    return any(m.column.endswith("geography_id") and "geography_id(" in m.sql for m in match.columns.values())


def _shipment(matches: Mapping[str, Match], by_name: Mapping[str, SourceTable]) -> Match | None:
    """A parcel for each order that has a day of shipping, where the orders say so."""
    orders = matches["orders"]
    others = {e: m.table for e, m in matches.items() if not m.is_derived and e != "orders"}
    columns = Columns("shipments", orders.table, {**others, "orders": orders.table}, by_name).mapped
    wanted = {
        name: columns[name]
        for name in ("carrier", "shipped_at", "estimated_delivery_at", "delivered_at")
        if name in columns
    }
    order = orders.columns.get("order_id")
    if order is None or "shipped_at" not in wanted:
        return None
    promised = orders.columns.get("promised_delivery_at")
    if "estimated_delivery_at" not in wanted and promised:
        wanted["estimated_delivery_at"] = Mapped(
            "estimated_delivery_at", promised.sql, promised.sources, promised.reason
        )
    first = {
        "shipment_id": Mapped("shipment_id", order.sql, order.sources, "a parcel for each order"),
        "order_id": Mapped("order_id", order.sql, order.sources, order.reason),
    }
    reasons = (f"{orders.table.name}.{wanted['shipped_at'].sources[0]} says when an order was sent",)
    return Match("shipments", orders.table, 0.6, reasons, first | wanted, {}, is_derived=True)
