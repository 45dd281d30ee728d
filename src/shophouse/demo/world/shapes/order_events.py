"""Order events as JSON lines, oldest first, as a shop's software would send them to a queue.

Each has `event_id`, `event_type` (order_created, order_paid, order_shipped, order_delivered, order_cancelled,
order_refunded), `occurred_at` (UTC), `sent_at` (later for a late order) and `order_id`; order_created has customer,
store, currency, amounts and `items` too. Sending is at least once: some events stand twice, with the same id.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo import orders
from shophouse.demo.tables import NEVER, Ints, money, numbers, times, words
from shophouse.demo.world import sales
from shophouse.demo.world.defects import Labels, repeated
from shophouse.demo.world.files import Out, Span, Tables, write_parts
from shophouse.demo.world.sales import CHANNELS, Sales
from shophouse.demo.world.shapes.storefront import line_table

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
    empty = step > 0
    store = np.array([store.number for store in world.places.stores])
    return pa.table(
        {
            "event_id": numbers(some.order_id * 10 + step),
            "event_type": pa.repeat(TYPES[step], len(row)),
            "occurred_at": times(at[row]),
            "sent_at": times(sent[row]),
            "order_id": numbers(some.order_id),
            "customer_id": _only(numbers(some.placed.user + 1, some.placed.user < 0), empty),
            "store_id": _only(numbers(store[some.store]), empty),
            "channel": _only(words(CHANNELS, some.channel), empty),
            "currency": _only(words(world.places.currency, some.market), empty),
            "taxes_included": _only(pa.array(some.taxes_included), empty),
            "discount_amount": _only(money(some.discount), empty),
            "shipping_amount": _only(money(some.shipping), empty),
            "shipping_tax_amount": _only(money(some.shipping_tax), empty),
            "total_amount": _only(money(some.total), empty),
            "items": _items(span, some, empty),
        }
    )


def _only(column: Any, empty: bool) -> Any:
    return pa.nulls(len(column), column.type) if empty else column


def _items(span: Span, batch: Sales, empty: bool) -> Any:
    """The lines of each order as a list."""
    lines = line_table(span.world, batch).drop_columns(["order_id"]).combine_chunks()
    struct = pa.StructArray.from_arrays(
        [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in lines.columns],
        lines.column_names,
    )
    counts = np.bincount(batch.order, minlength=len(batch.person)) if len(batch.order) else np.zeros(0, dtype=np.int64)
    offsets = pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32))
    return _only(pa.ListArray.from_arrays(offsets, struct), empty)
