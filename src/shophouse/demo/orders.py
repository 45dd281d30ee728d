"""The life of a batch of orders: what was bought and paid, what happened to it, and what of it can be seen at a given
time.

Everything is drawn once, whatever the clock says; a table is what has happened until then. So a later look at the same
orders shows the same ones further on (paid, shipped, delivered, refunded), which is what a shop's database does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo import names, people
from shophouse.demo.catalogue import DAY, Catalogue
from shophouse.demo.tables import NEVER, Bools, Ints, money, numbers, times, words

LINES = np.array([0.42, 0.27, 0.14, 0.08, 0.04, 0.03, 0.015, 0.005])
LINES_PER_ORDER = float((LINES * np.arange(1, 9)).sum())
FIRST_ORDER_ID = 100_001
FREE_SHIPPING = 7_500
# After so many days nothing happens to an order any more.
SETTLED_DAYS = 75
STATUS = ("pending", "paid", "shipped", "delivered", "cancelled")
_SHIPPING = np.array([495, 795, 1495], dtype=np.int64)
_PROMISE_DAYS = np.array([5, 4, 3], dtype=np.int64)
_INSTALMENTS = np.array([3, 4, 6, 12], dtype=np.int64)


@dataclass(frozen=True)
class Placed:
    """Who orders when: the part of an order that does not come from its own draw. `arrived` is when it reached the
    shop."""

    index: Ints
    at: Ints
    user: Ints
    place: npt.NDArray[np.int16]
    is_first: Bools
    arrived: Ints


@dataclass(frozen=True)
class Batch:
    """Orders, and their lines beside them (`order` is the line's order, as a position in this batch). Money in
    cents."""

    placed: Placed
    tender: Ints
    channel: Ints
    code: Ints
    discount: Ints
    shipping: Ints
    shipping_tax: Ints
    is_test: Bools
    ship_to: npt.NDArray[np.int16]
    paid: Ints
    cancelled: Ints
    promised: Ints
    shipped: Ints
    delivered: Ints
    parcels: Ints
    carrier: Ints
    refunded: Ints
    refund_kind: Ints
    goodwill: Ints
    method: Ints
    instalments: Ints
    order: Ints
    line: Ints
    product: Ints
    quantity: Ints
    price: Ints
    line_discount: Ints
    line_tax: Ints
    cost: Ints
    no_cost: Bools
    refund_quantity: Ints
    top_up: Ints
    changed: Ints
    taxes_included: Bools

    @property
    def order_id(self) -> Ints:
        return self.placed.index + FIRST_ORDER_ID

    @property
    def net(self) -> Ints:
        """By line: quantity × price less the line's own discount."""
        return self.quantity * self.price - self.line_discount

    def summed(self, by_line: Ints) -> Ints:
        """By order."""
        if not len(by_line):
            return np.zeros(0, dtype=np.int64)
        total: Ints = np.add.reduceat(by_line, np.flatnonzero(np.diff(self.order, prepend=-1)))
        return total

    @property
    def total(self) -> Ints:
        tax = np.where(self.taxes_included, 0, self.summed(self.line_tax) + self.shipping_tax)
        return self.summed(self.net) - self.discount + self.shipping + tax

    def updated(self, now: int) -> Ints:
        """When each order last changed before `now`; NEVER where it had not arrived."""
        latest = np.maximum(self.placed.at, self.placed.arrived)
        for event in (self.paid, self.cancelled, self.shipped, self.delivered, self.refunded, self.changed):
            latest = np.where((event < now) & (event > latest), event, latest)
        return np.where(np.maximum(self.placed.at, self.placed.arrived) < now, latest, NEVER)

    def is_settled(self, now: int) -> Bools:
        """Whether nothing will happen to the order any more, and it was delivered and never refunded."""
        settled: Bools = (
            (self.delivered < now) & (self.refunded == NEVER) & (self.cancelled == NEVER) & (self.placed.at < now)
        )
        return settled


AnyBatch = TypeVar("AnyBatch", bound=Batch)


def draw(rng: np.random.Generator, placed: Placed, catalogue: Catalogue, newest: bool = False) -> Batch:
    """What happens to the orders `placed`. With `newest`, the first two of them buy the last product that was
    launched."""
    n = len(placed.at)
    counts = rng.choice(np.arange(1, 9), n, p=LINES)
    order = np.repeat(np.arange(n), counts)
    first_line = np.cumsum(counts) - counts
    line = np.arange(len(order)) - first_line[order] + 1
    at = placed.at[order]

    product = np.searchsorted(catalogue.popularity, rng.random(len(order)))
    follows = (line > 1) & (rng.random(len(order)) < 0.15)
    product[follows] = catalogue.companion[product[np.flatnonzero(follows) - 1]]
    product = np.where(catalogue.created[product] > at, product % catalogue.early, product)
    if newest:
        product[first_line[:2]] = catalogue.launched - 1
    quantity = np.searchsorted(np.array([0.82, 0.93, 0.97, 0.985, 0.995, 1.0]), rng.random(len(order)), side="right")
    quantity = np.array([1, 2, 3, 4, 6, 12, 12])[quantity]
    period = catalogue.period(at)
    price, cost = catalogue.price[product, period], catalogue.cost[product, period]
    gift = catalogue.gift_card[product]

    gross = quantity * price
    campaign = people.is_campaign(placed.at // DAY)[order]
    reduced = (rng.random(len(order)) < np.where(campaign, 0.6, 0.06)) & ~gift
    line_discount = np.where(reduced, gross * rng.choice(np.array([5, 10, 15, 20, 30]), len(order)) // 100, 0)
    net = gross - line_discount
    order_net = np.add.reduceat(net, first_line)
    code, discount, free = _codes(rng, placed, order_net)

    tax_rate = people.TAX_BASIS_POINTS[placed.place.astype(np.int64) // people.ZIPS]
    kept = order_net - discount
    taxable = net * kept[order] // np.maximum(order_net, 1)[order]
    line_tax = np.where(gift, 0, (taxable * tax_rate[order] + 5_000) // 10_000)

    goods = np.add.reduceat((~gift).astype(np.int64), first_line) > 0
    service = rng.choice(3, n, p=[0.7, 0.22, 0.08])
    shipping = np.where(goods & ~free & ((kept < FREE_SHIPPING) | (service == 2)), _SHIPPING[service], 0)
    shipping_tax = np.where(placed.place % 3 == 0, (shipping * tax_rate + 5_000) // 10_000, 0)

    method = rng.choice(len(names.PAYMENT_METHODS), n, p=names.PAYMENT_WEIGHTS)
    slow = names.PAYMENT_METHODS.index("bank_transfer")
    paid = placed.at + 20 + _wait(rng, np.where(method == slow, 1.3 * DAY, 240.0), n, 7)
    cancel = rng.random(n)
    cancelled = np.where(cancel < 0.028, placed.at + 600 + _wait(rng, DAY, n, 7), NEVER)
    unpaid = cancel < 0.014
    paid = np.where(unpaid, NEVER, paid)
    cancelled = np.where((cancelled < NEVER) & ~unpaid, np.maximum(cancelled, paid + 900), cancelled)
    instalments = np.where(
        method == names.PAYMENT_METHODS.index("klarna"),
        _INSTALMENTS[rng.integers(0, 2, n)],
        np.where((method == 0) & (rng.random(n) < 0.08), _INSTALMENTS[rng.integers(0, 4, n)], 1),
    )

    far = people.TRANSIT_DAYS[placed.place.astype(np.int64) // people.ZIPS]
    goes_out = goods & (cancelled == NEVER)
    shipped = np.where(
        goes_out, paid + 3 * 3600 + np.minimum(rng.gamma(2.0, 0.45 * DAY, n), 7 * DAY).astype(np.int64), NEVER
    )
    transit = rng.gamma(3.0, DAY * (0.6 + 0.25 * far) / 1.3, n) * np.where(rng.random(n) < 0.04, 3.0, 1.0)
    is_lost = rng.random(n) < 0.003
    delivered = np.where(
        goes_out & ~is_lost, shipped + 4 * 3600 + np.minimum(transit, 21 * DAY).astype(np.int64), NEVER
    )
    parcels = np.where(goes_out, 1 + ((counts > 1) & (rng.random(n) < 0.05)), 0)

    complains = rng.random(n) < 0.07
    refund_kind = np.searchsorted(np.array([0.35, 0.9, 1.0]), rng.random(n), side="right")
    refunded = np.where(complains & (delivered < NEVER), delivered + DAY + _wait(rng, 9 * DAY, n, 35), NEVER)
    returned = 1 + (rng.random(len(order)) * quantity).astype(np.int64)
    partial = np.where((line == 1) | (rng.random(len(order)) < 0.4), np.minimum(returned, quantity), 0)
    refund_quantity = np.choose(refund_kind[order], [quantity, partial, np.zeros_like(quantity)])
    refund_quantity = np.where(refunded[order] < NEVER, refund_quantity, 0)
    goodwill = np.maximum(kept * rng.integers(5, 21, n) // 100, 1)

    elsewhere = rng.random(n) < 0.05
    return Batch(
        placed=placed,
        tender=rng.integers(0, 1000, n),
        channel=rng.choice(len(names.CHANNELS), n, p=names.CHANNEL_WEIGHTS),
        code=code,
        discount=discount,
        shipping=shipping,
        shipping_tax=shipping_tax,
        is_test=rng.random(n) < 0.001,
        ship_to=np.where(elsewhere, people.places(rng, n), placed.place).astype(np.int16),
        paid=paid,
        cancelled=cancelled,
        promised=(placed.at // DAY + 1 + _PROMISE_DAYS[service] + far) * DAY - 1,
        shipped=shipped,
        delivered=delivered,
        parcels=parcels,
        carrier=rng.integers(0, len(names.CARRIERS), n),
        refunded=refunded,
        refund_kind=refund_kind,
        goodwill=goodwill,
        method=method,
        instalments=instalments,
        order=order,
        line=line,
        product=product,
        quantity=quantity,
        price=price,
        line_discount=line_discount,
        line_tax=line_tax,
        cost=cost,
        no_cost=catalogue.no_cost[product],
        refund_quantity=refund_quantity,
        top_up=np.zeros(n, dtype=np.int64),
        changed=np.full(n, NEVER, dtype=np.int64),
        taxes_included=np.zeros(n, dtype=np.bool_),
    )


def _wait(rng: np.random.Generator, mean: float | npt.NDArray[np.float64], size: int, most_days: int) -> Ints:
    waited: Ints = np.minimum(rng.exponential(mean, size), most_days * DAY).astype(np.int64)
    return waited


def _codes(rng: np.random.Generator, placed: Placed, net: Ints) -> tuple[Ints, Ints, Bools]:
    """Discount code (−1 for none), its amount, and whether shipping is free by it: about one order in eight."""
    n = len(placed.at)
    welcome = placed.is_first & (rng.random(n) < 0.16)
    other = rng.choice(np.array([1, 3, 4, 5]), n, p=[0.35, 0.35, 0.15, 0.15])
    month = placed.at.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    other = np.where((month >= 5) & (month <= 7) & (other == 3), 2, other)
    code = np.where(welcome, 0, np.where(rng.random(n) < 0.085, other, -1))
    code = np.where((code == 1) & (net < 2_500), -1, code)
    percent = np.array([10, 0, 15, 10, 20, 0, 0], dtype=np.int64)[code]
    return code, np.where(code == 1, 500, net * percent // 100), code == 5


def take(batch: AnyBatch, which: Bools) -> AnyBatch:
    """The orders `which` with their lines."""
    position = np.cumsum(which) - 1
    of_line = which[batch.order]
    n, m = len(batch.placed.at), len(batch.order)
    changes: dict[str, Any] = {}
    for name, values in vars(batch).items():
        if name == "placed":
            changes[name] = Placed(**{key: value[which] for key, value in vars(values).items()})
        elif name == "order":
            changes[name] = position[values[of_line]]
        elif name in _BY_LINE:
            assert len(values) == m
            changes[name] = values[of_line]
        else:
            assert len(values) == n
            changes[name] = values[which]
    return replace(batch, **changes)


_BY_LINE = (
    "order",
    "line",
    "product",
    "quantity",
    "price",
    "line_discount",
    "line_tax",
    "cost",
    "no_cost",
    "refund_quantity",
    "wanted",
)


def without_last_line(batch: AnyBatch, now: int) -> AnyBatch:
    """The same orders, each of which lost its last line (they must have two): the difference is paid back."""
    before = batch.total
    last = np.diff(batch.order, append=-1) != 0
    lines = {name: values[~last] for name, values in vars(batch).items() if name in _BY_LINE}
    kept = replace(batch, **lines)
    discount = np.minimum(kept.discount, kept.summed(kept.net))
    kept = replace(kept, discount=discount, changed=np.full_like(kept.changed, now))
    return replace(kept, top_up=kept.total - before)


def repriced(batch: AnyBatch, now: int) -> AnyBatch:
    """The same orders, the first line of each a whole unit of money dearer: the difference is paid."""
    before = batch.total
    dearer = replace(batch, price=batch.price + 100 * (batch.line == 1), changed=np.full_like(batch.changed, now))
    return replace(dearer, top_up=dearer.total - before)


def order_table(batch: Batch, now: int) -> Any:
    """Orders as they stand at `now`."""
    paid, cancelled = batch.paid < now, batch.cancelled < now
    shipped, delivered = batch.shipped < now, batch.delivered < now
    status = np.where(delivered, 3, np.where(shipped, 2, np.where(paid, 1, 0)))
    place = batch.ship_to.astype(np.int64)
    placed = batch.placed
    return pa.table(
        {
            "order_id": numbers(batch.order_id),
            "user_id": numbers(placed.user + 1, placed.user < 0),
            "store_id": pa.nulls(len(place), pa.int64()),
            "channel": words(names.CHANNELS, batch.channel),
            "employee_id": pa.nulls(len(place), pa.int64()),
            "status": words(STATUS, np.where(cancelled, 4, status)),
            "currency": pa.repeat("USD", len(place)),
            "ordered_at": times(placed.at),
            "paid_at": times(batch.paid, now),
            "cancelled_at": times(batch.cancelled, now),
            "promised_delivery_at": times(np.where(batch.parcels > 0, batch.promised, NEVER)),
            "discount_code": words(names.DISCOUNT_CODES, np.maximum(batch.code, 0), batch.code < 0),
            "discount_amount": money(batch.discount),
            "shipping_amount": money(batch.shipping),
            "tax_amount": money(batch.shipping_tax),
            "taxes_included": pa.array(batch.taxes_included),
            "total_amount": money(batch.total),
            "is_test": pa.array(batch.is_test),
            "is_deleted": pa.repeat(False, len(place)),
            "shipping_postal_code": words(people.POSTAL_CODE, place),
            "shipping_city": words(people.CITY, place // people.ZIPS),
            "shipping_state": words(people.STATE, place // people.ZIPS),
            "shipping_country": pa.repeat("US", len(place)),
            "updated_at": times(batch.updated(now)),
        }
    )


def line_table(batch: Batch) -> Any:
    return pa.table(
        {
            "order_id": numbers(batch.order_id[batch.order]),
            "line_number": numbers(batch.line),
            "product_id": numbers(batch.product + 1),
            "seller_id": pa.nulls(len(batch.product), pa.int64()),
            "quantity": numbers(batch.quantity),
            "unit_price": money(batch.price),
            "discount_amount": money(batch.line_discount),
            "tax_amount": money(batch.line_tax),
            "unit_cost": money(batch.cost, batch.no_cost),
        }
    )
