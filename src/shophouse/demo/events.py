"""What follows an order: payments, refunds and shipments, as tables of what happened in a span of time.

A refund is in `refunds` and also, as money going back, in `payments` (kind refund). An order that was cancelled after
it was paid has its money back in `payments` alone: the cancellation itself is on the order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo import names
from shophouse.demo.orders import Batch
from shophouse.demo.tables import NEVER, Bools, Ints, money, numbers, times, words

KINDS = ("authorization", "sale", "capture", "refund", "void")
STATUSES = ("succeeded", "failed", "voided")
AUTHORIZATION, SALE, CAPTURE, REFUND, VOID = range(5)
SUCCEEDED, FAILED, VOIDED = range(3)
GIFT_CARD = names.PAYMENT_METHODS.index("gift_card")


class _Payments:
    """Rows of payments, gathered kind by kind."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.parts: list[tuple[Ints, ...]] = []

    def add(
        self, which: Bools, slot: int, kind: int, status: int, amount: Ints, at: Ints, method: Ints | None = None
    ) -> None:
        rows = np.flatnonzero(which & (at < NEVER))
        methods = (self.batch.method if method is None else method)[rows]
        money_in = kind in (SALE, CAPTURE) and status == SUCCEEDED
        card = money_in & (methods != GIFT_CARD)
        fee = np.where(card, (amount[rows] * 290 + 5_000) // 10_000 + 30, 0)
        size = len(rows)
        self.parts.append(
            (
                rows,
                np.full(size, slot),
                np.full(size, kind),
                np.full(size, status),
                methods,
                amount[rows],
                fee,
                at[rows],
            )
        )

    def columns(self) -> tuple[Ints, ...]:
        joined = tuple(np.concatenate(column) for column in zip(*self.parts, strict=True))
        sort = np.lexsort((joined[1], joined[0]))
        return tuple(column[sort] for column in joined)


def payment_table(batch: Batch, since: int, now: int) -> Any:
    """Payments made from `since` until `now`. What was captured for an order is its total."""
    total, tender = batch.total, batch.tender
    was_paid = batch.paid < NEVER
    ordered = batch.placed.at
    payments = _Payments(batch)
    authorized = was_paid & (tender < 100)
    retried = was_paid & (tender >= 100) & (tender < 130)
    split = was_paid & (tender >= 130) & (tender < 150) & (total > 2_000)
    payments.add(authorized, 1, AUTHORIZATION, SUCCEEDED, total, ordered + 5)
    payments.add(authorized, 2, CAPTURE, SUCCEEDED, total - batch.top_up, batch.paid)
    payments.add(retried, 1, SALE, FAILED, total, ordered + 5)
    payments.add(retried, 2, SALE, SUCCEEDED, total - batch.top_up, batch.paid)
    card_part = total // 400 * 100
    by_card = np.full_like(batch.method, GIFT_CARD)
    payments.add(split, 1, SALE, SUCCEEDED, card_part, batch.paid, by_card)
    payments.add(split, 2, SALE, SUCCEEDED, total - batch.top_up - card_part, batch.paid)
    payments.add(was_paid & ~authorized & ~retried & ~split, 1, SALE, SUCCEEDED, total - batch.top_up, batch.paid)

    payments.add(~was_paid & (tender < 300), 1, SALE, FAILED, total, ordered + 5)
    let_go = ~was_paid & (tender >= 300) & (tender < 500)
    payments.add(let_go, 1, AUTHORIZATION, VOIDED, total, ordered + 5)
    payments.add(let_go, 2, VOID, SUCCEEDED, total, batch.cancelled)
    payments.add(was_paid, 3, REFUND, SUCCEEDED, total, batch.cancelled)
    payments.add(batch.refunded < NEVER, 4, REFUND, SUCCEEDED, _refund_parts(batch)[3], batch.refunded)
    payments.add(batch.top_up > 0, 5, SALE, SUCCEEDED, batch.top_up, batch.changed)
    payments.add(batch.top_up < 0, 6, REFUND, SUCCEEDED, -batch.top_up, batch.changed)

    row, slot, kind, status, method, amount, fee, at = payments.columns()
    seen = (at >= since) & (at < now) & (batch.updated(now)[row] < NEVER)
    row, slot, kind, status, method, amount, fee, at = (
        column[seen] for column in (row, slot, kind, status, method, amount, fee, at)
    )
    order_id = batch.order_id[row]
    return pa.table(
        {
            "payment_id": numbers(order_id * 10 + slot),
            "order_id": numbers(order_id),
            "kind": words(KINDS, kind),
            "status": words(STATUSES, status),
            "method": words(names.PAYMENT_METHODS, method),
            "installments": numbers(np.where((kind == REFUND) | (method == GIFT_CARD), 1, batch.instalments[row])),
            "amount": money(amount),
            "fee_amount": money(fee),
            "paid_at": times(at),
        }
    )


def _refund_parts(batch: Batch) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """By order: goods, tax, shipping, the sum of them; and by line: goods. Zero where nothing is refunded."""
    full = (batch.refund_kind == 0) & (batch.refunded < NEVER)
    share = _net_of_discount(batch)
    by_line = share * batch.refund_quantity // batch.quantity
    tax = batch.summed(batch.line_tax * batch.refund_quantity // batch.quantity)
    goodwill = (batch.refund_kind == 2) & (batch.refunded < NEVER)
    goods = np.where(goodwill, batch.goodwill, batch.summed(by_line))
    with_shipping = full & (batch.tender % 2 == 0)
    shipping = np.where(with_shipping, batch.shipping - batch.shipping_tax * batch.taxes_included, 0)
    tax = tax + np.where(with_shipping, batch.shipping_tax, 0)
    return goods, tax, shipping, goods + tax + shipping, by_line


def _net_of_discount(batch: Batch) -> Ints:
    """By line of refunded orders: its net, without tax, less its share of the order's discount."""
    share = order_discount_by_line(batch, batch.refunded < NEVER)
    return batch.net - share - batch.line_tax * batch.taxes_included[batch.order]


def order_discount_by_line(batch: Batch, which: Bools | None = None) -> Ints:
    """By line: its share of its order's discount, in proportion to its net, to the cent by largest remainder; zero for
    orders that are not among `which`."""
    shares = np.zeros(len(batch.order), dtype=np.int64)
    has = batch.discount > 0 if which is None else which & (batch.discount > 0)
    lines = np.flatnonzero(has[batch.order])
    order, net = batch.order[lines], batch.net[lines]
    parts = batch.discount[order] * net
    whole = np.maximum(batch.summed(batch.net), 1)[order]
    share, rest = parts // whole, parts % whole
    given = np.zeros(len(batch.discount), dtype=np.int64)
    np.add.at(given, order, share)
    ranked = np.lexsort((batch.line[lines], -rest, order))
    starts = np.flatnonzero(np.diff(order[ranked], prepend=-1))
    rank = np.empty(len(lines), dtype=np.int64)
    rank[ranked] = np.arange(len(lines)) - np.repeat(starts, np.diff(np.append(starts, len(lines))))
    shares[lines] = share + (rank < (batch.discount - given)[order])
    return shares


def refund_tables(batch: Batch, since: int, now: int) -> tuple[Any, Any]:
    """Refunds made from `since` until `now`, and the lines that came back with them (none for goodwill)."""
    goods, tax, shipping, amount, by_line = _refund_parts(batch)
    made = (batch.refunded >= since) & (batch.refunded < now) & (amount > 0)
    row = np.flatnonzero(made)
    order_id = batch.order_id[row]
    late = batch.delivered > batch.promised
    reason = np.where(batch.refund_kind == 2, 5, np.where(late & (batch.tender % 3 > 0), 4, batch.tender % 4))[row]
    refunds = pa.table(
        {
            "refund_id": numbers(order_id * 10 + 1),
            "order_id": numbers(order_id),
            "amount": money(amount[row]),
            "product_amount": money(goods[row]),
            "tax_amount": money(tax[row]),
            "shipping_amount": money(shipping[row]),
            "reason": words(names.REFUND_REASONS, reason),
            "refunded_at": times(batch.refunded[row]),
        }
    )
    line = np.flatnonzero(made[batch.order] & (batch.refund_quantity > 0))
    of_line = batch.order_id[batch.order[line]]
    items = pa.table(
        {
            "refund_id": numbers(of_line * 10 + 1),
            "order_id": numbers(of_line),
            "line_number": numbers(batch.line[line]),
            "product_id": numbers(batch.product[line] + 1),
            "quantity": numbers(batch.refund_quantity[line]),
            "amount": money(by_line[line]),
            "is_restocked": pa.array(batch.tender[batch.order[line]] % 4 > 0),
        }
    )
    return refunds, items


def shipment_table(batch: Batch, since: int, now: int) -> Any:
    """Parcels that left or arrived from `since` until `now`, as they stand then: a parcel comes again when it
    arrives."""
    row = np.repeat(np.arange(len(batch.parcels)), batch.parcels)
    parcel = np.concatenate(([True], row[1:] != row[:-1])) if len(row) else np.zeros(0, dtype=np.bool_)
    number = np.where(parcel, 1, 2)
    # The first of two parcels is half as long on its way; the order is delivered with the last.
    arrives = batch.delivered[row]
    early = parcel & (batch.parcels[row] == 2) & (arrives < NEVER)
    arrives = np.where(early, batch.shipped[row] + (arrives - batch.shipped[row]) // 2, arrives)
    left: Ints = batch.shipped[row]
    news: npt.NDArray[np.bool_] = ((left >= since) & (left < now)) | ((arrives >= since) & (arrives < now))
    row, number, arrives, left = row[news], number[news], arrives[news], left[news]
    lost = (arrives == NEVER) & (left + 30 * 86_400 < now)
    order_id = batch.order_id[row]
    return pa.table(
        {
            "shipment_id": numbers(order_id * 10 + number),
            "order_id": numbers(order_id),
            "location_id": pa.nulls(len(row), pa.int64()),
            "carrier": words(names.CARRIERS, batch.carrier[row]),
            "status": words(("in_transit", "delivered", "lost"), np.where(lost, 2, np.where(arrives < now, 1, 0))),
            "shipped_at": times(left),
            "estimated_delivery_at": times(batch.promised[row]),
            "delivered_at": times(arrives, now),
            "cost_amount": money(380 + 17 * (batch.tender[row] % 60)),
        }
    )
