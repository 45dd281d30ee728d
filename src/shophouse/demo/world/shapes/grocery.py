"""A grocery chain's files: categories, cities, countries, customers, employees, products and sales, with headers, times
as `yyyy-MM-dd HH:mm:ss.SSS`, local. A sale is one product of one transaction.

`SalesID` is the order's id in the truth times ten, and one more. `TotalPrice` is what was paid, quantity × price × (1 −
discount); in the public data set it is 0. Later deliveries add a file of sales, and replace the files of customers and
products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Ints, blank, money, numbers, words
from shophouse.demo.world import sales
from shophouse.demo.world.defects import OWN_KEYS, Labels
from shophouse.demo.world.files import Out, Span, Tables, write_parts
from shophouse.demo.world.hexes import hexes
from shophouse.demo.world.named import pool
from shophouse.demo.world.places import MARKETS, ZIPS
from shophouse.demo.world.settings import NAMES
from shophouse.demo.world.shapes.accounts import Accounts

TRANSACTION = 17
STAFF = 23
_CATEGORIES = {
    "Confections": ("Cookies", "Fudge", "Wafers"),
    "Shell fish": ("Mussels", "Scallops", "Clams"),
    "Cereals": ("Granola", "Oats", "Corn Flakes"),
    "Dairy": ("Yogurt", "Cheddar", "Butter"),
    "Beverages": ("Juice", "Lemonade", "Iced Tea"),
    "Seafood": ("Salmon", "Tuna", "Cod"),
    "Meat": ("Beef", "Lamb", "Ham"),
    "Grain": ("Rice", "Flour", "Barley"),
    "Poultry": ("Chicken", "Turkey", "Duck"),
    "Snails": ("Escargots", "Whelks", "Periwinkles"),
    "Produce": ("Tomatoes", "Onions", "Apples"),
}
_KINDS = ("Whole", "Fresh", "Smoked, Sliced", "Organic", "Family Pack", "Mini", "Spiced", "Frozen")
_RESISTANT = ("Durable", "Weak", "Unknown")
_ALLERGIC = ("True", "False", "Unknown")


def deliver(span: Span) -> Out:
    """Write the new sales, and what has changed beside them."""
    out, whole = span.out(), Out(span.data)
    write_parts(span, out, lambda number, labels: _sold(span, number, labels), span.world.batches, _put)
    accounts = Accounts(span.world)
    tables = [("products", _products(span)), ("customers", _customers(span, accounts))]
    if span.is_first:
        tables += [
            ("categories", _categories()),
            ("cities", _cities(span)),
            ("countries", _countries()),
            ("employees", _employees(span)),
        ]
    for name, table in tables:
        whole.csv(name, table)
    out.add(whole)
    return out


def _put(out: Out, name: str, table: Any, part: str) -> None:
    out.csv(name, table, part)


def _moment(seconds: Ints, number: Ints) -> Any:
    """Times with thousandths, as the clock at the till shows them."""
    thousandths = pa.array(seconds * 1000 + number * 7919 % 1000)
    return thousandths.cast(pa.timestamp("ms"))


def _sold(span: Span, number: int, labels: Labels) -> Tables:
    world = span.world
    batch = sales.draw(world, number)
    if span.truth:
        span.truth.orders(batch, number, world.batches)
    told = (batch.placed.arrived >= span.since) & (batch.placed.arrived < span.now)
    told &= ~batch.is_test & (batch.cancelled == NEVER)
    # A gift card is nothing that the chain sells.
    line = np.flatnonzero(told[batch.order] & ~world.goods.catalogue.gift_card[batch.product])
    order = batch.order[line]
    sale, person = batch.order_id[order] * 10 + batch.line[line], batch.person[order]
    quantity, price = batch.quantity[line], batch.price[line]
    tenth = np.where(batch.tender[order] % 10 == 0, 2, np.where(batch.tender[order] % 10 < 3, 1, 0))
    at = batch.placed.at[order]
    day = np.clip((at - world.settings.start) // DAY, 0, world.settings.span - 1)
    undated, orphan = np.zeros(len(line), dtype=np.bool_), np.zeros(len(line), dtype=np.bool_)
    if world.settings.defects:
        undated, orphan = batch.placed.index[order] % 101 == 3, batch.placed.index[order] % 997 == 5
        labels.add("sales", "rejected", sale[undated].tolist(), "SalesDate missing")
        labels.add("sales", "orphan", sale[orphan].tolist(), "ProductID in no row of products")
    if not span.is_first:
        labels.add("sales", "late", sale[at < span.since].tolist())
    staff = 1 + batch.tender[order] * batch.tender[order] % (STAFF * STAFF) // STAFF
    yield (
        "sales",
        pa.table(
            {
                "SalesID": numbers(sale),
                "SalesPersonID": numbers(staff),
                "CustomerID": numbers(person + 1),
                "ProductID": numbers(np.where(orphan, OWN_KEYS + batch.product[line], batch.product[line] + 1)),
                "Quantity": numbers(quantity),
                "Discount": money(tenth * 10),
                "TotalPrice": money(quantity * price * (10 - tenth) * 10, scale=4),
                "SalesDate": blank(_moment(at + world.offsets[batch.store[order], day], sale), undated),
                "TransactionNumber": hexes(TRANSACTION, sale),
            }
        ),
    )


def _categories() -> Any:
    return pa.table(
        {
            "CategoryID": pa.array(range(1, len(_CATEGORIES) + 1), pa.int64()),
            "CategoryName": pa.array(list(_CATEGORIES)),
        }
    )


def _cities(span: Span) -> Any:
    places = span.world.places
    number = np.arange(len(places.city))
    return pa.table(
        {
            "CityID": numbers(number + 1),
            "CityName": places.city,
            "Zipcode": words(places.postal_code, number * ZIPS),
            "CountryID": numbers(places.market_of_city + 1),
        }
    )


def _countries() -> Any:
    markets = list(MARKETS.values())
    return pa.table(
        {
            "CountryID": pa.array(range(1, len(markets) + 1), pa.int64()),
            "CountryName": pa.array([market.name for market in markets]),
            "CountryCode": pa.array([market.country for market in markets]),
        }
    )


def _employees(span: Span) -> Any:
    settings = span.world.settings
    rng = settings.rng(NAMES, 1)
    known = pool("en_US", settings.seed)
    number = np.arange(STAFF)
    return pa.table(
        {
            "EmployeeID": numbers(number + 1),
            "FirstName": words(known.first, rng.integers(0, len(known.first), STAFF)),
            "MiddleInitial": words([chr(65 + n) for n in range(26)], rng.integers(0, 26, STAFF)),
            "LastName": words(known.last, rng.integers(0, len(known.last), STAFF)),
            "BirthDate": _moment(settings.start - rng.integers(25 * 365, 60 * 365, STAFF) * DAY, number * 0),
            "Gender": words(("F", "M"), rng.integers(0, 2, STAFF)),
            "CityID": numbers(1 + rng.integers(0, len(span.world.places.city), STAFF)),
            "HireDate": _moment(settings.start - rng.integers(30 * DAY, 3000 * DAY, STAFF), number),
        }
    )


def _customers(span: Span, accounts: Accounts) -> Any:
    """One row per person who has an account by now; the chain knows no guests."""
    crowd, settings = span.world.crowd, span.world.settings
    main = crowd.main_account
    person = np.flatnonzero(crowd.account_created[main] < span.now)
    first, last, _ = accounts.names(person, np.zeros(len(person), dtype=np.int8))
    streets = pool("en_US", settings.seed).street
    return pa.table(
        {
            "CustomerID": numbers(person + 1),
            "FirstName": first,
            "MiddleInitial": words([chr(65 + n) for n in range(26)], person % 26),
            "LastName": last,
            "CityID": numbers(accounts.place(main[person], span.now) // ZIPS + 1),
            "Address": words(streets, person * 31 % len(streets)),
        }
    )


def _products(span: Span) -> Any:
    goods = span.world.goods
    catalogue = goods.catalogue
    changed = goods.changed(span.now)
    which = np.flatnonzero((changed < NEVER) & ~catalogue.gift_card[: goods.size])
    kind = which % len(_CATEGORIES)
    nouns = list(_CATEGORIES.values())
    label = [
        f"{nouns[k][n // 11 % 3]} - {_KINDS[n // 33 % len(_KINDS)]} {n // 264 + 1}"
        for k, n in zip(kind.tolist(), which.tolist(), strict=True)
    ]
    price = catalogue.price[which, catalogue.period(np.array([span.now - 1]))[0]]
    perishable = which % 3 > 0
    return pa.table(
        {
            "ProductID": numbers(which + 1),
            "ProductName": pa.array(label),
            "Price": money(price),
            "CategoryID": numbers(kind + 1),
            "Class": words(("Low", "Medium", "High"), np.digitize(price, [2_500, 8_000])),
            "ModifyDate": _moment(changed[which], which),
            "Resistant": words(_RESISTANT, which % 3),
            "IsAllergic": words(_ALLERGIC, which // 3 % 3),
            "VitalityDays": numbers(np.where(perishable, 3 + which * 7 % 120, 0)),
        }
    )
