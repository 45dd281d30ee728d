"""A small look-alike of UCI's Online Retail file: one wholesaler's invoice lines, with the file's faults planted.

What the real file has, and this one has as well:

- One row is one line; there are no line numbers. Prices have three decimals, four of them (0.001) need them.
- An invoice that begins with C cancels: all of its quantities are negative. Most cancel an earlier sale of the same
  customer, code and price; some cancel what was sold before the file begins, some name no customer.
- An invoice that begins with A is a bad debt's adjustment (code B, price negative or positive, no customer).
- A negative quantity without C is a stock correction: price 0, no customer, a scrawl or nothing as description, and an
  invoice of its own. Other lines cost 0 as well, a few of them with a customer (gifts).
- A quarter of the rows have no customer. A customer has one country, but for a few.
- Exact duplicates, next to each other or not, that may be true repeats. One code twice in an invoice is common.
- Codes that aren't goods: POST, DOT, C2 (carriage), M and m (Manual), D (Discount, always cancelled), S (samples),
  BANK CHARGES, AMAZONFEE, CRUK, PADS, B, gift_0001_20 (vouchers). Codes that differ in case alone (85123A, 85123a).
- One code with several descriptions, some with a blank at the end, with commas or quotes, or missing.
- An invoice may have two times, a minute apart. All times are whole minutes. No sales on Saturdays.
- Countries like EIRE, RSA, Channel Islands, European Community, Unspecified.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

__all__ = ["OnlineRetailAnswers", "Row", "matched_cancellations", "online_retail_answers", "online_retail_lookalike"]

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FILE = "online_retail.csv"

_NOUNS = (
    "T-LIGHT HOLDER",
    "METAL LANTERN",
    "CAKE STAND",
    "HOT WATER BOTTLE",
    "JUMBO BAG",
    "LUNCH BOX",
    "PARTY BUNTING",
    "MUG",
    "CLOCK",
    "TRAY, BREAKFAST",
)
_ADJECTIVES = ("WHITE", "RED RETROSPOT", "VINTAGE", "HEART", "REGENCY", 'RECORD FRAME 7"', "WOODEN", "PINK", "SET OF 6")
_COUNTRIES = ("Germany", "France", "EIRE", "Channel Islands", "RSA", "Unspecified", "European Community", "Norway")


@dataclass(frozen=True)
class Row:
    """One line; the price in thousandths."""

    invoice: str
    code: str
    description: str
    quantity: int
    at: str
    price: int
    customer: str
    country: str

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True)
class OnlineRetailAnswers:
    """What is in the file. Amounts are Σ quantity × unit price; `duplicate_rows` are those beyond the first of a kind.

    `cancellations_with_earlier_sale` asks of each cancellation alone whether a sale before it was large enough;
    `cancellations_matched` gives no unit of a sale away twice, so it is smaller (`sale_of` has the pairs).
    """

    rows: int
    invoices: int
    stock_codes: int
    stock_codes_ignoring_case: int
    customers: int
    countries: int
    amount: Decimal
    rows_without_customer: int
    cancellation_rows: int
    cancellation_amount: Decimal
    cancellations_with_earlier_sale: int
    cancellations_matched: int
    cancellations_without_customer: int
    cancellations_without_customer_amount: Decimal
    duplicate_rows: int
    duplicate_amount: Decimal
    corrections: int
    free_rows: int
    bad_debt_rows: int
    invoices_with_two_times: int
    sale_of: dict[int, int]


def matched_cancellations(rows: Sequence[Row]) -> dict[int, int]:
    """Cancellation → the sale that it takes back, both by position from 1.

    That is the latest earlier sale of the same customer, code and price with that much quantity left; cancellations
    choose in the order of the file.
    """
    sales: dict[tuple[str, str, int], list[list[int]]] = defaultdict(list)
    matched: dict[int, int] = {}
    for position, row in enumerate(rows, 1):
        kind = (row.customer, row.code, row.price)
        if not row.customer:
            continue
        if not row.invoice.startswith("C"):
            if row.quantity > 0:
                sales[kind].append([position, row.quantity])
            continue
        for sale in reversed(sales[kind]):
            if sale[1] >= -row.quantity:
                sale[1] += row.quantity
                matched[position] = sale[0]
                break
    return matched


def online_retail_answers(rows: Sequence[Row]) -> OnlineRetailAnswers:
    """The answers, counted row by row in whole thousandths."""
    cancelled = [row for row in rows if row.invoice.startswith("C")]
    anonymous = [row for row in cancelled if not row.customer]
    repeated = [(row, count - 1) for row, count in Counter(rows).items() if count > 1]
    times: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        times[row.invoice].add(row.at)
    matched = matched_cancellations(rows)
    return OnlineRetailAnswers(
        rows=len(rows),
        invoices=len(times),
        stock_codes=len({row.code for row in rows}),
        stock_codes_ignoring_case=len({row.code.upper() for row in rows}),
        customers=len({row.customer for row in rows if row.customer}),
        countries=len({row.country for row in rows}),
        amount=_sum(rows),
        rows_without_customer=sum(not row.customer for row in rows),
        cancellation_rows=len(cancelled),
        cancellation_amount=_sum(cancelled),
        cancellations_with_earlier_sale=_with_earlier_sale(rows),
        cancellations_matched=len(matched),
        cancellations_without_customer=len(anonymous),
        cancellations_without_customer_amount=_sum(anonymous),
        duplicate_rows=sum(more for _, more in repeated),
        duplicate_amount=Decimal(sum(row.amount * more for row, more in repeated)).scaleb(-3),
        corrections=sum(row.quantity < 0 and not row.invoice.startswith("C") for row in rows),
        free_rows=sum(row.price == 0 for row in rows),
        bad_debt_rows=sum(row.invoice.startswith("A") for row in rows),
        invoices_with_two_times=sum(len(found) > 1 for found in times.values()),
        sale_of=matched,
    )


def _with_earlier_sale(rows: Sequence[Row]) -> int:
    largest: dict[tuple[str, str, int], int] = defaultdict(int)
    found = 0
    for row in rows:
        kind = (row.customer, row.code, row.price)
        if row.invoice.startswith("C"):
            found += bool(row.customer) and largest[kind] >= -row.quantity
        else:
            largest[kind] = max(largest[kind], row.quantity)
    return found


def _sum(rows: Iterable[Row]) -> Decimal:
    return Decimal(sum(row.amount for row in rows)).scaleb(-3)


def online_retail_lookalike(
    folder: str | Path, rows: int = 5_000, seed: int = 7, *, compress: bool = False
) -> OnlineRetailAnswers:
    """Write `online_retail.csv` (with `compress` .csv.gz) with at least so many rows, and say what is in it."""
    table = _rows(random.Random(seed), rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in table:
        price = f"{Decimal(row.price).scaleb(-3):.3f}"
        writer.writerow(
            (row.invoice, row.code, row.description, row.quantity, row.at, price, row.customer, row.country)
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = text.getvalue().encode()
    if compress:
        (folder / f"{FILE}.gz").write_bytes(gzip.compress(data, mtime=0))
    else:
        (folder / FILE).write_bytes(data)
    return online_retail_answers(table)


class _Writer:
    """Rows in the order of the file, with a clock that never runs back."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.rows: list[Row] = []
        self.number = 536_365
        self.at = datetime(2010, 12, 1, 8, 26)

    def invoice(self, prefix: str = "") -> str:
        self.number += 1
        self.at += timedelta(minutes=self.random.randint(1, 25))
        if self.at.hour >= 18:
            self.at = self.at.replace(hour=8, minute=30) + timedelta(days=1)
        if self.at.weekday() == 5:
            self.at += timedelta(days=1)
        return f"{prefix}{self.number}"

    def add(
        self, invoice: str, good: tuple[str, str, int], quantity: int, customer: str, country: str, late: bool = False
    ) -> None:
        at = self.at + timedelta(minutes=1) if late else self.at
        code, description, price = good
        self.rows.append(Row(invoice, code, description, quantity, f"{at:%Y-%m-%d %H:%M:%S}", price, customer, country))


