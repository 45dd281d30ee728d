"""A storefront's delivery: its database's tables as CSV; visits, events and advertising as Parquet."""

from __future__ import annotations

import numpy as np

from shophouse.demo import catalogue, events, orders
from shophouse.demo.tables import NEVER, Ints
from shophouse.demo.world import goods, journeys, money, sales, stock
from shophouse.demo.world.defects import Changed, Labels, change, repeated, spoil, twice
from shophouse.demo.world.files import Out, Span, Tables, as_stands, write_parts
from shophouse.demo.world.members import Members
from shophouse.demo.world.sales import Sales
from shophouse.demo.world.settings import CHUNK
from shophouse.demo.world.shapes import storefront
from shophouse.demo.world.shapes.accounts import Accounts

_PARQUET = ("sessions", "events", "touchpoints", "campaigns", "ad_spend")


def deliver(span: Span) -> Out:
    """Write the files of one delivery, with the faults planted in it."""
    return _Storefront(span).write()


class _Storefront:
    def __init__(self, span: Span) -> None:
        world = self.world = span.world
        self.span, self.since, self.now = span, span.since, span.now
        self.flows = stock.Flows(world)
        self.claims = journeys.Claims(world.settings, len(world.truths.channels))
        self.first_value: Ints = np.zeros(world.crowd.buyers, dtype=np.int64)
        self.first_order: Ints = np.zeros(world.crowd.buyers, dtype=np.int64)
        self.accounts = Accounts(world)
        self.out = span.out()

    def write(self) -> Out:
        world, span = self.world, self.span
        write_parts(span, self.out, self._orders, world.batches, _put)
        write_parts(span, self.out, self._prospects, journeys.batches(world), _put, "-visits")
        write_parts(span, self.out, self._users, -(-len(world.crowd.account_person) // CHUNK), _put)
        for name, table in self._small():
            if len(table):
                _put(self.out, name, table, "")
        if world.settings.defects:
            self._spoil()
        return self.out

    def _orders(self, number: int, labels: Labels) -> Tables:
        world, since, now = self.world, self.since, self.now
        batch = sales.draw(world, number)
        self.flows.add(batch)
        first = batch.placed.is_first
        self.first_value[batch.person[first]] = batch.value[first]
        self.first_order[batch.person[first]] = batch.order_id[first]
        if self.span.truth:
            self.span.truth.orders(batch, number, world.batches)
        visits = journeys.of_orders(world, batch, number, self.claims)
        yield from self._sold(batch, labels)
        yield "sessions", storefront.session_table(world, visits, since, now)
        yield "events", storefront.event_table(visits, batch.order_id, since, now)

    def _sold(self, batch: Sales, labels: Labels) -> Tables:
        """What is told of a batch's orders: all of the new ones, and what happened to the others."""
        since, now = self.since, self.now
        arrived = batch.placed.arrived
        new = orders.take(batch, (arrived >= since) & (arrived < now))
        known = orders.take(batch, arrived < since)
        updated = known.updated(now)
        moved = (updated >= since) & (updated < now)
        yield from self._tables(new, -NEVER, labels)
        yield from self._tables(orders.take(known, moved), since, labels)
        # Parcels and reviews are no news of the order itself: look at all.
        quiet = orders.take(known, ~moved)
        yield "shipments", storefront.shipment_table(self.world, quiet, since, now)
        yield "reviews", storefront.review_table(quiet, since, now)
        if not self.span.is_first:
            labels.add("orders", "late", new.order_id[new.placed.at < since].tolist())
            if self.world.settings.defects:
                yield from self._changed(change(batch, since, now, self.span.turn), labels)

    def _tables(self, batch: Sales, since: int, labels: Labels) -> Tables:
        now, world = self.now, self.world
        order_table, lines = storefront.order_table(world, batch, now), storefront.line_table(world, batch)
        if world.settings.defects:
            again = batch.order_id[repeated(batch)]
            order_table, lines = twice(order_table, again, "order_id"), twice(lines, again, "order_id")
            labels.add("orders", "repeated", again.tolist(), "twice in its file, with its lines")
        yield "orders", order_table
        yield "order_items", lines
        yield "payments", events.payment_table(batch, since, now)
        refunds, refund_items = events.refund_tables(batch, since, now)
        yield "refunds", refunds
        yield "refund_items", refund_items
        yield "shipments", storefront.shipment_table(world, batch, since, now)
        yield "reviews", storefront.review_table(batch, since, now)

    def _changed(self, changed: Changed, labels: Labels) -> Tables:
        world, since, now = self.world, self.since, self.now
        for batch, detail in ((changed.dearer, "repriced"), (changed.shorter, "lost its last line")):
            labels.add("orders", "changed", batch.order_id.tolist(), detail)
            yield "orders", storefront.order_table(world, batch, now)
            yield "order_items", storefront.line_table(world, batch)
            yield "payments", events.payment_table(batch, since, now)
        labels.add("orders", "repeated", changed.same.order_id.tolist(), "sent again as it was")
        yield "orders", storefront.order_table(world, changed.same, now)
        yield "order_items", storefront.line_table(world, changed.same)
        labels.add("orders", "deleted", changed.deleted.order_id.tolist())
        deleted = storefront.order_table(world, changed.deleted, now)
        yield "orders", as_stands(deleted, is_deleted=True, updated_at=now - 3600)
        # As it stood long ago: the version says that it was overtaken.
        labels.add("orders", "stale", changed.stale.order_id.tolist(), "an older version, after the newer one")
        if len(changed.stale.order_id):
            stale = storefront.order_table(world, changed.stale, now)
            yield "orders", as_stands(stale, status="paid", updated_at=int(changed.stale.placed.at.min()))

    def _prospects(self, number: int, labels: Labels) -> Tables:
        world, since, now = self.world, self.since, self.now
        visits, touches = journeys.of_prospects(world, number, self.first_value, self.claims)
        if self.span.truth:
            self.span.truth.journeys(number, journeys.batches(world), self.first_order)
        yield "sessions", storefront.session_table(world, visits, since, now)
        yield "events", storefront.event_table(visits, np.zeros(0, dtype=np.int64), since, now)
        yield "touchpoints", storefront.touch_table(world, touches, since, now)

    def _users(self, number: int, labels: Labels) -> Tables:
        which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(self.world.crowd.account_person)))
        changed = self.accounts.changed(self.now)[which]
        which = which[(changed >= self.since) & (changed < self.now)]
        yield "users", self.accounts.table(which, self.now)

    def _small(self) -> Tables:
        world, since, now = self.world, self.since, self.now
        settings, places, truths = world.settings, world.places, world.truths
        first_day, until_day = self.span.days
        changed = world.goods.changed(now)
        yield "products", goods.product_table(world.goods, np.flatnonzero((changed >= since) & (changed < now)), now)
        yield "identities", self.accounts.identities(since, now)
        held, members = stock.build(self.flows), Members(world)
        yield "stock_movements", held.movements(first_day, until_day)
        yield "stock_counts", held.snapshots(first_day, until_day)
        yield "subscriptions", members.subscriptions(since, now)
        yield "subscription_events", members.events(since, now)
        yield "exchange_rates", money.rate_table(settings, places, first_day, until_day)
        yield "campaigns", money.campaign_table(settings, truths, first_day, until_day)
        spend, again = money.told_spend(settings, places, truths, self.claims, first_day, until_day)
        self.span.labels.add("ad_spend", "changed", again, "told again, with the conversions that came later")
        yield "ad_spend", spend
        if self.span.is_first:
            yield "categories", catalogue.categories()
            yield "stores", storefront.store_table(places)
            yield "locations", storefront.location_table(places)
            yield "employees", storefront.employee_table(settings, places)
            yield "sellers", storefront.seller_table(settings, places, world.goods)
            yield "promotions", goods.promotion_table(settings)
            yield "costs", money.cost_table(settings)
            yield "targets", money.target_table(settings, truths)

    def _spoil(self) -> None:
        """Append what can't be read, or is not to be passed on, to the newest file of some tables."""
        first = sales.draw(self.world, 0)
        example = orders.take(first, np.arange(len(first.person)) == 0)
        made = {
            "orders": storefront.order_table(self.world, example, self.now),
            "order_items": storefront.line_table(self.world, example),
            "payments": events.payment_table(example, -NEVER, NEVER - 1),
        }
        for name, table in made.items():
            written = [file for file in self.out.tally.files if file.startswith(f"{name}-") or file == f"{name}.csv"]
            if written and len(table):
                spoil(self.span.data, name, max(written), table, self.span.labels, self.span.turn)


def _put(out: Out, name: str, table: object, part: str) -> None:
    if name in _PARQUET:
        out.parquet(name, table, part)
    else:
        out.csv(name, table, part)
