"""A small look-alike of Olist's nine files: a Brazilian marketplace, with the files' faults planted.

What the real files have, and these have as well:

- A customer_id per order; customer_unique_id is the person. Some persons move to another postcode between orders.
- A line has no quantity: three of a product are three lines. An order may have several sellers. Freight may be 0.
- Orders without lines: nearly all unavailable ones, some canceled, created and invoiced ones, one shipped. Valid here
  is an order that has lines and is neither canceled nor unavailable.
- One delivered order has no payment at all. Some orders' first payment_sequential is 2. Payments split over many
  vouchers, vouchers of 0.00, not_defined of 0.00 (canceled orders), cards with 0 instalments; a few orders paid some
  cents more than their lines cost.
- Delivered orders without approval, or without a delivery date; a carrier date before the approval; parcels that came
  late. Estimated dates are midnights. Times are local (America/Sao_Paulo).
- Products without category and measures, weights of 0, two categories that have no translation. Misspelt columns
  (lenght).
- Reviews: one review_id for two orders, two reviews of one order, messages with line breaks (CRLF), quotes and accents.
- Postcodes lost their leading zeros in customers and geolocation, not in sellers, where they are quoted; some are in no
  row of geolocation. Seller cities like `sbc/sp`.
- customers and translation end lines with CRLF; the translation begins with a byte order mark and ends without a line
  break; products and sellers have quoted headers and keys. Prices have two decimals.
"""

from __future__ import annotations

import gzip
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

__all__ = ["OlistAnswers", "olist_lookalike"]

Cells = tuple[str, ...]

_CITIES = (
    ("sao paulo", "SP", 1001),
    ("rio de janeiro", "RJ", 20010),
    ("belo horizonte", "MG", 30110),
    ("franca", "SP", 14409),
    ("curitiba", "PR", 80010),
    ("santa barbara d'oeste", "SP", 13450),
    ("salvador", "BA", 40010),
    ("osasco", "SP", 6010),
)
_TRANSLATED = (
    ("beleza_saude", "health_beauty"),
    ("informatica_acessorios", "computers_accessories"),
    ("cama_mesa_banho", "bed_bath_table"),
    ("moveis_decoracao", "furniture_decor"),
    ("esporte_lazer", "sports_leisure"),
    ("perfumaria", "perfumery"),
    ("seguros_e_servicos", "security_and_services"),
)
_UNTRANSLATED = ("pc_gamer", "portateis_cozinha_e_preparadores_de_alimentos")
_MESSAGES = (
    "",
    "",
    "Recebi bem antes do prazo.",
    "Não fosse por causa dos Correios teria recebido no prazo.\r\nMoro em apartamento e não interfonam.",
    'Estou preocupado com a "parceira", ainda não entregou',
    "produto bom, recomendo",
)


@dataclass(frozen=True)
class OlistAnswers:
    """What is in the files; money in reais. A valid order has lines and is neither canceled nor unavailable."""

    orders: int
    orders_by_status: dict[str, int]
    orders_with_items: int
    orders_without_items: int
    valid_orders: int
    items: int
    price: Decimal
    freight: Decimal
    canceled_price: Decimal
    valid_price: Decimal
    payments: int
    payment_value: Decimal
    payment_value_by_type: dict[str, Decimal]
    orders_with_payment: int
    accounts: int
    persons: int
    persons_with_several_orders: int
    persons_with_several_valid_orders: int
    products: int
    products_without_category: int
    categories_without_translation: int
    sellers: int
    translations: int
    reviews: int
    distinct_review_ids: int
    geolocations: int


@dataclass
class _Files:
    """Rows by file, and the numbers beside them, in cents."""

    customers: list[Cells] = field(default_factory=list)
    orders: list[Cells] = field(default_factory=list)
    items: list[Cells] = field(default_factory=list)
    payments: list[Cells] = field(default_factory=list)
    reviews: list[Cells] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    person: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    price: list[int] = field(default_factory=list)
    freight: list[int] = field(default_factory=list)
    paid: list[tuple[int, str, int]] = field(default_factory=list)