def _rows(random_: random.Random, least: int) -> list[Row]:
    goods = [_good(random_, number) for number in range(max(40, least // 25))]
    customers = [
        (str(12_346 + 3 * n), "United Kingdom" if n % 9 else random_.choice(_COUNTRIES))
        for n in range(least // 60 + 12)
    ]
    out = _Writer(random_)
    turn = 0
    while len(out.rows) < least or turn < 120:
        turn += 1
        customer, country = random_.choice(customers)
        if turn % 37 == 0:
            # Stock corrections, each an invoice of its own.
            good = random_.choice(goods)
            scrawl = random_.choice(("", "check", "damages", "?", "thrown away", "sold as set, on dotcom"))
            out.add(out.invoice(), (good[0], scrawl, 0), -random_.randint(1, 300), "", "United Kingdom")
        elif turn % 41 == 0:
            special = random_.choice(
                (("BANK CHARGES", "Bank Charges", 15_000), ("AMAZONFEE", "AMAZON FEE", 13_541_330))
            )
            out.add(out.invoice("C"), special, -1, "", "United Kingdom")
        elif turn % 23 == 0:
            out.add(out.invoice("C"), ("D", "Discount", random_.randint(1_000, 90_000)), -1, customer, country)
        elif turn % 31 == 0:
            # What was bought before the file begins can't be found in it.
            code, description, price = random_.choice(goods)
            out.add(out.invoice("C"), (code, description, price + 10), -random_.randint(1, 12), customer, country)
        elif turn % 7 == 0:
            _cancel(out, random_)
        else:
            _sale(out, random_, turn, goods, ("", "United Kingdom") if turn % 4 == 0 else (customer, country))
        if turn == 60:
            for price in (11_062_060, -11_062_060, -11_062_060):
                out.add(out.invoice("A"), ("B", "Adjust bad debt", price), 1, "", "United Kingdom")
    return out.rows


def _good(random_: random.Random, number: int) -> tuple[str, str, int]:
    letter = "ABCDEFG"[number % 7] if number % 3 == 0 else ""
    blank = " " if number % 5 == 0 else ""
    description = f"{random_.choice(_ADJECTIVES)} {random_.choice(_NOUNS)}{blank}"
    return (
        f"{85_123 - number * 7}{letter}",
        description,
        random_.choice((290, 420, 850, 1_250, 1_650, 2_550, 3_390, 7_950)),
    )


def _sale(
    out: _Writer, random_: random.Random, turn: int, goods: list[tuple[str, str, int]], buyer: tuple[str, str]
) -> None:
    number = out.invoice()
    customer, country = buyer
    bought = random_.sample(goods, random_.randint(1, min(30, len(goods))))
    for place, (code, description, price) in enumerate(bought):
        # The second of two times stands at the end, as in a till that was closed late.
        late = turn % 29 == 1 and place >= len(bought) // 2
        if place % 40 == 7 and code[-1].isalpha():
            code, description = code.lower(), description.strip()
        out.add(
            number, (code, description, price), random_.choice((1, 2, 3, 6, 6, 8, 12, 24, 48)), customer, country, late
        )
        if turn % 17 == 2 and place == 0:
            out.rows.append(out.rows[-1])
        if turn % 19 == 3 and place == len(bought) - 1:
            out.add(number, bought[0], 2, customer, country, late)
            out.rows.append(out.rows[-len(bought)])
    if country != "United Kingdom":
        out.add(number, ("POST", "POSTAGE", 18_000), random_.randint(1, 4), customer, country)
    elif not customer:
        out.add(number, ("DOT", "DOTCOM POSTAGE", random_.randint(1_000, 900_000)), 1, customer, country)
    if turn % 11 == 5:
        out.add(number, ("M" if turn % 2 else "m", "Manual", random_.randint(500, 60_000)), 1, customer, country)
    if turn % 13 == 6:
        out.add(number, random_.choice(_EXTRAS), 1, customer, country)
    if turn % 16 == 9 and customer:
        code, description, _ = random_.choice(goods)
        out.add(number, (code, description, 0), 1, customer, country)


_EXTRAS = (
    ("C2", "CARRIAGE", 50_000),
    ("PADS", "PADS TO MATCH ALL CUSHIONS", 1),
    ("gift_0001_20", "Dotcomgiftshop Gift Voucher £20.00", 16_670),
    ("CRUK", "CRUK Commission", 52_240),
    ("S", "SAMPLES", 5_740),
)


def _cancel(out: _Writer, random_: random.Random) -> None:
    """Cancel one to three earlier lines of one customer, sometimes for more than is left of them."""
    sales = [row for row in out.rows if row.customer and row.quantity > 0 and row.price > 0 and row.invoice[0] != "A"]
    if not sales:
        return
    chosen = random_.choice(sales)
    same = [row for row in sales if row.customer == chosen.customer]
    number = out.invoice("C")
    for row in random_.sample(same, min(len(same), random_.randint(1, 3))):
        quantity = row.quantity if random_.random() < 0.5 else random_.randint(1, row.quantity + 2)
        customer = "" if random_.random() < 0.05 else row.customer
        out.add(number, (row.code, row.description, row.price), -quantity, customer, row.country)
