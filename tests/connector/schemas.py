"""Schemas that people made elsewhere, as a reader of schemas gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shophouse.sources.schema import ForeignKey, Sample, SourceColumn, SourceTable

__all__ = ["ABBREVIATED", "GERMAN", "LIBRARY", "QUOTED", "table"]


def table(name: str, *columns: str, rows: Sequence[Sequence[str | None]] = (), key: Sequence[str] = ()) -> SourceTable:
    """A table of columns as `menge integer`, `"Order No" text pk`, `kunden_nr integer -> kunden`."""
    made: list[SourceColumn] = []
    primary: list[str] = list(key)
    foreign: list[ForeignKey] = []
    for place, text in enumerate(columns):
        found = re.fullmatch(r'("[^"]+"|\w+) ([\w(),]+)( pk)?( required)?(?: -> (.+))?', text)
        assert found is not None, text
        column, type_, is_key, is_required, target = found.groups()
        column = column.strip('"')
        values = tuple(row[place] for row in rows if row[place] is not None)
        made.append(
            SourceColumn(
                column,
                type_,
                native=type_,
                is_required=bool(is_key or is_required),
                sample=Sample(tuple(str(value) for value in values), len(rows)),
            )
        )
        if is_key:
            primary.append(column)
        if target:
            foreign.append(ForeignKey((column,), target))
    return SourceTable(name, tuple(made), tuple(primary), foreign_keys=tuple(foreign), rows=len(rows) or -1)


GERMAN = (
    table(
        "kunden",
        *("kunden_nr integer pk", "vorname text", "nachname text", "e_mail text", "plz text", "ort text", "land text"),
        "angelegt_am timestamp",
        rows=[
            ("1", "Adelheid", "Musterfrau", "adelheid@example.com", "01234", "Köln", "DE", "2025-01-01 00:00:00"),
            ("2", "Benno", "Beispiel", "benno@example.com", "20095", "Hamburg", "DE", "2025-01-02 00:00:00"),
        ],
    ),
    table("warengruppen", "warengruppe_id integer pk", "bezeichnung text"),
    table(
        "artikel",
        *("artikel_nr text pk", "bezeichnung text", "warengruppe_id integer -> warengruppen"),
        *("vk_preis decimal(10,2)", "ek_preis decimal(10,2)"),
    ),
    table(
        "bestellungen",
        *("bestell_nr integer pk", "kunden_nr integer -> kunden", "bestelldatum timestamp", "status text"),
        *(
            "versandkosten decimal(10,2)",
            "gesamtbetrag decimal(10,2)",
            "waehrung text",
            "geaendert_am timestamp required",
        ),
        rows=[
            ("1", "1", "2025-02-01 10:00:00", "Versendet", "4.90", "24.90", "EUR", "2025-02-02 10:00:00"),
            ("2", "2", "2025-02-03 10:00:00", "storniert", "0", "20", "EUR", "2025-02-03 10:00:00"),
            ("3", "2", "2025-02-03 10:00:00", "wartend", "0", "20", "EUR", "2025-02-03 10:00:00"),
        ],
    ),
    table(
        "bestellpositionen",
        *("bestell_nr integer pk -> bestellungen", "pos integer pk", "artikel_nr text -> artikel", "menge integer"),
        *("einzelpreis decimal(10,2)", "rabatt_prozent decimal(5,2)"),
        rows=[("1", "1", "T-1", "2", "10", "0"), ("3", "1", "T-2", "1", "20", "10")],
    ),
)

ABBREVIATED = (
    table("cust", "cust_id bigint pk", "fname text", "lname text", "email text", "created timestamp"),
    table("prod", "prod_id bigint pk", "descr text", "prc decimal(38,12)", "cat_id bigint"),
    table("cat", "cat_id bigint pk", "name text"),
    table("ord", "ord_id bigint pk", "cust_id bigint", "ord_dt timestamp", "stat text", "tax double", "amt double"),
    table("ord_dtl", "ord_id bigint pk", "ln integer pk", "prod_id bigint", "qty integer", "prc double", "disc double"),
)
"""No foreign key says who refers to whom."""

QUOTED = (
    table("Customers", "CustomerID integer pk", "FirstName text", "LastName text", "EmailAddress text"),
    table("Products", "ProductID integer pk", "ProductName text", "ListPrice double", "StandardCost double"),
    table("OrderStatuses", "OrderStatusID integer pk", "Name text", rows=[("1", "Shipped"), ("2", "Cancelled")]),
    table(
        "SalesOrders",
        *("OrderID integer pk", "CustomerID integer -> Customers", '"Order Date" timestamp'),
        *("StatusID integer -> OrderStatuses", "Currency text"),
    ),
    table(
        "Order Lines",
        *("OrderLineID integer pk", "OrderID integer -> SalesOrders", "ProductID integer -> Products"),
        *("Quantity integer", "UnitPrice decimal(10,2)", '"order" text'),
    ),
)

LIBRARY = (
    table("users", "id integer pk", "name text", "email text", "created_at timestamp"),
    table("books", "id integer pk", "title text", "isbn text", "author_id integer -> authors"),
    table("authors", "id integer pk", "name text"),
    table("loans", "id integer pk", "book_id integer -> books", "user_id integer -> users", "loaned_at timestamp"),
    table("reviews", "id integer pk", "book_id integer", "user_id integer", "rating integer", "created_at timestamp"),
)