def olist_lookalike(folder: str | Path, orders: int = 2_000, seed: int = 7, *, compress: bool = False) -> OlistAnswers:
    """Write the nine files (with `compress` as .csv.gz) for so many orders, at least 200, and say what is in them."""
    if orders < 200:
        raise ValueError(f"{orders} orders are too few to hold every fault: 200 or more")
    random_ = random.Random(seed)
    products = [_product(random_, n) for n in range(max(30, orders // 3))]
    sellers = [_seller(random_, n) for n in range(max(8, orders // 30))]
    files = _Files()
    for number in range(orders):
        _order(random_, number, files, [p[0] for p in products], [s[0] for s in sellers])
    places = [(str(first + k), city, state) for city, state, first in _CITIES for k in range(8)]
    geolocation = [
        (code, f"{-23.5 - n / 97:.8f}", f"{-46.6 + n / 89:.8f}", city, state)
        for n, (code, city, state) in enumerate(places)
        if n % 11 != 5
    ]
    out = _Out(Path(folder), compress)
    out.write("olist_customers_dataset", _CUSTOMERS, files.customers, end="\r\n")
    out.write("olist_geolocation_dataset", _GEOLOCATION, geolocation)
    out.write("olist_order_items_dataset", _ITEMS, files.items)
    out.write("olist_order_payments_dataset", _PAYMENTS, files.payments)
    out.write("olist_order_reviews_dataset", _REVIEWS, files.reviews)
    out.write("olist_orders_dataset", _ORDERS, files.orders)
    out.write("olist_products_dataset", _PRODUCTS, products, quoted=(0,))
    out.write("olist_sellers_dataset", _SELLERS, sellers, quoted=(0, 1))
    header = ("product_category_name", "product_category_name_english")
    out.write("product_category_name_translation", header, list(_TRANSLATED), end="\r\n", mark=True)
    return _answers(files, products, len(sellers), len(geolocation))


_CUSTOMERS = "customer_id customer_unique_id customer_zip_code_prefix customer_city customer_state"
_GEOLOCATION = "geolocation_zip_code_prefix geolocation_lat geolocation_lng geolocation_city geolocation_state"
_ITEMS = "order_id order_item_id product_id seller_id shipping_limit_date price freight_value"
_PAYMENTS = "order_id payment_sequential payment_type payment_installments payment_value"
_REVIEWS = (
    "review_id order_id review_score review_comment_title review_comment_message review_creation_date "
    "review_answer_timestamp"
)
_ORDERS = (
    "order_id customer_id order_status order_purchase_timestamp order_approved_at order_delivered_carrier_date "
    "order_delivered_customer_date order_estimated_delivery_date"
)
_PRODUCTS = (
    "product_id product_category_name product_name_lenght product_description_lenght product_photos_qty "
    "product_weight_g product_length_cm product_height_cm product_width_cm"
)
_SELLERS = "seller_id seller_zip_code_prefix seller_city seller_state"


class _Out:
    def __init__(self, folder: Path, compress: bool) -> None:
        self.folder, self.compress = folder, compress
        folder.mkdir(parents=True, exist_ok=True)

    def write(
        self,
        name: str,
        header: str | Cells,
        rows: Sequence[Cells],
        *,
        end: str = "\n",
        quoted: tuple[int, ...] = (),
        mark: bool = False,
    ) -> None:
        """A file as the public one is: with `quoted` the header, and those columns, are in quotes whatever they
        hold."""
        names = header.split() if isinstance(header, str) else list(header)
        lines = [",".join(f'"{one}"' if quoted else one for one in names)]
        lines += [",".join(_cell(one, n in quoted) for n, one in enumerate(row)) for row in rows]
        text = ("\ufeff" if mark else "") + end.join(lines) + ("" if mark else end)
        path = self.folder / f"{name}.csv"
        if self.compress:
            path.with_name(f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        else:
            path.write_bytes(text.encode())


def _cell(text: str, quote: bool) -> str:
    if quote or any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _id(random_: random.Random) -> str:
    return f"{random_.getrandbits(128):032x}"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _product(random_: random.Random, number: int) -> Cells:
    if number % 17 == 3:
        return (_id(random_), "", "", "", "", str(random_.randint(50, 9_000)), "20", "10", "15")
    category = _UNTRANSLATED[number // 13 % 2] if number % 13 == 5 else random_.choice(_TRANSLATED)[0]
    weight = "" if number == 22 else "0" if number == 21 else str(random_.randint(50, 9_000))
    size = ("", "", "") if number == 22 else tuple(str(random_.randint(8, 60)) for _ in range(3))
    return (_id(random_), category, str(random_.randint(20, 63)), str(random_.randint(80, 2_000)), "1", weight, *size)


def _seller(random_: random.Random, number: int) -> Cells:
    city, state, first = random_.choice(_CITIES)
    odd = ("sbc/sp", "lages - sc", "são paulo", "04482255")
    return (
        _id(random_),
        f"{first + random_.randint(0, 7):05d}",
        odd[number // 7 % 4] if number % 7 == 6 else city,
        state,
    )


def _status(number: int) -> str:
    if number % 100 in (3, 40, 77):
        return "canceled"
    if number % 100 in (12, 55):
        return "unavailable"
    if number % 100 in (21, 63):
        return "shipped"
    return {30: "invoiced", 31: "processing"}.get(
        number % 100, {144: "created", 145: "approved"}.get(number % 400, "delivered")
    )


def _has_lines(status: str, number: int) -> bool:
    if status == "unavailable":
        return number % 600 == 112
    if status == "canceled":
        return number % 100 != 77
    if status == "created":
        return False
    # One shipped order and every third invoiced one came without lines.
    return number != 121 and number % 300 != 230


def _order(random_: random.Random, number: int, files: _Files, products: list[str], sellers: list[str]) -> None:
    order_id, status = _id(random_), _status(number)
    at = datetime(2016, 9, 4, 21, 15, 19) + timedelta(
        seconds=int(700 * 86_400 * (number + random_.random()) / 2_000) % (770 * 86_400)
    )
    again = number > 0 and (number % 14 == 9 or number in (5, 13))
    person = files.person[random_.randrange(number)] if again else number
    _customer(random_, number, person, files)
    lines = _lines(random_, number, files, order_id, at, products, sellers) if _has_lines(status, number) else 0
    _pay(random_, number, files, order_id, lines)

    done = status == "delivered"
    approved = None if status == "created" or number % 97 == 50 else at + timedelta(minutes=random_.randint(5, 3_000))
    carrier = at + timedelta(hours=random_.randint(20, 120)) if done or status == "shipped" else None
    if number % 71 == 8 and carrier and approved:
        carrier = approved - timedelta(hours=3)
    arrived = carrier + timedelta(hours=random_.randint(24, 500)) if carrier and done and number % 193 != 60 else None
    estimated = (at + timedelta(days=random_.randint(10, 35))).replace(hour=0, minute=0, second=0)
    times = (_time(at), _time(approved), _time(carrier), _time(arrived), _time(estimated))
    files.orders.append((order_id, files.customers[-1][0], status, *times))
    files.status.append(status)
    files.person.append(person)
    if number % 5:
        _review(random_, number, files, order_id, arrived, estimated)


def _review(
    random_: random.Random, number: int, files: _Files, order_id: str, arrived: datetime | None, estimated: datetime
) -> None:
    late = arrived is None or arrived > estimated
    review = files.reviews[-1][0] if number % 61 == 7 else _id(random_)
    made = (arrived or estimated).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    for nth in range(2 if number % 83 == 9 else 1):
        score = random_.randint(1, 3) if late else random_.randint(3, 5)
        title = "recomendo" if number % 9 == 4 else ""
        answered = made + timedelta(hours=random_.randint(5, 90), seconds=31)
        text = (str(score), title, random_.choice(_MESSAGES), _time(made), _time(answered))
        files.reviews.append((_id(random_) if nth else review, order_id, *text))


def _customer(random_: random.Random, number: int, person: int, files: _Files) -> None:
    if person != number:
        before = files.customers[files.person.index(person)]
        # One in four comes back from elsewhere.
        city, state, first = random_.choice(_CITIES)
        place = (str(first + 3), city, state) if number % 4 == 1 else before[2:]
        files.customers.append((_id(random_), before[1], *place))
        return
    city, state, first = random_.choice(_CITIES)
    files.customers.append((_id(random_), _id(random_), str(first + random_.randint(0, 7)), city, state))


def _lines(
    random_: random.Random,
    number: int,
    files: _Files,
    order_id: str,
    at: datetime,
    products: list[str],
    sellers: list[str],
) -> int:
    """Add the order's lines; what they cost with freight, in cents."""
    count = random_.choice((1, 1, 1, 1, 1, 2, 2, 3)) if number % 90 else 6
    product, seller = random_.choice(products), random_.choice(sellers)
    price = random_.randint(85, 40_000)
    freight = 0 if number % 47 == 11 else random_.randint(700, 4_000)
    due = _time(at + timedelta(days=6, hours=2))
    total = 0
    for nth in range(1, count + 1):
        if number % 6 == 4 and nth > 1:
            product, seller, price = random_.choice(products), random_.choice(sellers), random_.randint(85, 40_000)
        files.items.append((order_id, str(nth), product, seller, due, _money(price), _money(freight)))
        files.lines.append(number)
        files.price.append(price)
        files.freight.append(freight)
        total += price + freight
    return total


def _pay(random_: random.Random, number: int, files: _Files, order_id: str, total: int) -> None:
    if number == 102:
        return
    parts: list[tuple[int, str, int, int]] = []
    first = 2 if number % 150 == 32 else 1
    if number % 200 == 3:
        parts.append((1, "not_defined", 1, 0))
    elif number % 18 == 5 and total > 900:
        count = random_.randint(1, 4)
        for nth in range(count):
            parts.append((first + nth, "voucher", 1, total // (count + 2)))
        if number % 36 == 5:
            parts.append((first + count, "voucher", 1, 0))
            count += 1
        parts.append((first + count, "credit_card", random_.randint(1, 10), total - sum(part[3] for part in parts)))
    else:
        # Where no line tells what it cost, the payment does.
        value = total or random_.randint(1_000, 30_000)
        kind = random_.choice(("credit_card",) * 15 + ("boleto",) * 4 + ("debit_card",))
        instalments = (0 if number % 500 == 33 else random_.randint(1, 10)) if kind == "credit_card" else 1
        parts.append((first, kind, instalments, value + (number % 7 if number % 170 == 15 else 0)))
    for nth, kind, instalments, value in parts:
        files.payments.append((order_id, str(nth), kind, str(instalments), _money(value)))
        files.paid.append((number, kind, value))


def _answers(files: _Files, products: list[Cells], sellers: int, geolocations: int) -> OlistAnswers:
    with_lines = set(files.lines)
    valid = {n for n in with_lines if files.status[n] not in ("canceled", "unavailable")}
    placed = Counter(files.person)
    placed_valid = Counter(files.person[n] for n in valid)
    by_type: Counter[str] = Counter()
    for _, kind, value in files.paid:
        by_type[kind] += value
    return OlistAnswers(
        orders=len(files.orders),
        orders_by_status=dict(Counter(files.status)),
        orders_with_items=len(with_lines),
        orders_without_items=len(files.orders) - len(with_lines),
        valid_orders=len(valid),
        items=len(files.items),
        price=_reais(sum(files.price)),
        freight=_reais(sum(files.freight)),
        canceled_price=_reais(
            sum(p for n, p in zip(files.lines, files.price, strict=True) if files.status[n] == "canceled")
        ),
        valid_price=_reais(sum(p for n, p in zip(files.lines, files.price, strict=True) if n in valid)),
        payments=len(files.payments),
        payment_value=_reais(sum(value for *_, value in files.paid)),
        payment_value_by_type={kind: _reais(value) for kind, value in by_type.items()},
        orders_with_payment=len({n for n, *_ in files.paid}),
        accounts=len(files.customers),
        persons=len(placed),
        persons_with_several_orders=sum(count > 1 for count in placed.values()),
        persons_with_several_valid_orders=sum(count > 1 for count in placed_valid.values()),
        products=len(products),
        products_without_category=sum(not row[1] for row in products),
        categories_without_translation=len({row[1] for row in products} & set(_UNTRANSLATED)),
        sellers=sellers,
        translations=len(_TRANSLATED),
        reviews=len(files.reviews),
        distinct_review_ids=len({row[0] for row in files.reviews}),
        geolocations=geolocations,
    )


def _reais(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
