"""A small shop with stock, visits, campaigns, subscriptions, costs and targets, as rows of the contract's entities."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

Tables = dict[str, list[dict[str, Any]]]

FIRST = date(2025, 1, 6)
DAYS = 70
CHANNELS: tuple[dict[str, str], ...] = (
    {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand"},
    {"utm_source": "facebook", "utm_medium": "paid_social", "utm_campaign": "c2"},
    {"utm_source": "newsletter", "utm_medium": "email"},
    {"referrer": "https://www.google.de/search"},
    {"referrer": "https://blog.example.org/review"},
    {},
)
STEPS = ("page_viewed", "product_viewed", "product_added_to_cart", "checkout_started", "order_completed")


class Subjects:
    """The rows are the same for the same seed."""

    def __init__(self, seed: int = 7, orders: int = 150) -> None:
        self.random = random.Random(seed)
        self.tables: Tables = defaultdict(list)
        self.number = 0
        self.people()
        for number in range(1, orders + 1):
            self.order(number)
        self.idle_visits(orders)
        self.campaigns()
        self.stock()
        self.subscriptions()
        self.finance()

    def add(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)

    def next(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def moment(self, first: int = 0) -> datetime:
        start = datetime.combine(FIRST, datetime.min.time())
        return start + timedelta(days=self.random.randint(first, DAYS - 1), seconds=self.random.randint(0, 86_399))

    def people(self) -> None:
        for number in range(1, 9):
            gift = number == 8
            cost = round(3 + number * 1.25, 2)
            self.add("products", product_id=f"p{number}", unit_cost=cost, list_price=number * 5, is_gift_card=gift)
        for number in range(1, 41):
            self.add("customers", customer_id=f"c{number}", email=f"c{number}@shop.test")
        for location in ("east", "west"):
            self.add("locations", location_id=location, location_name=location.title())

    def order(self, number: int) -> None:
        pick = self.random
        ordered_at = self.moment(35)
        order, customer = f"o{number}", f"c{pick.randint(1, 40)}" if pick.random() < 0.8 else None
        status = pick.choices(("paid", "cancelled", "unavailable"), (90, 8, 2))[0]
        self.add(
            "orders",
            order_id=order,
            ordered_at=ordered_at,
            status=status,
            currency_code="USD",
            customer_id=customer,
            channel=pick.choice(("web", "app")),
            discount_amount=pick.choice((0, 0, 3.33)),
            shipping_amount=4.9,
            is_test=number == 5,
        )
        for line in range(1, pick.randint(1, 3) + 1):
            product = pick.randint(1, 8)
            price = round(product * 5 - pick.choice((0, 0, 0.01)), 2)
            quantity = pick.randint(1, 3)
            self.add(
                "order_items",
                order_id=order,
                line_number=line,
                product_id=f"p{product}",
                quantity=quantity,
                unit_price=price,
            )
        if status == "paid" and pick.random() < 0.12:
            later = ordered_at + timedelta(days=2)
            self.add("refunds", refund_id=f"r{number}", order_id=order, refunded_at=later, amount=5, product_amount=5)
        self.journey(order, customer, ordered_at)

    def journey(self, order: str, customer: str | None, ordered_at: datetime) -> None:
        pick, visitor = self.random, self.next("v")
        for back in sorted((pick.random() * 40 for _ in range(pick.randint(0, 4))), reverse=True):
            self.visit(visitor, ordered_at - timedelta(days=back), pick.choice((None, customer)), pick.randint(1, 3))
        if pick.random() < 0.4:
            self.touch(visitor, customer, ordered_at - timedelta(days=pick.random() * 10))
        if pick.random() < 0.85:
            self.visit(visitor, ordered_at - timedelta(minutes=12), customer, 5, order)
        self.visit(visitor, ordered_at + timedelta(days=1), None, 1)

    def visit(self, visitor: str, at: datetime, customer: str | None, steps: int, order: str | None = None) -> None:
        session = self.next("s")
        channel = self.random.choice(CHANNELS)
        device = self.random.choice(("mobile", "desktop"))
        named: dict[str, Any] = {"session_id": session, "visitor_id": visitor}
        self.add("sessions", **named, started_at=at, customer_id=customer, device=device, **channel)
        for index, name in enumerate(STEPS[:steps]):
            self.add(
                "events",
                event_id=self.next("e"),
                **named,
                event_name=name,
                occurred_at=at + timedelta(minutes=2 * index),
                product_id="p1" if index in (1, 2) else None,
                order_id=order if index == 4 else None,
            )

    def touch(self, visitor: str, customer: str | None, at: datetime) -> None:
        kind = self.random.choice(("impression", "click"))
        self.add(
            "touchpoints",
            # a visit may have the same id
            touch_id=visitor.replace("v", "s"),
            touched_at=at,
            kind=kind,
            visitor_id=visitor,
            customer_id=customer,
            campaign_id="c2",
            platform="facebook",
        )

    def idle_visits(self, count: int) -> None:
        for _ in range(count):
            self.visit(self.next("v"), self.moment(), None, self.random.randint(1, 4))

    def campaigns(self) -> None:
        for campaign, name, platform, channel in (
            ("c1", "Brand", "google", "paid search"),
            ("c2", "Spring", "facebook", "paid social"),
        ):
            self.add(
                "campaigns",
                campaign_id=campaign,
                campaign_name=name,
                platform=platform,
                channel=channel,
                budget_amount=1_000,
            )
            for day in range(DAYS):
                clicks = self.random.randint(0, 40)
                self.add(
                    "ad_spend",
                    spend_date=FIRST + timedelta(days=day),
                    campaign_id=campaign,
                    spend_amount=round(clicks * 0.37, 2),
                    currency_code="USD" if campaign == "c1" else "EUR",
                    impressions=clicks * 50,
                    clicks=clicks,
                    platform_conversions=clicks // 10,
                    platform_revenue=clicks // 10 * 30,
                )
        for day in range(DAYS):
            at = FIRST + timedelta(days=day)
            if at.isoweekday() < 6:
                rate = round(1.05 + self.random.random() / 50, 4)
                self.add("exchange_rates", rate_date=at, from_currency="EUR", to_currency="USD", rate=rate)

    def stock(self) -> None:
        on_hand: dict[tuple[str, str], int] = defaultdict(int)
        for day in range(DAYS):
            at = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day, hours=9)
            for product in ("p1", "p2", "p3"):
                for location in ("east", "west"):
                    key = (product, location)
                    self.moves(key, at, on_hand)
                    if day % 14 == 13:
                        on_hand[key] -= self.random.choice((0, 0, 1))
                        self.add(
                            "inventory_snapshots",
                            product_id=product,
                            location_id=location,
                            snapshot_date=at.date(),
                            on_hand_quantity=on_hand[key],
                            reserved_quantity=1,
                            incoming_quantity=10,
                        )

    def moves(self, key: tuple[str, str], at: datetime, on_hand: dict[tuple[str, str], int]) -> None:
        pick = self.random
        wanted = [("sale", -min(pick.randint(0, 3), max(on_hand[key], 0)))]
        if at.weekday() == 0:
            wanted.append(("receipt", pick.randint(2, 9)))
        wanted.append((pick.choice(("return", "adjustment", "transfer")), pick.choice((0, 0, 0, 1))))
        wanted.append(("waste", -1 if on_hand[key] > 5 and pick.random() < 0.1 else 0))
        for kind, quantity in wanted:
            if quantity:
                on_hand[key] += quantity
                self.add(
                    "inventory_movements",
                    movement_id=self.next("m"),
                    product_id=key[0],
                    location_id=key[1],
                    moved_at=at,
                    quantity=quantity,
                    kind=kind,
                )

    def subscriptions(self) -> None:
        for number in range(1, 13):
            name = f"sub{number}"
            price = number * 2
            self.add(
                "subscriptions",
                subscription_id=name,
                customer_id=f"c{number}",
                product_id="p1",
                billing_interval="month",
                price=price,
            )
            at = self.moment()
            events = [
                ("started", price),
                ("upgraded", 3),
                ("downgraded", -1),
                ("cancelled", -price - 2),
                ("resumed", price),
            ]
            for index, (kind, delta) in enumerate(events[: number % 5 + 1]):
                self.add(
                    "subscription_events",
                    event_id=self.next("se"),
                    subscription_id=name,
                    kind=kind,
                    occurred_at=at + timedelta(days=index * 9),
                    mrr_delta=delta,
                )

    def finance(self) -> None:
        last = FIRST + timedelta(days=DAYS)
        for cost, kind, basis, amount, first, to in (
            ("k1", "fulfilment", "order", 1.25, FIRST, None),
            ("k2", "packaging", "unit", 0.15, FIRST, None),
            ("k3", "payment_fee", "percent", 2.9, FIRST, FIRST + timedelta(days=40)),
            ("k4", "payment_fee", "percent", 2.5, FIRST + timedelta(days=41), None),
            ("k5", "rent", "period", 1000, FIRST, last),
        ):
            self.add("costs", cost_id=cost, kind=kind, basis=basis, amount=amount, valid_from=first, valid_to=to)
        for metric, value in (("net_sales_amount", 5000), ("order_count", 100), ("new_customer_count", 30)):
            self.add(
                "targets",
                metric=metric,
                period_start=date(2025, 2, 1),
                period_end=date(2025, 2, 28),
                target_value=value,
            )
