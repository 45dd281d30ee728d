"""Exchange rates, costs, targets, and what advertising costs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import Ints, money, numbers, times, words
from shophouse.demo.world.clock import Floats, busy
from shophouse.demo.world.journeys import Claims
from shophouse.demo.world.places import MARKETS, Places
from shophouse.demo.world.settings import MONEY, Settings
from shophouse.demo.world.truths import Truths

HOME = "USD"
# Days until a platform says of a day what it will say ever after.
SETTLES = 2


def rates(settings: Settings, places: Places) -> dict[str, Floats]:
    """US dollars for one of each foreign currency, by day: a walk of half a per cent a day around where it began."""
    rng = settings.rng(MONEY)
    found: dict[str, Floats] = {}
    for market in places.markets:
        steps = rng.normal(0.0, 0.004, settings.span)
        level = np.empty(settings.span)
        value = 0.0
        for day, step in enumerate(steps.tolist()):
            value = 0.995 * value + step
            level[day] = value
        if market.currency != HOME:
            found[market.currency] = np.round(market.rate * np.exp(level), 8)
    return found


def rate_table(settings: Settings, places: Places, first_day: int, until_day: int) -> Any:
    days = np.arange(first_day, until_day)
    currencies = list(rates(settings, places).items())
    scaled = [np.round(rate[days] * 1e8).astype(np.int64) for _, rate in currencies]
    size = len(days) * len(currencies)
    return pa.table(
        {
            "rate_date": _dates(settings, np.tile(days, len(currencies))),
            "from_currency": pa.array([name for name, _ in currencies for _ in days], pa.string()),
            "to_currency": pa.array([HOME] * size, pa.string()),
            "rate": money(np.concatenate([*scaled, np.zeros(0, dtype=np.int64)]), scale=8),
        }
    )


def _dates(settings: Settings, day: Ints) -> Any:
    return pa.array((settings.start // DAY + day).astype("datetime64[D]"))


def cost_table(settings: Settings) -> Any:
    """Rules with their validity; the warehouse's prices rise in the middle of the time."""
    first, half = settings.first_day, settings.first_day + timedelta(days=settings.span // 2)
    rules: list[tuple[str, str, str, date, date | None, str | None]] = [
        ("fulfilment", "order", "2.10", first, half - timedelta(days=1), None),
        ("fulfilment", "order", "2.35", half, None, None),
        ("packaging", "unit", "0.22", first, None, None),
        ("returns_handling", "order", "3.50", first, None, None),
        ("payment_fees", "percent", "1.90", first, None, "store"),
        ("rent", "period", "4200.00", first, None, None),
        ("salaries", "period", "11500.00", first, None, None),
    ]
    kinds, bases, amounts, starts, ends, scopes = zip(*rules, strict=True)
    return pa.table(
        {
            "cost_id": pa.array(range(1, len(rules) + 1), pa.int64()),
            "kind": pa.array(kinds),
            "basis": pa.array(bases),
            "amount": money(np.array([round(float(amount) * 100) for amount in amounts], dtype=np.int64)),
            "valid_from": pa.array(starts, pa.date32()),
            "valid_to": pa.array(ends, pa.date32()),
            "scope": pa.array(scopes, pa.string()),
        }
    )


def target_table(settings: Settings, truths: Truths) -> Any:
    """Net sales and orders to reach in each month: what may be expected, and a twentieth more."""
    orders = settings.orders / settings.days * 1.05
    each = truths.spending.p * truths.spending.gamma / (truths.spending.q - 1) * 0.93
    speed = busy(settings.start, settings.span)
    rows: list[tuple[str, date, date, int]] = []
    month = settings.first_day.replace(day=1)
    while month <= settings.end:
        after = (month + timedelta(days=32)).replace(day=1)
        begins = max(0, (month - settings.first_day).days)
        ends = min((after - settings.first_day).days, settings.span)
        expected = orders * float(speed[begins:ends].sum())
        rows.append(("orders", month, after - timedelta(days=1), round(expected) * 100))
        rows.append(("net_sales", month, after - timedelta(days=1), round(expected * each) * 100))
        month = after
    metrics, starts, stops, values = zip(*rows, strict=True)
    return pa.table(
        {
            "metric": pa.array(metrics),
            "period_start": pa.array(starts, pa.date32()),
            "period_end": pa.array(stops, pa.date32()),
            "target_value": money(np.array(values, dtype=np.int64)),
        }
    )


def quarter(day: Ints) -> Ints:
    """The campaign of a channel that a day (since the world's start) belongs to: one a quarter of a year."""
    return day // 91


def campaign_id(channel: Ints, quarter: Ints) -> Ints:
    return (channel + 1) * 1_000 + quarter + 1


def campaign_names(settings: Settings, truths: Truths) -> list[list[str]]:
    """By channel and quarter."""
    quarters = -(-settings.span // 91)
    first = settings.first_day
    starts = [first + timedelta(days=91 * number) for number in range(quarters)]
    return [[f"{channel.name}-{day:%Y-%m}" for day in starts] for channel in truths.channels]


def campaign_table(settings: Settings, truths: Truths, first_day: int, until_day: int) -> Any:
    """The campaigns that begin in a span of days."""
    named = campaign_names(settings, truths)
    known = [
        (channel, number)
        for number in range(len(named[0]))
        for channel in range(len(named))
        if first_day <= number * 91 < until_day
    ]
    channels = np.array([channel for channel, _ in known], dtype=np.int64)
    numbers_ = np.array([number for _, number in known], dtype=np.int64)
    begins = settings.start + numbers_ * 91 * DAY
    at = truths.channels
    return pa.table(
        {
            "campaign_id": numbers(campaign_id(channels, numbers_)),
            "name": pa.array([named[channel][number] for channel, number in known], pa.string()),
            "platform": pa.array([at[channel].platform for channel, _ in known], pa.string()),
            "channel": pa.array([at[channel].kind for channel, _ in known], pa.string()),
            "objective": words(("conversions", "awareness"), (channels == 2).astype(np.int64)),
            "starts_at": times(begins),
            "ends_at": times(begins + 91 * DAY),
            "budget_amount": money(np.full(len(known), 7_500_00, dtype=np.int64)),
        }
    )


def spend_currency(places: Places) -> list[str]:
    """By channel: display is paid in euros where the shop sells for euros."""
    has_euro = MARKETS["DE"] in places.markets
    return [HOME, HOME, "EUR" if has_euro else HOME, HOME, HOME]


def told_spend(
    settings: Settings, places: Places, truths: Truths, claims: Claims, first_day: int, until_day: int
) -> tuple[Any, list[str]]:
    """Spend as the platforms tell it in a delivery, and the keys (campaign, day) of what was told before: the newest
    days lack a fifth of their conversions, and come again until they are settled."""
    again = max(first_day - SETTLES, 0)
    table = spend_table(settings, places, truths, claims, again, until_day)
    day = table["spend_date"].cast(pa.int32()).to_numpy() - settings.start // DAY
    settled = day < until_day - SETTLES
    early = {}
    for name in ("platform_conversions", "platform_revenue"):
        column = table[name]
        fewer = pc.multiply(column.cast(pa.float64()), 0.8)
        early[name] = pc.if_else(pa.array(settled), column, pc.floor(fewer).cast(column.type))
    for name, column in early.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    before = table.filter(pa.array(day < first_day))
    return table, [
        f"{campaign},{at}"
        for campaign, at in zip(before["campaign_id"].to_pylist(), before["spend_date"].to_pylist(), strict=True)
    ]


def spend_table(
    settings: Settings, places: Places, truths: Truths, claims: Claims, first_day: int, until_day: int
) -> Any:
    """Channel and day: what it cost, and what the platform says came of it in the end."""
    paid = [n for n, channel in enumerate(truths.channels) if channel.per_click or channel.per_thousand]
    channel, day = (
        grid.ravel() for grid in np.meshgrid(np.array(paid), np.arange(first_day, until_day), indexing="ij")
    )
    audience = np.array([one.audience for one in truths.channels], dtype=np.int64)[channel]
    shown, clicked = claims.impressions[channel, day] * audience, claims.clicks[channel, day]
    per_click = np.array([one.per_click for one in truths.channels])[channel]
    per_thousand = np.array([one.per_thousand for one in truths.channels])[channel]
    currency = spend_currency(places)
    worth = np.array([MARKETS["DE"].rate if name == "EUR" else 1.0 for name in currency])[channel]
    spend = np.round((clicked * per_click + shown * per_thousand / 1_000) * 100 / worth).astype(np.int64)
    return pa.table(
        {
            "spend_date": _dates(settings, day),
            "campaign_id": numbers(campaign_id(channel, quarter(day))),
            "spend_amount": money(spend),
            "currency": words(currency, channel),
            "impressions": numbers(shown),
            "clicks": numbers(clicked),
            "platform_conversions": numbers(claims.conversions[channel, day]),
            "platform_revenue": money(np.round(claims.revenue[channel, day] / worth).astype(np.int64)),
        }
    )
