"""Local days of stores: against the clocks that Python's zoneinfo knows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from .plain import PlainShop

# Whole hours, half and quarter ones, half an hour of summer time, no summer time, and a day that was left out.
ZONES = (
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
)
CHANGES = (
    datetime(2011, 12, 30, 10),
    datetime(2024, 3, 10, 7),
    datetime(2024, 3, 31, 1),
    datetime(2024, 4, 6, 15),
    datetime(2024, 10, 5, 15, 30),
    datetime(2024, 10, 27, 1),
    datetime(2024, 11, 3, 6),
)


def moments(seed: int) -> list[datetime]:
    chosen = random.Random(seed)
    anywhere = [datetime(1995, 1, 1) + timedelta(seconds=chosen.randrange(35 * 365 * 86_400)) for _ in range(200)]
    near = [at + timedelta(seconds=seconds) for at in CHANGES for seconds in range(-86_400, 86_401, 3_599)]
    # Before the days that the warehouse has a calendar of.
    return [*anywhere, *near, datetime(1985, 7, 1, 23, 30)]


def local(at: datetime, zone: str) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> PlainShop:
    shop = PlainShop(tmp_path_factory.mktemp("zones") / "shop", ["stores", "payments", "shipments"])
    orders = [
        (f"{zone} {number}", zone, at) for zone in ZONES for number, at in enumerate(moments(ZONES.index(zone) + 1))
    ]
    shop.rows(
        {
            "stores": [
                {"store_id": zone, "store_name": zone, "timezone": zone, "currency_code": "USD"} for zone in ZONES
            ],
            "orders": [
                {
                    "order_id": order,
                    "ordered_at": at,
                    "promised_delivery_at": at + timedelta(hours=60),
                    "status": "completed",
                    "currency_code": "USD",
                    "store_id": zone,
                }
                for order, zone, at in orders
            ],
            "payments": [
                {"payment_id": order, "order_id": order, "amount": 1, "paid_at": at + timedelta(hours=1)}
                for order, _, at in orders
            ],
            "shipments": [
                {
                    "shipment_id": order,
                    "order_id": order,
                    "shipped_at": at + timedelta(hours=20),
                    "delivered_at": None if index % 5 == 0 else at + timedelta(hours=70),
                }
                for index, (order, _, at) in enumerate(orders)
            ],
        }
    )
    shop.build()
    return shop


def test_orders_have_the_days_and_times_of_their_stores_clocks(shop: PlainShop) -> None:
    rows = shop.query("select store_id, ordered_at, ordered_at_local, order_date, days_to_ship from core.fct_orders")
    assert len(rows) > 3_000
    wrong = [
        row
        for row in rows
        if row["ordered_at_local"] != local(row["ordered_at"], row["store_id"])
        or row["order_date"] != local(row["ordered_at"], row["store_id"]).date()
        or row["days_to_ship"]
        != (local(row["ordered_at"] + timedelta(hours=20), row["store_id"]).date() - row["order_date"]).days
    ]
    assert wrong == []


def test_payments_and_parcels_have_the_days_of_their_stores(shop: PlainShop) -> None:
    rows = shop.query(
        "select orders.store_id, payments.paid_at, payments.paid_date, parcels.shipped_at, parcels.shipped_date, "
        "parcels.delivered_at, parcels.delivered_date, parcels.promised_delivery_at, parcels.promised_delivery_date "
        "from core.fct_orders as orders join core.fct_payments as payments using (order_key) "
        "join core.fct_shipments as parcels using (order_key)"
    )
    assert len(rows) > 3_000
    assert any(row["delivered_at"] is None for row in rows)
    wrong = [
        (row["store_id"], name, row[f"{name}_at"], row[f"{name}_date"])
        for row in rows
        for name in ("paid", "shipped", "delivered", "promised_delivery")
        if row[f"{name}_date"] != (row[f"{name}_at"] and local(row[f"{name}_at"], row["store_id"]).date())
    ]
    assert wrong == []


def test_the_offset_of_a_day_is_known_where_the_clocks_do_not_change(shop: PlainShop) -> None:
    # Of the calendar's last day the end is not known.
    rows = shop.query(
        "select timezone, utc_date, offset_seconds from core.fct_time_zone_offsets_daily where utc_date < '2049-12-31'"
    )
    assert {row["timezone"] for row in rows} == {*ZONES, "UTC"}
    wrong = []
    for row in rows:
        midnight = datetime.combine(row["utc_date"], datetime.min.time())
        ahead = {local(at, row["timezone"]) - at for at in (midnight, midnight + timedelta(days=1))}
        expected = ahead.pop().total_seconds() if len(ahead) == 1 else None
        if row["offset_seconds"] != expected:
            wrong.append((row, expected))
    assert wrong[:5] == []
