"""What a world is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from shophouse.demo.catalogue import DAY
from shophouse.demo.state import midnight
from shophouse.demo.world.places import MARKETS
from shophouse.errors import ConfigError

PEOPLE, GOODS, ORDERS, JOURNEYS, STOCK, MEMBERS, MONEY, PLANTED, NAMES = range(9)

# Orders, or prospects, drawn from one seed and written to one file.
CHUNK = 200_000
# Nothing happens to an order after so many days, and no journey is longer.
SETTLED_DAYS = 100
JOURNEY_DAYS = 21


@dataclass(frozen=True)
class Settings:
    """The same settings give the same world, with one release of numpy and of Faker.

    `orders` is about how many are placed in the first `days` days, the last of which is `end`; the world goes on for
    `ahead` days after them, which later deliveries bring. `markets` are countries, each with its stores, currency,
    time zones and taxes. `lines` is how many lines an order has at most. Raises ConfigError for what can't be drawn.
    """

    seed: int = 7
    days: int = 730
    end: date = date(2025, 12, 31)
    orders: int = 20_000
    products: int = 0
    markets: tuple[str, ...] = ("US", "GB", "DE", "JP")
    ahead: int = 30
    lines: int = 6
    defects: bool = True

    def __post_init__(self) -> None:
        if self.days < 1 or self.orders < 1 or self.ahead < 0:
            raise ConfigError(
                "a world needs at least one day and one order",
                where=f"days={self.days}, orders={self.orders}, ahead={self.ahead}",
                hint="say --orders 20000 --days 730",
            )
        unknown = [market for market in self.markets if market not in MARKETS]
        if unknown or not self.markets:
            raise ConfigError(
                f"there is no market {', '.join(unknown) or 'to sell in'}", why=f"known: {', '.join(MARKETS)}"
            )
        if not self.products:
            # a range grows more slowly than what is sold of it
            object.__setattr__(self, "products", int(np.clip(4 * np.sqrt(self.orders), 200, 4_000)))

    @property
    def start(self) -> int:
        """The first second, UTC."""
        return midnight(self.end) - (self.days - 1) * DAY

    @property
    def stop(self) -> int:
        """The end of the first delivery."""
        return midnight(self.end) + DAY

    @property
    def span(self) -> int:
        """Days up to the horizon."""
        return self.days + self.ahead

    @property
    def horizon(self) -> int:
        return self.stop + self.ahead * DAY

    @property
    def first_day(self) -> date:
        return self.end - timedelta(days=self.days - 1)

    def rng(self, stage: int, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, stage, number])
