"""A shop that sells in four currencies and zones, and what it earned, worked out in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

ENTITIES = (
    "payments", "refunds", "refund_items", "shipments", "costs", "ad_spend", "exchange_rates", "stores", "targets",
    "sessions", "promotions",
)  # fmt: skip
STORES = {
    "ny": ("America/New_York", "USD"),
    "la": ("America/Los_Angeles", "USD"),
    "berlin": ("Europe/Berlin", "EUR"),
    "tokyo": ("Asia/Tokyo", "JPY"),
    "london": ("Europe/London", "GBP"),
}
TAX = {"USD": Decimal("0.08"), "EUR": Decimal("0.19"), "GBP": Decimal("0.20"), "JPY": Decimal("0.10")}
INCLUDED = ("EUR", "GBP", "JPY")
FIRST_RATE = date(2024, 12, 30)

Row = dict[str, Any]


def money(amount: Decimal) -> Decimal:
    """Four decimals, half away from zero."""
    return amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def cents(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1) if currency == "JPY" else Decimal("0.01"), ROUND_HALF_UP)


class Books:
    """Rows of the contract, and what is needed to say what becomes of them. Orders lie around
    midnights and changes of clocks."""

    def __init__(self, orders: int = 60) -> None:
        self.tables: dict[str, list[Row]] = defaultdict(list)
        self.rates: dict[tuple[str, date], Decimal] = {}
        for name, (zone, currency) in STORES.items():
            self.tables["stores"].append(
                {"store_id": name, "store_name": name.title(), "timezone": zone, "currency_code": currency}
            )
        self.tables["customers"] = [{"customer_id": f"c{n}", "email": f"c{n}@shop.test"} for n in range(9)]
        self.tables["products"] = [
            {"product_id": "cup", "unit_cost": 4, "list_price": 11},
            {"product_id": "pot", "unit_cost": Decimal("510.5"), "currency_code": "JPY", "list_price": 3000},
            {"product_id": "pan", "unit_cost": Decimal("7.77"), "currency_code": "EUR", "list_price": 30},
            {"product_id": "card", "is_gift_card": True, "list_price": 25},
        ]
        self._rates()
        for number in range(orders):
            self._order(number)

    def _rates(self) -> None:
        """Weekdays only, one pair turned round, one over a third currency."""
        for number in range(120):
            day = FIRST_RATE + timedelta(days=number)
            if day.isoweekday() > 5:
                continue
            given = {
                ("EUR", "USD"): Decimal("1.03337") + Decimal(number) / 3000,
                ("USD", "GBP"): Decimal("0.791") - Decimal(number) / 7000,
                ("JPY", "EUR"): Decimal("0.00612345") + Decimal(number) / 1000000,
            }
            for (here, there), rate in given.items():
                rate = rate.quantize(Decimal("0.00000001"), ROUND_HALF_UP)
                given[here, there] = rate
                self.tables["exchange_rates"].append(
                    {"rate_date": day, "from_currency": here, "to_currency": there, "rate": rate}
                )
            eight = Decimal("0.00000001")
            euro = given["EUR", "USD"]
            found = {
                "EUR": euro,
                "GBP": (1 / given["USD", "GBP"]).quantize(eight, ROUND_HALF_UP),
                "JPY": (given["JPY", "EUR"] * euro).quantize(eight, ROUND_HALF_UP),
            }
            for currency, rate in found.items():
                for carried in range(8):
                    self.rates[currency, day + timedelta(days=carried)] = rate

    def rate(self, currency: str, day: date) -> Decimal:
        return Decimal(1) if currency == "USD" else self.rates[currency, day]

    def local(self, store: str, at: datetime) -> date:
        return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(STORES[store][0])).date()

    def _order(self, number: int) -> None:
        store = list(STORES)[number % len(STORES)]
        currency = STORES[store][1]
        # 9 March and 30 March 2025 are when clocks change in America and in Europe.
        at = datetime(2025, 1, 2, 21, 40) + timedelta(hours=37 * number + number % 7, minutes=11 * number)
        order = f"o{number:03}"
        scale = Decimal(150) if currency == "JPY" else Decimal(1)
        cancelled = number % 13 == 6
        included = currency in INCLUDED
        shipping = cents(Decimal("4.95") * scale, currency)
        self.tables["orders"].append(
            {
                "order_id": order, "ordered_at": at, "status": "cancelled" if cancelled else "paid",
                "currency_code": currency, "customer_id": f"c{number % 9}", "store_id": store, "channel": "web",
                "taxes_included": included, "shipping_amount": shipping, "tip_amount": number % 3,
                "discount_amount": cents(Decimal(number % 4) * scale, currency),
                "cancelled_at": at + timedelta(hours=30) if cancelled else None,
            }
        )  # fmt: skip
        cost = cents(Decimal("3.3") * scale, currency)
        for line, product in enumerate(("cup", "pot", "pan", "card")[: number % 4 + 1], 1):
            price = cents(Decimal("9.99") * line * scale, currency)
            tax = Decimal(0)
            if product != "card":
                share = TAX[currency] / (1 + TAX[currency]) if included else TAX[currency]
                tax = cents(price * 2 * share, currency)
            self.tables["order_items"].append(
                {
                    "order_id": order, "line_number": line, "product_id": product, "quantity": 2, "unit_price": price,
                    "tax_amount": tax,
                    "unit_cost": cost if product == "cup" and number % 5 == 1 else None,
                }
            )  # fmt: skip
        method = "Gift Card" if number % 6 == 1 else "card"
        self.tables["payments"].append(
            {
                "payment_id": f"p{number}", "order_id": order, "amount": cents(Decimal(15) * scale, currency),
                "paid_at": at + timedelta(minutes=50), "kind": "sale", "method": method,
                "fee_amount": cents(Decimal("0.37") * scale, currency),
            }
        )  # fmt: skip
        self.tables["shipments"].append(
            {
                "shipment_id": f"s{number}", "order_id": order, "cost_amount": cents(Decimal("3.21") * scale, currency),
                "shipped_at": at + timedelta(hours=9),
            }
        )  # fmt: skip
        if number % 11 == 3:
            self._refund(number, order, at + timedelta(days=12), cents(Decimal("9.99") * scale, currency))

    def _refund(self, number: int, order: str, at: datetime, amount: Decimal) -> None:
        named = {"refund_id": f"r{number}", "order_id": order}
        self.tables["refunds"].append({**named, "refunded_at": at, "amount": amount, "product_amount": amount})
        self.tables["refund_items"].append(
            {**named, "refund_item_id": "1", "line_number": 1, "product_id": "cup", "quantity": 1, "amount": amount}
        )
