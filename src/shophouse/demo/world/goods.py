"""What a world sells: the catalogue with its prices, who supplies it, where it runs out, and what is on offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo import catalogue as catalogues
from shophouse.demo import names
from shophouse.demo.catalogue import DAY, PERIOD, Catalogue
from shophouse.demo.state import midnight
from shophouse.demo.tables import NEVER, Bools, Ints, money, numbers, times, words
from shophouse.demo.world.places import Places
from shophouse.demo.world.settings import GOODS, Settings

# Products of about one price, among which the first is bought most.
GROUP = 5
# Share of all other products that a store has beside those that stand in for them:
# on a shop's shelves, in a warehouse abroad.
SHELVES, ABROAD = 0.05, 0.35
_PERISHABLE = ("Pantry", "Sweets", "Plants", "Bath")


@dataclass(frozen=True)
class Goods:
    """Arrays by product. `by_price` are the products that baskets are filled with, cheapest first, in groups of about
    one price; `steps` the first price of each group. `stand_in` is bought where the product is not to be had: it is
    always in stock. What follows is product × store: `carried` is what a store has at all, everything in the first
    store; `out_from` and `out_until`, in days, are where and when the shelf is empty.
    """

    catalogue: Catalogue
    size: int
    seller: Ints
    slow_seller: Bools
    lead_days: Ints
    shelf_life: Ints
    by_price: Ints
    steps: Ints
    drift: npt.NDArray[np.float64]
    stand_in: Ints
    companion: Ints
    carried: Bools
    out_from: npt.NDArray[np.int32]
    out_until: npt.NDArray[np.int32]
    recategorised: Ints
    category_after: Ints
    changes: Bools

    @property
    def perishable(self) -> Bools:
        return np.asarray(self.shelf_life > 0)

    @property
    def gift_cards(self) -> Ints:
        return np.flatnonzero(self.catalogue.gift_card[: self.size])

    def is_out(self, product: Ints, store: Ints, day: Ints) -> Bools:
        found: Bools = (day >= self.out_from[product, store]) & (day < self.out_until[product, store])
        return found

    def changed(self, until: int) -> Ints:
        """When each product was last changed before `until`; NEVER where it is not there yet."""
        goods = self.catalogue
        last = goods.created[: self.size].copy()
        period = min(int((until - 1 - goods.start) // PERIOD), self.changes.shape[1] - 1)
        if period >= 0:
            seen = self.changes[:, : period + 1]
            newest = period - np.argmax(seen[:, ::-1], axis=1)
            last = np.where(seen.any(axis=1), np.maximum(last, goods.start + newest * PERIOD), last)
        last = np.where((self.recategorised < until) & (self.recategorised > last), self.recategorised, last)
        return np.where(goods.created[: self.size] < until, last, NEVER)


def build(settings: Settings, places: Places) -> Goods:
    rng = settings.rng(GOODS)
    goods = catalogues.build(rng, settings.products, settings.start, settings.horizon)
    size, stores = settings.products, len(places.stores)
    price = goods.price[:size]
    sold = np.flatnonzero(~goods.gift_card[:size])
    sold = sold[np.argsort(price[sold, 0], kind="stable")]
    whole = sold[: len(sold) // GROUP * GROUP].reshape(-1, GROUP)
    by_price = rng.permuted(whole, axis=1)

    # Every other early product never runs out, and stands in for those that do or are not there yet.
    early = sold[sold < goods.early]
    steady = early[::2]
    nearest = np.clip(np.searchsorted(price[steady, 0], price[:, 0]), 0, len(steady) - 1)
    out_from, out_until = np.full((size, stores), 1 << 30, dtype=np.int32), np.zeros((size, stores), dtype=np.int32)
    may = np.zeros(size, dtype=np.bool_)
    may[early[1::2]] = True
    carried = _carried(settings, places, steady)
    runs_out = may[:, None] & (rng.random((size, stores)) < 0.25) & carried
    begins = rng.integers(settings.span // 10, max(settings.span - 5, settings.span // 10 + 1), (size, stores))
    lasts = rng.integers(4, 21, (size, stores))
    out_from[runs_out] = begins[runs_out]
    out_until[runs_out] = (begins + lasts)[runs_out]

    sellers = max(6, size // 40)
    first_leaf = len(names.CATEGORIES) + 1
    leaves = [leaf for children in names.CATEGORIES.values() for leaf in children]
    perishable = np.array([leaf in _PERISHABLE for leaf in leaves] + [False])[goods.category[:size] - first_leaf]
    moves = (rng.random(size) < 0.02) & ~goods.gift_card[:size]
    moved_at = settings.start + (rng.random(size) * settings.span * DAY).astype(np.int64)
    changes = np.zeros(price.shape, dtype=np.bool_)
    changes[:, 1:] = price[:, 1:] != price[:, :-1]
    return Goods(
        catalogue=goods,
        size=size,
        seller=rng.integers(0, sellers, size),
        slow_seller=rng.permutation(sellers) < max(1, sellers // 7),
        lead_days=rng.integers(1, 4, sellers),
        shelf_life=np.where(perishable, rng.choice(np.array([7, 14, 30, 60]), size), 0),
        by_price=by_price.ravel(),
        steps=price[whole[:, 0], 0],
        drift=np.asarray(price[sold].mean(axis=0) / price[sold, 0].mean()),
        stand_in=steady[nearest],
        companion=steady[rng.integers(0, len(steady), size)],
        carried=carried,
        out_from=out_from,
        out_until=out_until,
        recategorised=np.where(moves & (moved_at > goods.created[:size]), moved_at, NEVER),
        category_after=first_leaf + rng.integers(0, len(leaves), size),
        changes=changes,
    )


def _carried(settings: Settings, places: Places, steady: Ints) -> Bools:
    """What each store has: the first all products, the others what stands in for the rest, and some of the rest.

    A shop to walk into has nothing that the warehouse of its market has not.
    """
    share = np.full(len(places.stores), SHELVES)
    share[places.online] = ABROAD
    share[0] = 1.0
    carried: Bools = settings.rng(GOODS, 1).random((settings.products, len(share))) < share
    carried[steady] = True
    for warehouse in places.online[places.has_shop].tolist():
        carried[:, warehouse + 1] &= carried[:, warehouse]
    return carried


def product_table(goods: Goods, which: Ints, until: int) -> Any:
    """Products as they stand just before `until`, each with its dollar price of the day."""
    catalogue = goods.catalogue
    period = catalogue.period(np.array([until - 1]))[0]
    gift = catalogue.gift_card[which]
    category = np.where(goods.recategorised[which] < until, goods.category_after[which], catalogue.category[which])
    return pa.table(
        {
            "product_id": numbers(which + 1),
            "sku": pa.array([f"SKU-{n + 1:06d}" for n in which.tolist()]),
            "name": pa.array([catalogue.label[n] for n in which.tolist()]),
            "brand": words(names.BRANDS, catalogue.brand[which], gift),
            "category_id": numbers(category),
            "price": money(catalogue.price[which, period]),
            "cost": money(catalogue.cost[which, period], catalogue.no_cost[which]),
            "weight_grams": numbers(catalogue.weight[which], gift),
            "is_gift_card": pa.array(gift),
            "is_perishable": pa.array(goods.perishable[which]),
            "shelf_life_days": numbers(goods.shelf_life[which], ~goods.perishable[which]),
            "status": words(("active", "discontinued"), ((which % 37) == 36).astype(np.int64)),
            "created_at": times(catalogue.created[which]),
            "updated_at": times(goods.changed(until)[which]),
        }
    )


@dataclass(frozen=True)
class Promotion:
    """`value` is per cent for percentages, whole dollars for fixed amounts; `months` when it runs each year."""

    code: str
    kind: str
    value: int
    months: tuple[int, ...] = ()


PROMOTIONS = (
    Promotion("WELCOME10", "percentage", 10),
    Promotion("SAVE5", "fixed_amount", 5),
    Promotion("SUMMER15", "percentage", 15, (6, 7, 8)),
    Promotion("THANKS10", "percentage", 10, (11, 12)),
    Promotion("VIP20", "percentage", 20),
    Promotion("FREESHIP", "free_shipping", 0),
)


def promotion_table(settings: Settings) -> Any:
    """One row for each code and each season that it runs in."""
    first, last = settings.first_day, settings.end
    rows: list[tuple[str, str, int, int, int]] = []
    for promotion in PROMOTIONS:
        if not promotion.months:
            rows.append((promotion.code, promotion.kind, promotion.value, midnight(first), NEVER))
            continue
        for year in range(first.year, last.year + 2):
            begins, ends = date(year, promotion.months[0], 1), date(year, promotion.months[-1], 30)
            rows.append((promotion.code, promotion.kind, promotion.value, midnight(begins), midnight(ends) + DAY))
    codes, kinds, values, starts, ends_at = zip(*rows, strict=True)
    return pa.table(
        {
            "promotion_id": pa.array(range(1, len(rows) + 1), pa.int64()),
            "code": pa.array(codes),
            "kind": pa.array(kinds),
            "value": money(np.array(values, dtype=np.int64) * 100),
            "starts_at": times(np.array(starts, dtype=np.int64)),
            "ends_at": times(np.array(ends_at, dtype=np.int64)),
        }
    )


def runs(code: Ints, at: Ints) -> Bools:
    """Whether the promotion `code` (a position in PROMOTIONS) runs at the time."""
    month = at.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (at // DAY).astype("datetime64[D]")
    of_month = (day - day.astype("datetime64[M]")).astype(np.int64) + 1
    found = np.ones(len(code), dtype=np.bool_)
    for number, promotion in enumerate(PROMOTIONS):
        if promotion.months:
            there = code == number
            in_season = np.isin(month, promotion.months) & ~((month == promotion.months[-1]) & (of_month > 30))
            found[there] = in_season[there]
    return found
