"""Baskets: the products of an order, chosen so that together they cost what the customer means to spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shophouse.demo.tables import Ints
from shophouse.demo.world.clock import Floats
from shophouse.demo.world.goods import GROUP, Goods

# How many orders have one line, two, three, and so on.
_LINES = np.array([0.28, 0.22, 0.17, 0.13, 0.11, 0.09])
# How much the products of one price are bought beside each other.
_SKEW = np.cumsum([0.44, 0.24, 0.15, 0.10])
# How far from what is meant to be spent a product's price may be.
BAND = 0.06
# How often a second line is what goes with the first.
COMPANION = 0.2


@dataclass(frozen=True)
class Baskets:
    """By line: its order (a position), its number from 1, the product wanted and how many."""

    order: Ints
    line: Ints
    product: Ints
    quantity: Ints


def lines_each(most: int) -> float:
    """How many lines an order has on average, with at most so many."""
    weights = _weights(most)
    return float((weights * np.arange(1, len(weights) + 1)).sum())


def _weights(most: int) -> Floats:
    weights = _LINES[:most].copy()
    return np.asarray(weights / weights.sum())


def fill(rng: np.random.Generator, spend: Floats, period: Ints, goods: Goods, most: int) -> Baskets:
    """Baskets for orders whose goods are to cost `spend` cents of a dollar at the list prices of the `period`."""
    n = len(spend)
    weights = _weights(most)
    counts = rng.choice(np.arange(1, len(weights) + 1), n, p=weights)
    first_line = np.cumsum(counts) - counts
    order = np.repeat(np.arange(n), counts)
    product = np.empty(len(order), dtype=np.int64)
    quantity = np.empty(len(order), dtype=np.int64)
    price = goods.catalogue.price
    cheapest, dearest = float(goods.steps[0]), float(goods.steps[-1])
    left = spend.copy()
    for slot in range(len(weights)):
        which = np.flatnonzero(counts > slot)
        if not len(which):
            break
        remaining = (counts[which] - slot).astype(np.float64)
        share = np.where(remaining == 1, 1.0, rng.beta(2.0, 2.0 * np.maximum(remaining - 1, 0.5)))
        target = np.maximum(left[which] * share, 1.0)
        several = 1 + np.searchsorted(np.array([0.85, 0.95, 0.98]), rng.random(len(which)), side="right")
        most_units = np.maximum(target // cheapest, 1)
        units = np.minimum(np.maximum(several, np.ceil(target / dearest)), most_units).astype(np.int64)
        unit_price = target / units / goods.drift[period[which]]
        low = np.searchsorted(goods.steps, unit_price * (1 - BAND))
        high = np.searchsorted(goods.steps, unit_price * (1 + BAND), side="right")
        step = low + (rng.random(len(which)) * np.maximum(high - low, 1)).astype(np.int64)
        group = np.minimum(step, len(goods.steps) - 1) * GROUP
        chosen = goods.by_price[group + np.searchsorted(_SKEW, rng.random(len(which)))]
        if slot == 1:
            companion = goods.companion[product[first_line[which]]]
            goes_with = (rng.random(len(which)) < COMPANION) & (price[companion, period[which]] <= left[which])
            chosen = np.where(goes_with, companion, chosen)
            units = np.where(goes_with, 1, units)
        product[first_line[which] + slot] = chosen
        quantity[first_line[which] + slot] = units
        left[which] -= units * price[chosen, period[which]]
    return Baskets(order, np.arange(len(order)) - first_line[order] + 1, product, quantity)
