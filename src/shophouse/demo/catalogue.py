"""What the synthetic shop sells: products with prices and costs that change over time, and their categories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo import names
from shophouse.demo.tables import NEVER, Ints, money, numbers, times, words

DAY = 86_400
PERIOD = 14 * DAY
# Products kept back for the days after the first delivery: one is launched with each.
SPARE = 64


@dataclass(frozen=True)
class Catalogue:
    """Arrays by product; `price` and `cost` are product × fortnight, in cents. Products from `launched` on are
    spare."""

    start: int
    end: int
    launched: int
    label: tuple[str, ...]
    brand: Ints
    category: Ints
    weight: Ints
    gift_card: npt.NDArray[np.bool_]
    no_cost: npt.NDArray[np.bool_]
    companion: Ints
    early: int
    created: Ints
    changed: Ints
    popularity: npt.NDArray[np.float64]
    price: Ints
    cost: Ints

    def period(self, at: Ints) -> Ints:
        return np.clip((at - self.start) // PERIOD, 0, self.price.shape[1] - 1)

    def repriced(self, rng: np.random.Generator, at: int) -> tuple[Catalogue, Ints]:
        """The catalogue after a day on which a few prices change; also which products did."""
        which = np.sort(rng.choice(self.launched, max(2, self.launched // 200), replace=False)).astype(np.int64)
        price = self.price.copy()
        percent = rng.integers(85, 121, len(which))
        price[which, -1] = np.maximum(price[which, -1] * percent // 100, 1)
        changed = self.changed.copy()
        changed[which] = at
        return replace(self, price=price, changed=changed), which

    def launch(self, at: int) -> Catalogue:
        """One spare product goes on sale."""
        if self.launched >= len(self.label):
            return self
        created, changed = self.created.copy(), self.changed.copy()
        created[self.launched] = changed[self.launched] = at
        return replace(self, launched=self.launched + 1, created=created, changed=changed)

    def products(self, which: Ints) -> Any:
        gift, no_cost = self.gift_card[which], self.no_cost[which]
        return pa.table(
            {
                "product_id": numbers(which + 1),
                "sku": pa.array([f"SKU-{n + 1:06d}" for n in which.tolist()]),
                "name": pa.array([self.label[n] for n in which.tolist()]),
                "brand": words(names.BRANDS, self.brand[which], gift),
                "category_id": numbers(self.category[which]),
                "price": money(self.price[which, -1]),
                "cost": money(self.cost[which, -1], no_cost),
                "weight_grams": numbers(self.weight[which], gift),
                "is_gift_card": pa.array(gift),
                "is_perishable": pa.repeat(False, len(which)),
                "shelf_life_days": pa.nulls(len(which), pa.int64()),
                "status": words(("active", "discontinued"), ((which % 37) == 36).astype(np.int64)),
                "created_at": times(self.created[which]),
                "updated_at": times(self.changed[which]),
            }
        )


def categories() -> Any:
    """Parents first, then children, then gift cards, which have no parent."""
    rows: list[tuple[int, str, int | None]] = [(n, name, None) for n, name in enumerate(names.CATEGORIES, 1)]
    for parent, children in enumerate(names.CATEGORIES.values(), 1):
        rows += [(number, child, parent) for number, child in enumerate(children, len(rows) + 1)]
    rows.append((len(rows) + 1, names.GIFT_CARDS, None))
    ids, labels, parents = zip(*rows, strict=True)
    return pa.table(
        {
            "category_id": pa.array(ids, pa.int64()),
            "name": pa.array(labels),
            "parent_category_id": pa.array(parents, pa.int64()),
        }
    )


def build(rng: np.random.Generator, products: int, start: int, end: int) -> Catalogue:
    """A catalogue for the times from `start` to `end`."""
    leaves = [leaf for children in names.CATEGORIES.values() for leaf in children.values()]
    first_leaf = len(names.CATEGORIES) + 1
    size = products + SPARE
    leaf = rng.integers(0, len(leaves), size)
    gift = np.zeros(size, dtype=np.bool_)
    gift[np.arange(min(4, products)) * (products // 5) + products // 7] = True
    brand = rng.integers(0, len(names.BRANDS), size)
    adjective = rng.integers(0, len(names.ADJECTIVES), size)
    noun = rng.integers(0, 1 << 16, size)
    low = np.array([leaves[n][1] for n in leaf.tolist()], dtype=np.int64)
    high = np.array([leaves[n][2] for n in leaf.tolist()], dtype=np.int64)
    list_price = (low + ((high - low) * rng.beta(1.2, 2.5, size)).astype(np.int64)) * 100 + 99
    list_price[gift] = np.array([2500, 5000, 10000, 2500])[: int(gift.sum())]

    periods = max(1, -(-(end - start) // PERIOD))
    changes = rng.random((size, periods)) < 0.05
    changes[:, 0] = False
    changes[gift] = False
    factor = np.where(changes, rng.integers(90, 115, (size, periods)), 100)
    price = np.empty((size, periods), dtype=np.int64)
    cost = np.empty_like(price)
    price[:, 0] = list_price
    cost[:, 0] = np.where(gift, 0, list_price * rng.integers(30, 62, size) // 100)
    for period in range(1, periods):
        price[:, period] = np.maximum(price[:, period - 1] * factor[:, period] // 100, 50)
        # Suppliers follow about every second price change.
        dearer = np.where(factor[:, period] % 2 == 1, factor[:, period], 100)
        cost[:, period] = cost[:, period - 1] * dearer // 100

    early = max(1, products * 17 // 20)
    created = start - rng.integers(5 * DAY, 700 * DAY, size)
    created[early:products] = start + rng.integers(0, max(1, end - start - DAY), products - early)
    created[products:] = NEVER
    last_change = np.where(changes.any(axis=1), periods - 1 - np.argmax(changes[:, ::-1], axis=1), 0)
    changed = np.maximum(created, np.where(last_change > 0, start + last_change * PERIOD, created))

    weight = 1.0 / (rng.permutation(products) + 8.0) ** 0.8
    popularity = np.cumsum(weight / weight.sum())
    popularity[-1] = 1.0
    label = tuple(
        f"{names.BRANDS[b]} {names.ADJECTIVES[a]} {leaves[x][0][n % len(leaves[x][0])]}"
        if not g
        else f"Gift Card {p // 100}"
        for b, a, x, n, g, p in zip(
            brand.tolist(),
            adjective.tolist(),
            leaf.tolist(),
            noun.tolist(),
            gift.tolist(),
            list_price.tolist(),
            strict=True,
        )
    )
    return Catalogue(
        start=start,
        end=end,
        launched=products,
        label=label,
        brand=brand,
        category=np.where(gift, first_leaf + len(leaves), first_leaf + leaf),
        weight=rng.integers(40, 6000, size),
        gift_card=gift,
        no_cost=rng.random(size) < 0.01,
        companion=rng.integers(0, early, size),
        early=early,
        created=created,
        changed=changed,
        popularity=popularity,
        price=price,
        cost=cost,
    )
