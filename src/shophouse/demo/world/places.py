"""Where the shop sells: markets with their currency, taxes, cities and stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo import names
from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import Ints

ZIPS = 20

# city, state or region, first postal code, tax in basis points, weight, days of transit
City = tuple[str, str, int | str, int, int, int]


@dataclass(frozen=True)
class Store:
    """`number` is its id, and that of the location that its goods come from."""

    number: int
    name: str
    type: str
    timezone: str
    place: str


@dataclass(frozen=True)
class Market:
    """A country. `factor` is what a US dollar of list price costs there, in hundredths of the currency; amounts are
    multiples of `unit` hundredths; `rate` is US dollars for one of the currency when the world begins."""

    country: str
    name: str
    currency: str
    locale: str
    taxes_included: bool
    factor: int
    unit: int
    rate: float
    weight: float
    stores: tuple[Store, ...]
    cities: tuple[City, ...]


_GB: tuple[City, ...] = (
    ("London", "ENG", "SW", 2000, 50, 1),
    ("Manchester", "ENG", "M", 2000, 14, 0),
    ("Birmingham", "ENG", "B", 2000, 14, 0),
    ("Leeds", "ENG", "LS", 2000, 9, 0),
    ("Bristol", "ENG", "BS", 2000, 8, 1),
    ("Liverpool", "ENG", "L", 2000, 8, 1),
    ("Glasgow", "SCT", "G", 2000, 9, 2),
    ("Edinburgh", "SCT", "EH", 2000, 8, 2),
    ("Cardiff", "WLS", "CF", 2000, 5, 1),
    ("Belfast", "NIR", "BT", 2000, 4, 3),
)
_DE: tuple[City, ...] = (
    ("Berlin", "BE", 10115, 1900, 36, 1),
    ("Hamburg", "HH", 20095, 1900, 18, 1),
    ("München", "BY", 80331, 1900, 15, 1),
    ("Köln", "NW", 50667, 1900, 11, 1),
    ("Frankfurt am Main", "HE", 60311, 1900, 8, 1),
    ("Stuttgart", "BW", 70173, 1900, 6, 1),
    ("Leipzig", "SN", 4103, 1900, 6, 0),
    ("Bremen", "HB", 28195, 1900, 5, 1),
    ("Nürnberg", "BY", 90402, 1900, 5, 1),
    ("Garmisch-Partenkirchen", "BY", 82467, 1900, 1, 2),
)
_JP: tuple[City, ...] = (
    ("Tokyo", "Tokyo", 1000001, 1000, 45, 0),
    ("Yokohama", "Kanagawa", 2200001, 1000, 16, 0),
    ("Osaka", "Osaka", 5300001, 1000, 15, 1),
    ("Nagoya", "Aichi", 4500001, 1000, 10, 1),
    ("Sapporo", "Hokkaido", 600001, 1000, 7, 2),
    ("Fukuoka", "Fukuoka", 8100001, 1000, 8, 2),
    ("Naha", "Okinawa", 9000001, 1000, 2, 4),
)
_BR: tuple[City, ...] = (
    ("sao paulo", "SP", 1001, 0, 60, 4),
    ("rio de janeiro", "RJ", 20010, 0, 25, 7),
    ("belo horizonte", "MG", 30110, 0, 12, 7),
    ("brasilia", "DF", 70002, 0, 8, 8),
    ("curitiba", "PR", 80010, 0, 8, 7),
    ("porto alegre", "RS", 90010, 0, 7, 9),
    ("salvador", "BA", 40010, 0, 7, 12),
    ("campinas", "SP", 13010, 0, 8, 4),
    ("fortaleza", "CE", 60010, 0, 5, 14),
    ("manaus", "AM", 69005, 0, 2, 18),
)

MARKETS = {
    market.country: market
    for market in (
        Market(
            "US", "United States", "USD", "en_US", False, 100, 1, 1.0, 0.5,
            (
                Store(1, "US online", "online", "America/New_York", "Newark"),
                Store(2, "Los Angeles Arts District", "physical", "America/Los_Angeles", "Los Angeles"),
            ),
            names.CITIES,
        ),
        Market(
            "GB", "United Kingdom", "GBP", "en_GB", True, 95, 1, 1.27, 0.2,
            (Store(3, "UK online", "online", "Europe/London", "Birmingham"),),
            _GB,
        ),
        Market(
            "DE", "Germany", "EUR", "de_DE", True, 110, 1, 1.09, 0.2,
            (
                Store(4, "Deutschland online", "online", "Europe/Berlin", "Leipzig"),
                Store(5, "Berlin Mitte", "physical", "Europe/Berlin", "Berlin"),
            ),
            _DE,
        ),
        Market(
            "JP", "Japan", "JPY", "ja_JP", True, 16_500, 100, 0.0067, 0.1,
            (Store(6, "Japan online", "online", "Asia/Tokyo", "Yokohama"),),
            _JP,
        ),
        Market(
            "BR", "Brazil", "BRL", "pt_BR", True, 520, 1, 0.19, 0.1,
            (Store(7, "Brasil online", "online", "America/Sao_Paulo", "campinas"),),
            _BR,
        ),
    )
}  # fmt: skip


def _postal_codes(country: str, first: int | str) -> list[str]:
    if isinstance(first, str):
        return [f"{first}{n // 4 + 1} {n % 9 + 1}{'ABDEFGHJLN'[n % 10]}{'PQRSTUWXYZ'[n % 10]}" for n in range(ZIPS)]
    codes = [first + 3 * n for n in range(ZIPS)]
    if country == "JP":
        return [f"{code // 10_000:03d}-{code % 10_000:04d}" for code in codes]
    return [f"{code:05d}" for code in codes]


@dataclass(frozen=True)
class Places:
    """The markets of a world. A place is `city * ZIPS + n`, its n-th postal code."""

    markets: tuple[Market, ...]

    @classmethod
    def of(cls, countries: Sequence[str]) -> Places:
        return cls(tuple(MARKETS[country] for country in countries))

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        return tuple(store for market in self.markets for store in market.stores)

    @cached_property
    def _cities(self) -> list[tuple[int, City]]:
        return [(number, city) for number, market in enumerate(self.markets) for city in market.cities]

    @cached_property
    def city(self) -> Any:
        return pa.array([city[0] for _, city in self._cities])

    @cached_property
    def state(self) -> Any:
        return pa.array([city[1] for _, city in self._cities])

    @cached_property
    def country(self) -> Any:
        """By market."""
        return pa.array([market.country for market in self.markets])

    @cached_property
    def currency(self) -> Any:
        """By market."""
        return pa.array([market.currency for market in self.markets])

    @cached_property
    def postal_code(self) -> Any:
        codes = (_postal_codes(self.markets[number].country, city[2]) for number, city in self._cities)
        return pa.array([code for some in codes for code in some])

    @cached_property
    def market_of_city(self) -> Ints:
        return np.array([number for number, _ in self._cities], dtype=np.int64)

    @cached_property
    def tax(self) -> Ints:
        """Basis points by city."""
        return np.array([city[3] for _, city in self._cities], dtype=np.int64)

    @cached_property
    def far(self) -> Ints:
        """Days of transit by city."""
        return np.array([city[5] for _, city in self._cities], dtype=np.int64)

    @cached_property
    def share(self) -> npt.NDArray[np.float64]:
        """Of persons, by market."""
        weight = np.array([market.weight for market in self.markets])
        return np.asarray(weight / weight.sum())

    @cached_property
    def online(self) -> Ints:
        """The position in `stores` of each market's first store, which sells online."""
        counts = [len(market.stores) for market in self.markets]
        return np.cumsum([0, *counts[:-1]])

    @cached_property
    def has_shop(self) -> npt.NDArray[np.bool_]:
        """By market: whether its second store is one to walk into."""
        return np.array([len(market.stores) > 1 for market in self.markets])

    def draw(self, rng: np.random.Generator, market: Ints) -> npt.NDArray[np.int16]:
        """A place in each of the markets."""
        place = np.empty(len(market), dtype=np.int16)
        first = 0
        for number, one in enumerate(self.markets):
            weights = np.cumsum([city[4] for city in one.cities])
            there = np.flatnonzero(market == number)
            city = np.searchsorted(weights, rng.integers(0, weights[-1], len(there)), side="right")
            place[there] = (first + city) * ZIPS + rng.integers(0, ZIPS, len(there))
            first += len(one.cities)
        return place

    def offsets(self, start: int, days: int) -> Ints:
        """Seconds to add to UTC for each store's own time, by store and day."""
        table = np.empty((len(self.stores), days), dtype=np.int64)
        for row, store in enumerate(self.stores):
            zone = ZoneInfo(store.timezone)
            noon = datetime.fromtimestamp(start + DAY // 2, UTC)
            for day in range(days):
                offset = (noon + timedelta(days=day)).astimezone(zone).utcoffset()
                table[row, day] = int(offset.total_seconds()) if offset else 0
        return table
