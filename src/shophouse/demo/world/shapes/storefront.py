"""The tables of a shop's own database, of its web analytics and of its advertising accounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shophouse.demo import events, names
from shophouse.demo.catalogue import DAY
from shophouse.demo.orders import STATUS
from shophouse.demo.tables import NEVER, Ints, money, numbers, times, words
from shophouse.demo.world import journeys
from shophouse.demo.world.goods import PROMOTIONS, Goods
from shophouse.demo.world.journeys import STEPS, Touches, Visits
from shophouse.demo.world.money import campaign_id, campaign_names, quarter
from shophouse.demo.world.named import pool
from shophouse.demo.world.places import ZIPS, Places
from shophouse.demo.world.sales import CHANNELS, STAFF, Sales, World
from shophouse.demo.world.settings import NAMES, Settings
from shophouse.demo.world.truths import UNPAID

_BODIES = (
    "Arrived broken, and nobody answers.",
    "Not what the picture shows",
    "It is all right, the parcel took its time.",
    "Good, as described",
    'Just what I wanted: "perfect", says my mother',
)


def order_table(world: World, batch: Sales, now: int) -> Any:
    """Orders as they stand just before `now`."""
    places = world.places
    paid, cancelled = batch.paid < now, batch.cancelled < now
    shipped, delivered = batch.shipped < now, batch.delivered < now
    status = np.where(delivered, 3, np.where(shipped, 2, np.where(paid, 1, 0)))
    place = batch.ship_to.astype(np.int64)
    placed = batch.placed
    store = np.array([store.number for store in places.stores])[batch.store]
    return pa.table(
        {
            "order_id": numbers(batch.order_id),
            "user_id": numbers(placed.user + 1, placed.user < 0),
            "store_id": numbers(store),
            "channel": words(CHANNELS, batch.channel),
            "employee_id": numbers(store * 100 + batch.staff + 1, batch.staff < 0),
            "status": words(STATUS, np.where(cancelled, 4, status)),
            "currency": words(places.currency, batch.market),
            "ordered_at": times(placed.at),
            "paid_at": times(batch.paid, now),
            "cancelled_at": times(batch.cancelled, now),
            "promised_delivery_at": times(np.where(batch.parcels > 0, batch.promised, NEVER)),
            "discount_code": words([one.code for one in PROMOTIONS], np.maximum(batch.code, 0), batch.code < 0),
            "discount_amount": money(batch.discount),
            "shipping_amount": money(batch.shipping),
            "tax_amount": money(batch.shipping_tax),
            "taxes_included": pa.array(batch.taxes_included),
            "total_amount": money(batch.total),
            "is_test": pa.array(batch.is_test),
            "is_deleted": pa.array(np.zeros(len(place), dtype=np.bool_)),
            "shipping_postal_code": words(places.postal_code, place),
            "shipping_city": words(places.city, place // ZIPS),
            "shipping_state": words(places.state, place // ZIPS),
            "shipping_country": words(places.country, batch.market),
            "updated_at": times(batch.updated(now)),
        }
    )


def line_table(world: World, batch: Sales) -> Any:
    return pa.table(
        {
            "order_id": numbers(batch.order_id[batch.order]),
            "line_number": numbers(batch.line),
            "product_id": numbers(batch.product + 1),
            "seller_id": numbers(world.goods.seller[batch.product] + 1),
            "quantity": numbers(batch.quantity),
            "unit_price": money(batch.price),
            "discount_amount": money(batch.line_discount),
            "tax_amount": money(batch.line_tax),
            "unit_cost": money(batch.cost, batch.no_cost),
        }
    )


def shipment_table(world: World, batch: Sales, since: int, now: int) -> Any:
    """Parcels that left or arrived in a span of time, with the store whose goods they hold."""
    table = events.shipment_table(batch, since, now)
    row = np.searchsorted(batch.order_id, table["order_id"].to_numpy())
    store = np.array([store.number for store in world.places.stores])[batch.store[row]]
    return table.set_column(table.schema.get_field_index("location_id"), "location_id", numbers(store))


def review_table(batch: Sales, since: int, now: int) -> Any:
    """Reviews written or answered in a span of time, as they stand then."""
    wrote = (batch.reviewed >= since) & (batch.reviewed < now)
    replied = (batch.answered >= since) & (batch.answered < now)
    row = np.flatnonzero(wrote | replied)
    score = batch.score[row]
    speaks = batch.tender[row] % 3 == 0
    return pa.table(
        {
            "review_id": numbers(batch.order_id[row] * 10 + 3),
            "order_id": numbers(batch.order_id[row]),
            "score": numbers(score),
            "body": words(_BODIES, score - 1, ~speaks),
            "created_at": times(batch.reviewed[row]),
            "answered_at": times(batch.answered[row], now),
        }
    )


def session_table(world: World, visits: Visits, since: int, now: int) -> Any:
    which = np.flatnonzero((visits.at >= since) & (visits.at < now))
    settings, truths = world.settings, world.truths
    channels = len(truths.channels)
    origin, session = visits.origin[which], visits.session[which]
    paid = origin < channels
    channel = np.minimum(origin, channels - 1)
    named = campaign_names(settings, truths)
    each = len(named[0])
    campaign = channel * each + np.clip(quarter((visits.at[which] - settings.start) // DAY), 0, each - 1)
    referrers = [f"https://{one.source}.example.com/" for one in truths.channels]
    referrers += ["https://www.google.com/" if source == "google" else f"https://{source}/" for source, *_ in UNPAID]
    without = np.array([one.medium == "email" for one in truths.channels] + [source is None for source, *_ in UNPAID])
    landing = [
        f"https://shop.example.com/?utm_source={one.source}&utm_medium={one.medium}" for one in truths.channels
    ] + ["https://shop.example.com/"] * len(UNPAID)
    clicks = np.array([one.platform in ("google_ads", "meta_ads") for one in truths.channels] + [False] * len(UNPAID))
    click = pc.binary_join_element_wise("c", numbers(session).cast(pa.string()), ".")
    account = visits.account[which]
    return pa.table(
        {
            "session_id": numbers(session),
            "visitor_id": numbers(visits.visitor[which]),
            "user_id": numbers(account + 1, account < 0),
            "started_at": times(visits.at[which]),
            "landing_url": words(landing, origin),
            "referrer": words(referrers, origin, without[origin]),
            "utm_source": words([one.source for one in truths.channels], channel, ~paid),
            "utm_medium": words([one.medium for one in truths.channels], channel, ~paid),
            "utm_campaign": words([name for some in named for name in some], campaign, ~paid),
            "click_id": pc.if_else(pa.array(clicks[origin]), click, pa.scalar(None, pa.string())),
            "device": words(("mobile", "desktop", "tablet"), np.array([0, 0, 0, 1, 1, 2])[session // 2 % 6]),
            "country_code": words(world.places.country, visits.market[which]),
        }
    )


def event_table(visits: Visits, order_id: Ints, since: int, now: int) -> Any:
    """Events in a span of time; `order_id` is that of each position that visits know as their order."""
    row, step, at = journeys.events(visits)
    which = np.flatnonzero((at >= since) & (at < now))
    row, step, at = row[which], step[which], at[which]
    bought = (visits.order[row] >= 0) & (step == len(STEPS) - 1)
    order = order_id[visits.order[row]] if len(order_id) else np.zeros(len(row), dtype=np.int64)
    return pa.table(
        {
            "event_id": numbers(visits.session[row] * 8 + step),
            "session_id": numbers(visits.session[row]),
            "visitor_id": numbers(visits.visitor[row]),
            "event_name": words(STEPS, step),
            "occurred_at": times(at),
            "product_id": numbers(visits.product[row] + 1, (step == 0) | (step > 2)),
            "order_id": numbers(order, ~bought),
            "value": money(visits.value[row], ~bought),
        }
    )


def touch_table(world: World, touches: Touches, since: int, now: int) -> Any:
    which = np.flatnonzero((touches.at >= since) & (touches.at < now))
    settings = world.settings
    channel, at = touches.channel[which], touches.at[which]
    platforms = [one.platform or one.source for one in world.truths.channels]
    day = np.maximum((at - settings.start) // DAY, 0)
    return pa.table(
        {
            "touch_id": numbers(touches.touch[which]),
            "touched_at": times(at),
            "kind": words(("impression", "click"), touches.kind[which]),
            "visitor_id": numbers(touches.visitor[which]),
            "campaign_id": numbers(campaign_id(channel, quarter(day))),
            "platform": words(platforms, channel),
        }
    )


def _addresses(places: Places, cities: list[str]) -> dict[str, Any]:
    """Columns of an address in each city: its first postal code."""
    known = places.city.to_pylist()
    place = np.array([known.index(city) for city in cities], dtype=np.int64)
    return {
        "city": words(places.city, place),
        "state": words(places.state, place),
        "postal_code": words(places.postal_code, place * ZIPS),
        "country_code": words(places.country, places.market_of_city[place]),
    }


def store_table(places: Places) -> Any:
    stores = places.stores
    currencies = [market.currency for market in places.markets for _ in market.stores]
    return pa.table(
        {
            "store_id": pa.array([store.number for store in stores], pa.int64()),
            "name": pa.array([store.name for store in stores]),
            "type": pa.array([store.type for store in stores]),
            "timezone": pa.array([store.timezone for store in stores]),
            "currency": pa.array(currencies),
            **_addresses(places, [store.place for store in stores]),
        }
    )


def location_table(places: Places) -> Any:
    stores = places.stores
    return pa.table(
        {
            "location_id": pa.array([store.number for store in stores], pa.int64()),
            "name": pa.array([f"{store.place} {_kind(store.type)}" for store in stores]),
            "type": pa.array([_kind(store.type) for store in stores]),
            **_addresses(places, [store.place for store in stores]),
        }
    )


def _kind(store: str) -> str:
    return "store" if store == "physical" else "warehouse"


def employee_table(settings: Settings, places: Places) -> Any:
    """Who sells in the stores that one can walk into."""
    rng = settings.rng(NAMES, 1)
    stores = [(store, market) for market in places.markets for store in market.stores if store.type == "physical"]
    size = len(stores) * STAFF
    firsts, lasts = rng.integers(0, 1 << 30, (2, size)).tolist()
    known = [pool(market.locale, settings.seed) for _, market in stores for _ in range(STAFF)]
    label = [
        f"{one.first[first % len(one.first)]} {one.last[last % len(one.last)]}"
        for one, first, last in zip(known, firsts, lasts, strict=True)
    ]
    number = [store.number * 100 + n + 1 for store, _ in stores for n in range(STAFF)]
    hired = settings.start - rng.integers(30, 3000, size) * DAY
    born = (settings.start // DAY - rng.integers(20 * 365, 60 * 365, size)).astype("datetime64[D]")
    return pa.table(
        {
            "employee_id": pa.array(number, pa.int64()),
            "name": pa.array(label, pa.string()),
            "role": pa.array(["manager" if n % 100 == 1 else "sales" for n in number], pa.string()),
            "store_id": pa.array([n // 100 for n in number], pa.int64()),
            "gender": words(("female", "male"), rng.integers(0, 2, size)),
            "birth_date": pa.array(born),
            "hired_at": times(hired),
            **_addresses(places, [store.place for store, _ in stores for _ in range(STAFF)]),
        }
    )


def seller_table(settings: Settings, places: Places, goods: Goods) -> Any:
    rng = settings.rng(NAMES, 2)
    size = len(goods.slow_seller)
    cities = places.city.to_pylist()
    return pa.table(
        {
            "seller_id": numbers(np.arange(size) + 1),
            "name": pa.array([f"{names.BRANDS[n % len(names.BRANDS)]} Trading {n + 1}" for n in range(size)]),
            "type": words(("own", "marketplace"), (np.arange(size) > 0).astype(np.int64)),
            "lead_time_days": numbers(goods.lead_days),
            **_addresses(places, [cities[n] for n in rng.integers(0, len(cities), size).tolist()]),
        }
    )
