"""What orders and gift cards are worth in US dollars: each amount at the rate of its order's day at its store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from shophouse.demo import events
from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Bools, Ints, money, numbers, words
from shophouse.demo.world.money import rates
from shophouse.demo.world.sales import Sales, World

MOVEMENTS = ("issued", "refunded", "redeemed", "restored")
_HOUR = 3600
_SCALE = 100_000_000


class Reporting:
    """Days and rates of a world's orders. Rates have eight decimals, amounts four, rounded half up."""

    def __init__(self, world: World) -> None:
        self.world = world
        settings, places = world.settings, world.places
        known = rates(settings, places)
        one = np.ones(settings.span)
        table = [np.round(known.get(market.currency, one) * _SCALE).astype(np.int64) for market in places.markets]
        self._rates = np.array(table)

    def local_day(self, at: Ints, store: Ints) -> Ints:
        """Days since 1970 at the store, to the second: clocks change at whole hours."""
        stores = self.world.places.stores
        hours, position = np.unique(at // _HOUR * len(stores) + store, return_inverse=True)
        zones = [ZoneInfo(one.timezone) for one in stores]
        offset = np.empty(len(hours), dtype=np.int64)
        for index, hour in enumerate(hours.tolist()):
            moment = datetime.fromtimestamp(hour // len(stores) * _HOUR, UTC)
            shift = moment.astimezone(zones[hour % len(stores)]).utcoffset()
            offset[index] = int(shift.total_seconds()) if shift else 0
        day: Ints = (at + offset[position]) // DAY
        return day

    def rate(self, batch: Sales) -> Ints:
        """Of each order, in hundred-millionths of a dollar."""
        settings = self.world.settings
        day = self.local_day(batch.placed.at, batch.store) - settings.start // DAY
        found: Ints = self._rates[batch.market, np.clip(day, 0, settings.span - 1)]
        return found

    def columns(self, batch: Sales) -> dict[str, Any]:
        """By order: its day, currency and rate, and its total in dollars."""
        rate = self.rate(batch)
        return {
            "order_date": _dates(self.local_day(batch.placed.at, batch.store)),
            "currency_code": words(self.world.places.currency, batch.market),
            "exchange_rate": money(rate, scale=8),
            "total_amount_usd": money(_dollars(batch.total, rate), scale=4),
        }

    def gift_cards(self, batch: Sales, until: int) -> Any:
        """What moved on gift cards before `until`, in dollars: sold, paid back, paid with, put back by a refund. Those
        of tests aren't among them."""
        rate, counts = self.rate(batch), (batch.placed.arrived < until) & ~batch.is_test
        parts: list[tuple[Ints, Ints, int, Ints]] = []
        line = np.flatnonzero(self.world.goods.catalogue.gift_card[batch.product] & counts[batch.order])
        order, face = batch.order[line], (batch.quantity * batch.price)[line]
        parts.append((order, batch.placed.at[order], 0, face))
        back = batch.cancelled[order] < until
        parts.append((order[back], batch.cancelled[order][back], 1, face[back]))
        items = events.refund_tables(batch, -NEVER, until)[1]
        cards = self.world.goods.catalogue.gift_card[items["product_id"].to_numpy() - 1]
        order = np.searchsorted(batch.order_id, items["order_id"].to_numpy())
        kept = cards & counts[order] & (batch.cancelled[order] >= until)
        parts.append((order[kept], batch.refunded[order[kept]], 1, _hundredths(items["amount"])[kept]))
        paid = events.payment_table(batch, -NEVER, until)
        order = np.searchsorted(batch.order_id, paid["order_id"].to_numpy())
        at = paid["paid_at"].cast(pa.int64()).to_numpy()
        method, status, kind = (np.array(paid[name].to_pylist()) for name in ("method", "status", "kind"))
        moved = (method == "gift_card") & (status == "succeeded") & counts[order]
        for number, of_kind in ((2, np.isin(kind, ("sale", "capture"))), (3, kind == "refund")):
            which: Bools = moved & of_kind
            parts.append((order[which], at[which], number, _hundredths(paid["amount"])[which]))
        order = np.concatenate([part[0] for part in parts])
        moment = np.concatenate([part[1] for part in parts])
        amount = np.concatenate([part[3] for part in parts])
        movement = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
        return pa.table(
            {
                "order_id": numbers(batch.order_id[order]),
                "date_day": _dates(self.local_day(moment, batch.store[order])),
                "movement": words(MOVEMENTS, movement),
                "amount_usd": money(_dollars(amount, rate[order]), scale=4),
            }
        )


def _dollars(hundredths: Ints, rate: Ints) -> Ints:
    """Ten-thousandths of a dollar from hundredths, none of them negative."""
    found: Ints = (hundredths * 100 * rate + _SCALE // 2) // _SCALE
    return found


def _hundredths(column: Any) -> Ints:
    found: Ints = np.round(column.cast(pa.float64()).to_numpy() * 100).astype(np.int64)
    return found


def _dates(day: Ints) -> Any:
    return pa.array(day.astype("datetime64[D]"))
