"""Olist's nine files, as its download has them: a marketplace in Brazil, times local, an account for each order, units
as lines. A later delivery replaces the files that have changed. No faults are planted: the look-alike has those of the
real files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo import events, names, orders
from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Ints, money, numbers, times, words
from shophouse.demo.world import sales
from shophouse.demo.world.defects import Labels
from shophouse.demo.world.files import Out, Span, Tables, write_parts
from shophouse.demo.world.hexes import hexes
from shophouse.demo.world.places import ZIPS
from shophouse.demo.world.sales import Sales

ACCOUNT, PERSON, ORDER, PRODUCT, SELLER, REVIEW = range(1, 7)
_STATUS = ("created", "approved", "shipped", "delivered", "canceled")
_PAYMENT = {"card": "credit_card", "gift_card": "voucher", "paypal": "debit_card", "apple_pay": "credit_card"}
_CATEGORIES = {
    "Cookware": ("utilidades_domesticas", "housewares"),
    "Tableware": ("la_cuisine", "la_cuisine"),
    "Coffee & Tea": ("portateis_casa_forno_e_cafe", "small_appliances_home_oven_and_coffee"),
    "Bedding": ("cama_mesa_banho", "bed_bath_table"),
    "Lighting": ("casa_conforto", "home_confort"),
    "Storage": ("moveis_decoracao", "furniture_decor"),
    "Decor": ("artes", "art"),
    "Tools": ("ferramentas_jardim", "garden_tools"),
    "Plants": ("flores", "flowers"),
    "Tops": ("fashion_roupa_masculina", "fashion_male_clothing"),
    "Trousers": ("fashion_roupa_feminina", "fashion_female_clothing"),
    "Accessories": ("fashion_bolsas_e_acessorios", "fashion_bags_accessories"),
    "Skin Care": ("beleza_saude", "health_beauty"),
    "Bath": ("perfumaria", "perfumery"),
    "Audio": ("audio", "audio"),
    "Chargers": ("telefonia", "telephony"),
    "Wearables": ("relogios_presentes", "watches_gifts"),
    "Toys": ("brinquedos", "toys"),
    "Stationery": ("papelaria", "stationery"),
    "Pantry": ("alimentos", "food"),
    "Sweets": ("alimentos_bebidas", "food_drink"),
}
_LEAVES = [leaf for children in names.CATEGORIES.values() for leaf in children]
_COMMENTS = (
    "Não recebi o produto",
    "Produto diferente da foto, quero trocar",
    "Demorou, mas chegou",
    "Bom produto, recomendo",
    'Chegou antes do prazo, "nota dez"',
)


def deliver(span: Span) -> Out:
    """Write the files as they stand at the end of the delivery."""
    out = Out(span.data)
    whole = Span(span.data, span.world, -NEVER, span.now, 0, span.truth)
    write_parts(whole, out, lambda number, labels: _sold(span, number, labels), span.world.batches, _put)
    for name, table in (
        ("olist_geolocation_dataset", _geolocation(span)),
        ("olist_products_dataset", _products(span)),
        ("olist_sellers_dataset", _sellers(span)),
        ("product_category_name_translation", _translation()),
    ):
        _put(out, name, table, "")
    return out


def _put(out: Out, name: str, table: Any, part: str) -> None:
    out.csv(name, table, part)


def _sold(span: Span, number: int, labels: Labels) -> Tables:
    world, now = span.world, span.now
    batch = sales.draw(world, number)
    if span.truth:
        span.truth.orders(batch, number, world.batches)
        span.truth.ids(hexes(ORDER, batch.order_id), hexes(PERSON, batch.person), number, world.batches)
    batch = orders.take(batch, (batch.placed.arrived < now) & ~batch.is_test)
    place = world.crowd.place[batch.person].astype(np.int64)
    order_id = hexes(ORDER, batch.order_id)
    yield (
        "olist_customers_dataset",
        pa.table(
            {
                "customer_id": hexes(ACCOUNT, batch.order_id),
                "customer_unique_id": hexes(PERSON, batch.person),
                "customer_zip_code_prefix": words(world.places.postal_code, place),
                "customer_city": words(world.places.city, place // ZIPS),
                "customer_state": words(world.places.state, place // ZIPS),
            }
        ),
    )
    paid, cancelled = batch.paid < now, batch.cancelled < now
    shipped, delivered = batch.shipped < now, batch.delivered < now
    status = np.where(cancelled, 4, np.where(delivered, 3, np.where(shipped, 2, paid)))
    midnight = batch.promised // DAY * DAY
    yield (
        "olist_orders_dataset",
        pa.table(
            {
                "order_id": order_id,
                "customer_id": hexes(ACCOUNT, batch.order_id),
                "order_status": words(_STATUS, status),
                "order_purchase_timestamp": _local(span, batch, batch.placed.at),
                "order_approved_at": _local(span, batch, batch.paid),
                "order_delivered_carrier_date": _local(span, batch, batch.shipped),
                "order_delivered_customer_date": _local(span, batch, batch.delivered),
                "order_estimated_delivery_date": times(
                    np.where(batch.parcels > 0, midnight, batch.placed.at // DAY * DAY)
                ),
            }
        ),
    )
    yield "olist_order_items_dataset", _items(span, batch)
    yield "olist_order_payments_dataset", _payments(batch, now)
    yield "olist_order_reviews_dataset", _reviews(span, batch)


def _local(span: Span, batch: Sales, at: Ints) -> Any:
    """A time as the store's clocks show it; null where it is still to come."""
    world = span.world
    known = np.where(at < span.now, at, world.settings.start)
    day = np.clip((known - world.settings.start) // DAY, 0, world.settings.span - 1)
    return times(np.where(at < span.now, known + world.offsets[batch.store, day], NEVER))


def _units(batch: Sales) -> tuple[Ints, Ints, Ints]:
    """Each unit's line and price, so that the prices of an order add up to what its goods cost; and its number."""
    net = batch.net - events.order_discount_by_line(batch)
    line = np.repeat(np.arange(len(batch.order)), batch.quantity)
    first = np.cumsum(batch.quantity) - batch.quantity
    nth = np.arange(len(line)) - first[line]
    price = net[line] // batch.quantity[line] + (nth < net[line] % batch.quantity[line])
    order = batch.order[line]
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    item = np.arange(len(line)) - np.repeat(starts, np.diff(np.append(starts, len(line)))) + 1
    return line, price, item


def _items(span: Span, batch: Sales) -> Any:
    line, price, item = _units(batch)
    order = batch.order[line]
    count = np.bincount(order, minlength=len(batch.person))[order]
    freight = batch.shipping[order] // count + (item <= batch.shipping[order] % count)
    product = batch.product[line]
    return pa.table(
        {
            "order_id": hexes(ORDER, batch.order_id[order]),
            "order_item_id": numbers(item),
            "product_id": hexes(PRODUCT, product),
            "seller_id": hexes(SELLER, span.world.goods.seller[product]),
            "shipping_limit_date": times(batch.placed.at[order] // DAY * DAY + 6 * DAY),
            "price": money(price),
            "freight_value": money(freight),
        }
    )


def _payments(batch: Sales, now: int) -> Any:
    """What was captured: the file knows no attempts and no money that went back."""
    table = events.payment_table(batch, -NEVER, now)
    kind, status = table["kind"].to_numpy(False), table["status"].to_numpy(False)
    table = table.filter(pa.array(np.isin(kind, ("sale", "capture")) & (status == "succeeded")))
    order = table["order_id"].to_numpy()
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    sequence = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order)))) + 1
    method = [_PAYMENT.get(method, "boleto") for method in names.PAYMENT_METHODS]
    position = pa.compute.index_in(table["method"], pa.array(names.PAYMENT_METHODS)).to_numpy()
    return pa.table(
        {
            "order_id": hexes(ORDER, order),
            "payment_sequential": numbers(sequence),
            "payment_type": words(method, position),
            "payment_installments": table["installments"],
            "payment_value": table["amount"],
        }
    )


