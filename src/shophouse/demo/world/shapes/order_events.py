"""Order events as JSON lines, oldest first, as a shop's software would send them to a queue.

Each has `event_id`, `event_type` (order_created, order_paid, order_shipped, order_delivered, order_cancelled,
order_refunded), `occurred_at` (UTC), `sent_at` (later for a late order) and `order_id`; order_created has customer,
store, currency, amounts and `items` too; order_refunded has `refund` and `refund_items`. `payments` are those that an
event brings: attempts stand with the order, though they are made seconds later. Sending is at least once: some events
stand twice, with the same id.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo import events, orders
from shophouse.demo.tables import NEVER, Ints, money, numbers, times, words
from shophouse.demo.world import sales
from shophouse.demo.world.defects import Labels, repeated
from shophouse.demo.world.files import Out, Span, Tables, write_parts
from shophouse.demo.world.goods import PROMOTIONS
from shophouse.demo.world.sales import CHANNELS, Sales
from shophouse.demo.world.shapes.storefront import line_table

_CREATED, _PAID, _SHIPPED, _DELIVERED, _CANCELLED, _REFUNDED = range(6)
TYPES = ("order_created", "order_paid", "order_shipped", "order_delivered", "order_cancelled", "order_refunded")


def deliver(span: Span) -> Out:
    """Write the events sent in the delivery's span."""
    out = span.out()
    write_parts(span, out, lambda number, labels: _events(span, number, labels), span.world.batches, _put)
    return out


def _put(out: Out, name: str, table: Any, part: str) -> None:
    import duckdb

    table = table.sort_by([("sent_at", "ascending"), ("event_id", "ascending")])
    file = f"{name}{part}{out.suffix}.jsonl"
    target = str(out.folder / file).replace("'", "''")
    with duckdb.connect() as engine:
        engine.register("events", table)
        engine.execute(f"copy (select * from events) to '{target}' (format json)")
    out.count(name, table, file)


def _events(span: Span, number: int, labels: Labels) -> Tables:
    world = span.world
    batch = sales.draw(world, number)
    if span.truth:
        span.truth.orders(batch, number, world.batches)
    moments = (batch.placed.at, batch.paid, batch.shipped, batch.delivered, batch.cancelled, batch.refunded)
    for step, at in enumerate(moments):
        sent = np.where(at < NEVER, np.maximum(at, batch.placed.arrived), NEVER)
        table = _table(span, batch, step, at, sent, (sent >= span.since) & (sent < span.now))
        if world.settings.defects:
            again = np.isin(table["order_id"].to_numpy(), batch.order_id[repeated(batch)])
            labels.add("order_events", "repeated", table.filter(pa.array(again))["event_id"].to_pylist())
            table = pa.concat_tables([table, table.filter(pa.array(again))])
        yield "order_events", table
    if not span.is_first:
        late = (batch.placed.at < span.since) & (batch.placed.arrived >= span.since) & (batch.placed.arrived < span.now)
        labels.add("order_events", "late", (batch.order_id[late] * 10).tolist())


def _table(span: Span, batch: Sales, step: int, at: Ints, sent: Ints, told: Any) -> Any:
    world = span.world
    row = np.flatnonzero(told)
    some = orders.take(batch, told)
    empty = step != _CREATED
    stores = world.places.stores
    store = np.array([store.number for store in stores])
    return pa.table(
        {
            "event_id": numbers(some.order_id * 10 + step),
            "event_type": pa.repeat(TYPES[step], len(row)),
            "occurred_at": times(at[row]),
            "sent_at": times(sent[row]),
            "order_id": numbers(some.order_id),
            "customer_id": _only(numbers(some.placed.user + 1, some.placed.user < 0), empty),
            "store_id": _only(numbers(store[some.store]), empty),
            "store_name": _only(words([store.name for store in stores], some.store), empty),
            "store_timezone": _only(words([store.timezone for store in stores], some.store), empty),
            "channel": _only(words(CHANNELS, some.channel), empty),
            "currency": _only(words(world.places.currency, some.market), empty),
            "taxes_included": _only(pa.array(some.taxes_included), empty),
            "is_test": _only(pa.array(some.is_test), empty),
            "promised_delivery_at": _only(times(np.where(some.parcels > 0, some.promised, NEVER)), empty),
            "discount_code": _only(
                words([one.code for one in PROMOTIONS], np.maximum(some.code, 0), some.code < 0), empty
            ),
            "discount_amount": _only(money(some.discount), empty),
            "shipping_amount": _only(money(some.shipping), empty),
            "shipping_tax_amount": _only(money(some.shipping_tax), empty),
            "total_amount": _only(money(some.total), empty),
            "items": _only(_listed(some, _items(span, some)), empty),
            "payments": _listed(some, _payments(some, step)),
            **_refunds(some, step),
        }
    )


def _only(column: Any, empty: bool) -> Any:
    return pa.nulls(len(column), column.type) if empty else column


def _items(span: Span, batch: Sales) -> Any:
    """The lines of the orders, with what is known of their products."""
    catalogue = span.world.goods.catalogue
    lines = line_table(span.world, batch)
    names = pa.array([catalogue.label[product] for product in batch.product.tolist()], pa.string())
    lines = lines.append_column("product_name", names)
    return lines.append_column("is_gift_card", pa.array(catalogue.gift_card[batch.product]))


def _payments(batch: Sales, step: int) -> Any:
    """The payments that come with a step of the orders."""
    table = events.payment_table(batch, -NEVER, NEVER - 1)
    slot = table["payment_id"].to_numpy() % 10
    kind, status = (np.array(table[name].to_pylist(), dtype=object) for name in ("kind", "status"))
    attempt = (kind == events.KINDS[events.AUTHORIZATION]) | (status == events.STATUSES[events.FAILED])
    given_up = (kind == events.KINDS[events.VOID]) | (slot == 3)
    of_step = np.select([attempt, given_up, slot == 4], [_CREATED, _CANCELLED, _REFUNDED], _PAID)
    return table.filter(pa.array(of_step == step))


def _refunds(batch: Sales, step: int) -> dict[str, Any]:
    """The refund of each order, where the step is one, and the lines that came back with it."""
    refunds, items = events.refund_tables(batch, -NEVER, NEVER - 1)
    empty = step != _REFUNDED
    one = _structs(refunds.drop_columns(["order_id", "refunded_at"]))
    row = np.searchsorted(refunds["order_id"].to_numpy(), batch.order_id)
    has = np.isin(batch.order_id, refunds["order_id"].to_numpy())
    return {
        "refund": _only(one.take(pa.array(row, mask=~has)), empty),
        "refund_items": _only(_listed(batch, items.drop_columns(["refund_id"])), empty),
    }


def _structs(table: Any) -> Any:
    """The rows of a table as values of one column."""
    return table.combine_chunks().to_struct_array().combine_chunks()


def _listed(batch: Sales, table: Any) -> Any:
    """The rows of a table, which are in the order of the orders, as a list for each order."""
    place = np.searchsorted(batch.order_id, table["order_id"].to_numpy())
    counts = np.bincount(place, minlength=len(batch.order_id))
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, _structs(table.drop_columns(["order_id"])))
