"""A small shop that has visits, stock, spend, costs and subscriptions too."""

from __future__ import annotations

from collections.abc import Callable

from incremental.small_shop import COLUMNS, Row, SmallShop

WIDE = {
    **COLUMNS,
    "sessions": ("session_id", "visitor_id", "user_id", "started_at", "utm_source", "utm_medium", "device"),
    "events": ("event_id", "session_id", "visitor_id", "event_name", "occurred_at", "order_id"),
    "stock_movements": ("movement_id", "product_id", "location_id", "kind", "quantity", "moved_at"),
    "stock_counts": ("product_id", "location_id", "snapshot_date", "on_hand_quantity"),
    "ad_spend": ("campaign_id", "spend_date", "spend_amount", "currency", "impressions", "clicks"),
    "costs": ("cost_id", "kind", "basis", "amount", "valid_from", "valid_to", "scope"),
    "subscriptions": ("subscription_id", "user_id", "product_id", "billing_interval", "price"),
    "subscription_events": ("event_id", "subscription_id", "kind", "occurred_at", "mrr_delta"),
}
STEPS = ("product_viewed", "product_added_to_cart", "checkout_started", "order_completed")


class WideShop(SmallShop):
    """Rows by table and key, as of a SmallShop."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, WIDE)

    def actions(self) -> list[Callable[[], None]]:
        more = [self.visit, self.visit, self.move_stock, self.move_stock, self.count_stock]
        more += [self.spend, self.cost, self.subscribe, self.change_subscription] + [self.delete_row] * 4
        return [*super().actions(), *more]

    def put(self, table: str, key: tuple[object, ...], row: Row) -> None:
        super().put(table, key, {name: row.get(name, "") for name in self.columns[table]})

    def delete_row(self) -> None:
        """Delete a row, as a source that brings changes tells it: with all that was known of it, or by its key."""
        table = self.random.choice(["orders", "products", "users", "payments", "refunds", "shipments"])
        key = self._pick(table)
        if key is not None and not (table == "payments" and self._is_main(key)):
            self.delete(table, key, whole=self.random.random() < 0.5)

    def delete(self, table: str, key: tuple[object, ...], *, whole: bool) -> None:
        row = self.rows[table].pop(key)
        if table == "orders":
            for line in [line for line in self.rows["order_items"] if line[0] == key[0]]:
                del self.rows["order_items"][line]
        gone = dict(row) if whole else dict(list(row.items())[:1])
        if "updated_at" in row:
            gone["updated_at"] = self.now()
        self.changed[table].append({**gone, "_operation": "delete"})

    def visit(self) -> None:
        session, order = self.identifier(), self._pick("orders")
        visitor = f"v{self.random.randint(1, 6)}"
        named = {"session_id": f"s{session}", "visitor_id": visitor}
        source, medium = self.random.choice([("", ""), ("google", "cpc"), ("newsletter", "email")])
        device = self.random.choice(["mobile", "desktop"])
        user = self.random.choice(["", *range(1, 10)])
        # before or after the order: a visit that comes late changes what the order is credited to
        at = self.now() if order is None else self.random.choice([self.now(), self.rows["orders"][order]["ordered_at"]])
        row = {**named, "user_id": user, "started_at": at, "utm_source": source, "utm_medium": medium, "device": device}
        self.put("sessions", (f"s{session}",), row)
        for name in STEPS[: self.random.randint(0, 4)]:
            event = f"e{self.identifier()}"
            of = order[0] if name == "order_completed" and order else ""
            self.put(
                "events", (event,), {**named, "event_id": event, "event_name": name, "occurred_at": at, "order_id": of}
            )

    def _place(self) -> Row:
        return {"product_id": self.random.randint(1, 3), "location_id": self.random.randint(1, 2)}

    def move_stock(self) -> None:
        movement = self.identifier()
        kind = self.random.choice(["receipt", "sale", "return", "transfer", "waste", "evaporation"])
        quantity = self.random.randint(1, 5) * (-1 if kind in ("sale", "waste") else 1)
        row = {**self._place(), "movement_id": movement, "kind": kind, "quantity": quantity, "moved_at": self.now()}
        self.put("stock_movements", (movement,), row)

    def count_stock(self) -> None:
        place = self._place()
        row = {**place, "snapshot_date": self.now()[:10], "on_hand_quantity": self.random.randint(0, 20)}
        self.put("stock_counts", (*place.values(), row["snapshot_date"]), row)

    def spend(self) -> None:
        key = (f"c{self.random.randint(1, 2)}", self.now()[:10])
        row = {"campaign_id": key[0], "spend_date": key[1], "spend_amount": self.money(30), "currency": "EUR"}
        self.put(
            "ad_spend", key, {**row, "impressions": self.random.randint(0, 900), "clicks": self.random.randint(0, 9)}
        )

    def cost(self) -> None:
        number = self.random.randint(1, 4)
        basis = ("order", "unit", "percent", "period")[number - 1]
        row = {
            "cost_id": number,
            "kind": ("fulfilment", "packaging", "payment_fee", "rent")[number - 1],
            "basis": basis,
        }
        self.put("costs", (number,), {**row, "amount": self.money(3), "valid_from": self.now()[:10]})

    def subscribe(self) -> None:
        number = self.random.randint(1, 4)
        user, product = self.random.randint(1, 9), self.random.randint(1, 6)
        row = {"subscription_id": number, "user_id": user, "product_id": product, "price": self.money(30)}
        self.put("subscriptions", (number,), {**row, "billing_interval": self.random.choice(["month", "year"])})

    def change_subscription(self) -> None:
        event = self.identifier()
        kind = self.random.choice(["started", "cancelled", "resumed", "upgraded"])
        delta = self.random.choice(["", self.money(9)])
        row = {"event_id": event, "subscription_id": self.random.randint(1, 5), "kind": kind}
        self.put("subscription_events", (event,), {**row, "occurred_at": self.now(), "mrr_delta": delta})
