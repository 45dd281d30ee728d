"""The orders of a world, batch by batch: what was bought and paid, and all that happens to it up to the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shophouse.demo import names
from shophouse.demo.catalogue import DAY
from shophouse.demo.orders import Batch, Placed
from shophouse.demo.people import is_campaign
from shophouse.demo.tables import NEVER, Bools, Ints
from shophouse.demo.world import baskets, goods
from shophouse.demo.world.clock import Floats
from shophouse.demo.world.goods import PROMOTIONS, Goods
from shophouse.demo.world.people import Crowd
from shophouse.demo.world.places import ZIPS, Places
from shophouse.demo.world.settings import CHUNK, ORDERS, Settings
from shophouse.demo.world.truths import Truths

CHANNELS = ("web", "mobile_app", "marketplace", "store")
STORE = CHANNELS.index("store")
STAFF = 6
"""How many work in each store that one can walk into."""

_FREE_SHIPPING = 7_500
_SHIPPING: Ints = np.array([495, 795, 1495], dtype=np.int64)
_PROMISE_DAYS: Ints = np.array([5, 4, 3], dtype=np.int64)
_SKILL = np.cumsum([0.30, 0.22, 0.17, 0.13, 0.10, 0.08])
_INSTALMENTS: Ints = np.array([3, 4, 6, 12], dtype=np.int64)


@dataclass(frozen=True)
class Sales(Batch):
    """Orders of a world; money in hundredths of each order's currency.

    `store` and `market` are positions in the world's places, `staff` is the number of who sold it in a store or −1;
    `value` is its goods at list price in cents of a dollar, gift cards apart. `score` is 0 where nobody reviewed.
    By line, `wanted` is the product that was not to be had where another was bought in its stead, else −1.
    """

    person: Ints
    store: Ints
    market: Ints
    staff: Ints
    value: Ints
    score: Ints
    reviewed: Ints
    answered: Ints
    wanted: Ints


@dataclass(frozen=True)
class World:
    """What orders are drawn against."""

    settings: Settings
    places: Places
    offsets: Ints
    goods: Goods
    crowd: Crowd
    truths: Truths

    @property
    def batches(self) -> int:
        return -(-len(self.crowd.person) // CHUNK)

    def local_day(self, at: Ints, store: Ints) -> Ints:
        """Days since the world's start, at the store."""
        day = np.clip((at - self.settings.start) // DAY, 0, self.settings.span - 1)
        local: Ints = (at + self.offsets[store, day] - self.settings.start) // DAY
        return np.clip(local, 0, self.settings.span - 1)


def draw(world: World, number: int) -> Sales:
    """The batch `number` of the world's orders."""
    settings, places, shop, crowd = world.settings, world.places, world.goods, world.crowd
    rng = settings.rng(ORDERS, number)
    index = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(crowd.person)))
    n, at, person = len(index), crowd.ordered_at[index], crowd.person[index]
    market = crowd.market[person].astype(np.int64)
    units = np.array([one.unit for one in places.markets])[market]
    factor = np.array([one.factor for one in places.markets])[market]
    included = np.array([one.taxes_included for one in places.markets])[market]
    in_store = places.has_shop[market] & (rng.random(n) < 0.15)
    store = places.online[market] + in_store
    channel = np.where(in_store, STORE, np.searchsorted(np.array([0.60, 0.90]), rng.random(n), side="right"))

    truths = world.truths.spending
    spend = rng.gamma(truths.p, 1.0, n) * crowd.spend[person] / truths.p
    lines = baskets.fill(rng, spend, shop.catalogue.period(at), shop, settings.lines)
    order, line, wanted, product, quantity = _with_gift_cards(rng, world, lines, at, store)
    period = shop.catalogue.period(at)[order]
    list_price = shop.catalogue.price[product, period]
    gift = shop.catalogue.gift_card[product]
    price = _local(list_price, factor[order], units[order])
    first_line = np.flatnonzero(np.diff(order, prepend=-1))

    gross = quantity * price
    reduced = (rng.random(len(order)) < np.where(is_campaign(at // DAY)[order], 0.6, 0.05)) & ~gift
    per_cent = np.where(reduced, rng.choice(np.array([5, 10, 15, 20, 30]), len(order)), 0)
    line_discount = gross * per_cent // 100 // units[order] * units[order]
    net = gross - line_discount
    order_net = np.add.reduceat(net, first_line)
    is_first = crowd.sequence[index] == 0
    code, discount, free = _codes(rng, at, is_first, order_net, _local(np.full(n, 500), factor, units), units)
    kept = order_net - discount
    place = crowd.place[person]
    elsewhere = (rng.random(n) < 0.05) & ~in_store
    ship_to = np.where(elsewhere, places.draw(rng, market), place).astype(np.int16)
    rate = places.tax[place.astype(np.int64) // ZIPS]
    taxable = net * kept[order] // np.maximum(order_net, 1)[order]
    line_tax = np.where(gift, 0, _tax(taxable, rate[order], included[order], units[order]))

    parcel = (np.add.reduceat((~gift).astype(np.int64), first_line) > 0) & ~in_store
    service = rng.choice(3, n, p=[0.7, 0.22, 0.08])
    charged = parcel & ~free & ((kept < _local(np.full(n, _FREE_SHIPPING), factor, units)) | (service == 2))
    shipping = np.where(charged, _local(_SHIPPING[service], factor, units), 0)
    shipping_tax = np.where(included | (place % 3 == 0), _tax(shipping, rate, included, units), 0)

    method = rng.choice(len(names.PAYMENT_METHODS), n, p=names.PAYMENT_WEIGHTS)
    # Less is paid with gift cards than is sold of them: a third of those who would pay a whole order with one do.
    method = np.where((method == names.PAYMENT_METHODS.index("gift_card")) & (index % 3 > 0), 0, method)
    slow = (method == names.PAYMENT_METHODS.index("bank_transfer")) & ~in_store
    paid = at + np.where(in_store, 0, 20 + _wait(rng, np.where(slow, 1.3 * DAY, 240.0), n, 7))
    cancel = np.where(in_store, 1.0, rng.random(n))
    unpaid = cancel < 0.014
    cancelled = np.where(cancel < 0.028, at + 600 + _wait(rng, DAY, n, 7), NEVER)
    paid = np.where(unpaid, NEVER, paid)
    cancelled = np.where((cancelled < NEVER) & ~unpaid, np.maximum(cancelled, paid + 900), cancelled)
    in_parts = (method == names.PAYMENT_METHODS.index("klarna")) | ((method == 0) & (rng.random(n) < 0.08))
    instalments = np.where(in_parts, _INSTALMENTS[rng.integers(0, 4, n)], 1)

    seller = shop.seller[product[first_line]]
    far = places.far[ship_to.astype(np.int64) // ZIPS]
    goes_out = parcel & (cancelled == NEVER)
    leaves = (
        paid + 3 * 3600 + np.minimum(rng.gamma(2.0, 0.3 * DAY * shop.lead_days[seller], n), 9 * DAY).astype(np.int64)
    )
    shipped = np.where(goes_out, leaves, np.where(in_store, at, NEVER))
    slowness = np.where(rng.random(n) < 0.04, 3.0, 1.0) * np.where(shop.slow_seller[seller], 1.8, 1.0)
    transit = np.minimum(rng.gamma(3.0, DAY * (0.6 + 0.25 * far) / 1.3, n) * slowness, 25 * DAY).astype(np.int64)
    arrives = goes_out & (rng.random(n) >= 0.003)
    delivered = np.where(arrives, shipped + 4 * 3600 + transit, np.where(in_store, at, NEVER))
    promised = (at // DAY + 1 + _PROMISE_DAYS[service] + far) * DAY - 1

    refunded = np.where(
        (rng.random(n) < 0.07) & (delivered < NEVER), delivered + DAY + _wait(rng, 9 * DAY, n, 35), NEVER
    )
    # A currency without hundredths knows whole refunds alone, so that no part of a yen is given back.
    refund_kind = np.where(units > 1, 0, np.searchsorted(np.array([0.35, 0.9]), rng.random(n), side="right"))
    returned = np.minimum(1 + (rng.random(len(order)) * quantity).astype(np.int64), quantity)
    partial = np.where((line == 1) | (rng.random(len(order)) < 0.4), returned, 0)
    refund_quantity = np.choose(refund_kind[order], [quantity, partial, np.zeros_like(quantity)])
    score, reviewed, answered = _reviews(rng, delivered, delivered > promised, parcel, world.truths)

    nobody = np.full(n, -1, dtype=np.int64)
    late = (rng.random(n) < 0.006) & settings.defects
    return Sales(
        placed=Placed(
            index=index,
            at=at,
            user=crowd.account[index],
            place=place,
            is_first=is_first,
            arrived=np.where(late, at + 3 * DAY + rng.integers(0, 37 * DAY, n), at),
        ),
        tender=rng.integers(0, 1000, n),
        channel=channel,
        code=code,
        discount=discount,
        shipping=shipping,
        shipping_tax=shipping_tax,
        is_test=rng.random(n) < 0.001,
        ship_to=ship_to,
        paid=paid,
        cancelled=cancelled,
        promised=promised,
        shipped=shipped,
        delivered=delivered,
        parcels=np.where(goes_out, 1 + ((np.diff(first_line, append=len(order)) > 1) & (rng.random(n) < 0.05)), 0),
        carrier=rng.integers(0, len(names.CARRIERS), n),
        refunded=refunded,
        refund_kind=refund_kind,
        goodwill=np.maximum(kept * rng.integers(5, 21, n) // 100, 1),
        method=method,
        instalments=instalments,
        order=order,
        line=line,
        product=product,
        quantity=quantity,
        price=price,
        line_discount=line_discount,
        line_tax=line_tax,
        cost=_local(shop.catalogue.cost[product, period], factor[order], units[order]),
        no_cost=shop.catalogue.no_cost[product],
        refund_quantity=np.where(refunded[order] < NEVER, refund_quantity, 0),
        top_up=np.zeros(n, dtype=np.int64),
        changed=np.full(n, NEVER, dtype=np.int64),
        taxes_included=included,
        person=person,
        store=store,
        market=market,
        staff=np.where(in_store, np.searchsorted(_SKILL, rng.random(n)).clip(0, STAFF - 1), nobody),
        value=np.add.reduceat(np.where(gift, 0, quantity * list_price), first_line),
        score=score,
        reviewed=reviewed,
        answered=answered,
        wanted=wanted,
    )


def _with_gift_cards(
    rng: np.random.Generator, world: World, lines: baskets.Baskets, at: Ints, store: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Order, line, wanted, product and quantity of the baskets: with what stands in for what was not to be had, and a
    few gift cards put into one basket in a hundred."""
    shop, day = world.goods, world.local_day(at, store)
    order, product = lines.order, lines.product
    missing = (shop.catalogue.created[product] > at[order]) | ~shop.carried[product, store[order]]
    empty = ~missing & shop.is_out(product, store[order], day[order])
    wanted = np.where(empty, product, -1)
    product = np.where(missing | empty, shop.stand_in[product], product)
    with_card = np.flatnonzero(rng.random(len(at)) < 0.01)
    last = np.flatnonzero(np.diff(order, append=-1))[with_card] + 1
    cards = rng.choice(shop.gift_cards, len(with_card))
    return (
        np.insert(order, last, with_card),
        np.insert(lines.line, last, lines.line[last - 1] + 1),
        np.insert(wanted, last, -1),
        np.insert(product, last, cards),
        np.insert(lines.quantity, last, 2 + with_card % 4),
    )


def _local(dollar_cents: Ints, factor: Ints, unit: Ints) -> Ints:
    local: Ints = (dollar_cents * factor // 100 + unit // 2) // unit * unit
    return local


def _tax(amount: Ints, rate: Ints, included: Bools, unit: Ints) -> Ints:
    """The tax on an amount, or in it where prices include it; `rate` in basis points."""
    base = 10_000 + rate * included
    tax: Ints = (amount * rate + base * unit // 2) // (base * unit) * unit
    return tax


def _wait(rng: np.random.Generator, mean: float | Floats, size: int, most_days: int) -> Ints:
    waited: Ints = np.minimum(rng.exponential(mean, size), most_days * DAY).astype(np.int64)
    return waited


def _codes(
    rng: np.random.Generator, at: Ints, is_first: Bools, net: Ints, five: Ints, unit: Ints
) -> tuple[Ints, Ints, Bools]:
    """Discount code (−1 for none), its amount, and whether shipping is free by it: about one order in eight."""
    n = len(at)
    other = 1 + rng.choice(len(PROMOTIONS) - 1, n, p=[0.3, 0.25, 0.2, 0.1, 0.15])
    code = np.where(is_first & (rng.random(n) < 0.16), 0, np.where(rng.random(n) < 0.09, other, -1))
    code = np.where(goods.runs(code, at) & ((code != 1) | (net >= 5 * five)), code, -1)
    per_cent = np.array([one.value if one.kind == "percentage" else 0 for one in PROMOTIONS] + [0], dtype=np.int64)
    return code, np.where(code == 1, five, net * per_cent[code] // 100 // unit * unit), code == len(PROMOTIONS) - 1


def _reviews(
    rng: np.random.Generator, delivered: Ints, late: Bools, parcel: Bools, truths: Truths
) -> tuple[Ints, Ints, Ints]:
    n, known = len(delivered), truths.reviewing
    on_time = 1 + np.searchsorted(np.cumsum(known.on_time)[:-1], rng.random(n), side="right")
    too_late = 1 + np.searchsorted(np.cumsum(known.late)[:-1], rng.random(n), side="right")
    reviews = parcel & (delivered < NEVER) & (rng.random(n) < known.share)
    reviewed = np.where(reviews, delivered + 3600 + _wait(rng, 3 * DAY, n, 20), NEVER)
    answers = rng.random(n) < 0.4
    answered = np.where(answers & (reviewed < NEVER), reviewed + 1800 + _wait(rng, 2 * DAY, n, 10), NEVER)
    return np.where(reviews, np.where(late, too_late, on_time), 0), reviewed, answered


def in_stock_days(world: World, batch: Sales) -> tuple[npt.NDArray[np.int64], ...]:
    """By line that moves goods: product, store, and the days at the store on which it leaves the shelf and comes
    back, the latter −1 where it doesn't; and how many leave and come back."""
    moves = ~world.goods.catalogue.gift_card[batch.product] & ~batch.is_test[batch.order]
    line = np.flatnonzero(moves)
    order = batch.order[line]
    store = batch.store[order]
    restocked = (batch.refund_quantity[line] > 0) & (batch.tender[order] % 4 > 0)
    cancelled = batch.cancelled[order] < NEVER
    back_at = np.where(cancelled, batch.cancelled[order], np.where(restocked, batch.refunded[order], NEVER))
    back = np.where(back_at < world.settings.horizon, world.local_day(back_at, store), -1)
    out = world.local_day(batch.placed.at[order], store)
    returned = np.where(cancelled, batch.quantity[line], batch.refund_quantity[line])
    return batch.product[line], store, out, back, batch.quantity[line], returned