def _reviews(span: Span, batch: Sales) -> Any:
    which = orders.take(batch, batch.reviewed < span.now)
    speaks = which.tender % 3 == 0
    created = _local(span, which, which.reviewed).cast(pa.date32()).cast(pa.timestamp("s"))
    return pa.table(
        {
            "review_id": hexes(REVIEW, which.order_id),
            "order_id": hexes(ORDER, which.order_id),
            "review_score": numbers(which.score),
            "review_comment_title": pa.nulls(len(which.score), pa.string()),
            "review_comment_message": words(_COMMENTS, which.score - 1, ~speaks),
            "review_creation_date": created,
            "review_answer_timestamp": _local(span, which, which.answered),
        }
    )


def _geolocation(span: Span) -> Any:
    places = span.world.places
    place = np.arange(len(places.postal_code))
    return pa.table(
        {
            "geolocation_zip_code_prefix": places.postal_code,
            "geolocation_lat": pa.array(np.round(-3.0 - place * 0.013, 6)),
            "geolocation_lng": pa.array(np.round(-38.0 - place * 0.011, 6)),
            "geolocation_city": words(places.city, place // ZIPS),
            "geolocation_state": words(places.state, place // ZIPS),
        }
    )


def _products(span: Span) -> Any:
    goods = span.world.goods
    which = np.flatnonzero(goods.changed(span.now) < NEVER)
    catalogue = goods.catalogue
    leaf = np.minimum(catalogue.category[which] - len(names.CATEGORIES) - 1, len(_LEAVES) - 1)
    gift = catalogue.gift_card[which]
    return pa.table(
        {
            "product_id": hexes(PRODUCT, which),
            "product_category_name": words([_CATEGORIES[name][0] for name in _LEAVES], leaf, gift),
            "product_name_lenght": numbers(20 + which % 43),
            "product_description_lenght": numbers(80 + which * 37 % 1900),
            "product_photos_qty": numbers(1 + which % 5),
            "product_weight_g": numbers(catalogue.weight[which], gift),
            "product_length_cm": numbers(16 + which * 7 % 60),
            "product_height_cm": numbers(2 + which * 5 % 50),
            "product_width_cm": numbers(11 + which * 3 % 50),
        }
    )


def _sellers(span: Span) -> Any:
    places = span.world.places
    seller = np.arange(len(span.world.goods.slow_seller))
    place = seller * 7 % len(places.postal_code)
    return pa.table(
        {
            "seller_id": hexes(SELLER, seller),
            "seller_zip_code_prefix": words(places.postal_code, place),
            "seller_city": words(places.city, place // ZIPS),
            "seller_state": words(places.state, place // ZIPS),
        }
    )


def _translation() -> Any:
    portuguese, english = zip(*_CATEGORIES.values(), strict=True)
    return pa.table({"product_category_name": pa.array(portuguese), "product_category_name_english": pa.array(english)})
