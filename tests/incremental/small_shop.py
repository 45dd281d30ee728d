"""A small shop in memory whose rows change at random, written as the files of the platform storefront."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = {
    "users": ("user_id", "email", "city", "state", "country_code", "accepts_marketing", "updated_at"),
    "products": ("product_id", "name", "category_id", "price", "cost", "is_gift_card", "status", "updated_at"),
    "orders": (
        "order_id",
        "user_id",
        "channel",
        "status",
        "currency",
        "ordered_at",
        "cancelled_at",
        "discount_code",
        "discount_amount",
        "shipping_amount",
        "tax_amount",
        "is_test",
        "updated_at",
    ),
    "order_items": ("order_id", "line_number", "product_id", "quantity", "unit_price", "discount_amount", "tax_amount"),
    "payments": ("payment_id", "order_id", "kind", "status", "method", "amount", "paid_at"),
    "refunds": ("refund_id", "order_id", "amount", "product_amount", "tax_amount", "shipping_amount", "refunded_at"),
    "refund_items": ("refund_id", "order_id", "line_number", "product_id", "quantity", "amount"),
    "exchange_rates": ("rate_date", "from_currency", "to_currency", "rate"),
    "shipments": ("shipment_id", "order_id", "carrier", "status", "shipped_at", "delivered_at", "cost_amount"),
}

# Immutable events: no key comes twice.
APPENDED = ("sessions", "events", "stock_movements", "subscription_events")

Row = dict[str, Any]


@dataclass
class SmallShop:
    """Rows by table and key. `changed` are the rows of the present round, as a system would export them."""

    seed: int
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: COLUMNS)
    round: int = 0
    clock: int = 0
    next_id: int = 1
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    changed: dict[str, list[Row]] = field(default_factory=dict)
    nameless: int = 0
    older: list[tuple[str, Row]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.rows = {name: {} for name in self.columns}
        self.changed = {name: [] for name in self.columns}
        self.bank = random.Random(self.seed)
        for number in range(1, 7):
            self.put("products", (number,), self._product(number))
        for month in range(1, 13):
            for day in (1, 8, 15, 22):
                self.rate(f"2025-{month:02}-{day:02}")

    def play(self, steps: int) -> None:
        """Begin a new round and change the shop this many times."""
        self.round += 1
        if self.round > 1:
            self.changed = {name: [] for name in self.columns}
        actions = self.actions()
        for _ in range(steps):
            self.random.choice(actions)()
        for _ in range(3):
            self.change_rate()

    def actions(self) -> list[Callable[[], None]]:
        """What may happen, each as often as it stands here."""
        return (
            [self.order] * 6
            + [self.resend_order] * 4
            + [self.change_user] * 3
            + [self.pay, self.pay, self.move_payment, self.refund, self.refund, self.ship]
            + [self.change_product, self.repeat_row, self.send_older, self.line_without_order, self.nameless_row]
        )

    def put(self, table: str, key: tuple[Any, ...], row: Row) -> None:
        before = self.rows[table].get(key)
        if before is not None:
            self.older.append((table, before))
        self.rows[table][key] = row
        self.changed[table].append(row)

    def now(self) -> str:
        self.clock += self.random.randint(1, 40_000)
        day, second = divmod(self.clock, 86_400)
        date = f"2025-{1 + day // 28 % 12:02}-{1 + day % 28:02}"
        return f"{date} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"

    def identifier(self) -> int:
        self.next_id += 1
        return self.next_id

    def money(self, most: int) -> str:
        return f"{self.random.randint(0, most * 100) / 100:.2f}"

    def _product(self, number: int) -> Row:
        return {
            "product_id": number,
            "name": f"product {number}",
            "category_id": self.random.randint(1, 3),
            "price": self.money(90),
            "cost": self.money(40) if self.random.random() < 0.8 else "",
            "is_gift_card": str(number == 6 and self.random.random() < 0.7).lower(),
            "status": self.random.choice(["active", "archived"]),
            "updated_at": self.now(),
        }

    def _user(self, number: int) -> Row:
        return {
            "user_id": number,
            "email": self.random.choice(["", f"u{number}@shop.test", f"U{number % 4}@Shop.test "]),
            "city": self.random.choice(["Lyon", "Porto"]),
            "state": self.random.choice(["A", "B"]),
            "country_code": "FR",
            "accepts_marketing": self.random.choice(["true", "false", ""]),
            "updated_at": self.random.choice([self.now(), self.now(), ""]),
        }

    def _pick(self, table: str) -> tuple[Any, ...] | None:
        keys = sorted(key for key in self.rows[table] if key[0] != "nameless")
        return self.random.choice(keys) if keys else None

    def change_user(self) -> None:
        number = self.random.randint(1, 8)
        self.put("users", (number,), self._user(number))

    def change_product(self) -> None:
        number = self.random.randint(1, 8)
        self.put("products", (number,), self._product(number))

    def rate(self, day: str) -> None:
        """What a pound is worth, for a week at most: later days have a newer rate."""
        rate = f"{self.bank.randint(110_000, 125_000) / 100_000:.5f}"
        row = {"rate_date": day, "from_currency": "GBP", "to_currency": "EUR", "rate": rate}
        self.rows["exchange_rates"][day, "GBP", "EUR"] = row
        self.changed["exchange_rates"].append(row)

    def change_rate(self) -> None:
        """Of a day that has one already, or a day that had none: late, or corrected."""
        day = self.bank.randint(0, self.clock // 86_400)
        self.rate(f"2025-{1 + day // 28 % 12:02}-{1 + day % 28:02}")

    def _header(self, order: int, ordered_at: str) -> Row:
        status = self.random.choice(["delivered"] * 5 + ["cancelled", "paid", "pending", "lost in space"])
        return {
            "order_id": order,
            "user_id": self.random.choice(["", *range(1, 10)]),
            "channel": self.random.choice(["web", "app", ""]),
            "status": status,
            "currency": "GBP" if order % 3 == 0 else "EUR",
            "ordered_at": ordered_at,
            "cancelled_at": self.now() if status == "cancelled" and self.random.random() < 0.7 else "",
            "discount_code": self.random.choice(["", "WELCOME"]),
            "discount_amount": self.random.choice(["0", self.money(9)]),
            "shipping_amount": self.random.choice(["0", "4.90"]),
            "tax_amount": self.random.choice(["0", "0.93"]),
            "is_test": str(self.random.random() < 0.05).lower(),
            "updated_at": self.now(),
        }

    def _lines(self, order: int) -> None:
        for key in [key for key in self.rows["order_items"] if key[0] == order]:
            self.older.append(("order_items", self.rows["order_items"].pop(key)))
        for line in sorted(self.random.sample(range(1, 6), self.random.choice([1, 1, 2, 3]))):
            price = self.money(60)
            row = {
                "order_id": order,
                "line_number": line,
                "product_id": self.random.randint(1, 9),
                "quantity": self.random.randint(1, 4),
                "unit_price": price,
                "discount_amount": "0",
                "tax_amount": self.random.choice(["0", "1.10"]),
            }
            self.put("order_items", (order, line), row)

    def order(self) -> None:
        order = self.identifier()
        self.put("orders", (order,), self._header(order, self.now()))
        if self.random.random() < 0.9:
            self._lines(order)
        payment = self.identifier()
        paid = {**self._payment(payment, order), "kind": "sale", "status": "success", "amount": "500.00"}
        self.put("payments", (payment,), paid)

    def resend_order(self) -> None:
        key = self._pick("orders")
        if key is None:
            return
        self.put("orders", key, self._header(key[0], self.rows["orders"][key]["ordered_at"]))
        if self.random.random() < 0.8:
            self._lines(key[0])

    def line_without_order(self) -> None:
        self._lines(self.identifier() + 100_000)

    def nameless_row(self) -> None:
        """A row without its key, or without its order: rejected, each of them.

        A payment whose newest row is rejected counts no more, so the one that covers an order never loses it.
        """
        choices = [("payments", "payment_id"), ("payments", "order_id"), ("order_items", "order_id")]
        table, column = self.random.choice(choices)
        key = self._pick(table)
        if key is not None and not (table == "payments" and column == "order_id" and self._is_main(key)):
            self.nameless += 1
            self.rows[table][("nameless", self.nameless)] = {**self.rows[table][key], column: ""}
            self.changed[table].append({**self.rows[table][key], column: ""})

    def pay(self) -> None:
        key = self._pick("orders")
        if key is not None:
            payment = self.identifier()
            self.put("payments", (payment,), self._payment(payment, key[0]))

    def move_payment(self) -> None:
        payment, order = self._pick("payments"), self._pick("orders")
        if payment is not None and order is not None and not self._is_main(payment):
            self.put("payments", payment, self._payment(payment[0], order[0]))

    def _is_main(self, payment: tuple[Any, ...]) -> bool:
        """Whether it is the payment that covers its order, so that no refund exceeds what was paid."""
        return bool(self.rows["payments"][payment]["amount"] == "500.00")

    def _payment(self, payment: int, order: int) -> Row:
        return {
            "payment_id": payment,
            "order_id": order,
            "kind": self.random.choice(["sale", "capture", "authorization"]),
            "status": self.random.choice(["success", "success", "failed"]),
            "method": self.random.choice(["card", "voucher"]),
            "amount": self.money(80),
            "paid_at": self.now(),
        }

    def refund(self) -> None:
        line = self._pick("order_items")
        if line is None:
            return
        refund = self.identifier()
        amount = self.money(5)
        at_line = self.random.random() < 0.7
        row = {
            "refund_id": refund,
            "order_id": line[0],
            "amount": amount,
            "product_amount": amount,
            "tax_amount": "0",
            "shipping_amount": "0",
            "refunded_at": self.now(),
        }
        self.put("refunds", (refund,), row)
        if at_line:
            product = self.rows["order_items"][line]["product_id"]
            item = {"refund_id": refund, "order_id": line[0], "line_number": line[1], "product_id": product}
            self.put("refund_items", (refund, line[1]), {**item, "quantity": 0, "amount": amount})

    def ship(self) -> None:
        key = self._pick("orders")
        if key is not None:
            parcel = self.identifier()
            row = {"shipment_id": parcel, "order_id": key[0], "carrier": "post", "status": "delivered"}
            self.put(
                "shipments",
                (parcel,),
                {**row, "shipped_at": self.now(), "delivered_at": self.now(), "cost_amount": self.money(6)},
            )

    def repeat_row(self) -> None:
        table = self.random.choice([name for name in self.columns if name not in (*APPENDED, "exchange_rates")])
        if self.changed[table]:
            self.changed[table].append(self.random.choice(self.changed[table]))

    def send_older(self) -> None:
        if self.older:
            table, row = self.random.choice(self.older)
            self.changed[table].append(row)

    def write_changes(self, folder: Path) -> None:
        """This round's rows as new files, shuffled, in one or two files a table."""
        for table, rows in self.changed.items():
            shuffled = list(rows)
            if table not in ("order_items", "refund_items"):
                self.random.shuffle(shuffled)
            half = self.random.randint(0, len(shuffled)) if table not in ("order_items", "refund_items") else 0
            for part, some in enumerate((shuffled[:half], shuffled[half:])):
                if some:
                    _write(folder / f"{table}-{self.round}-{part}.csv", table, some)

    def write_everything(self, folder: Path) -> None:
        """All rows that exist now, over the files of the round before."""
        for table, rows in self.rows.items():
            _write(folder / f"{table}.csv", table, rows.values())

    def forget_something(self) -> None:
        """Delete an order with its lines, or a product, or a user, without a trace."""
        table = self.random.choice(["orders", "products", "users", "payments", "refunds"])
        key = self._pick(table)
        if key is None or (table == "payments" and self._is_main(key)):
            return
        del self.rows[table][key]
        if table == "orders":
            for line in [line for line in self.rows["order_items"] if line[0] == key[0]]:
                del self.rows["order_items"][line]


def _write(file: Path, table: str, rows: Iterable[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS[table])
        writer.writeheader()
        writer.writerows(rows)
