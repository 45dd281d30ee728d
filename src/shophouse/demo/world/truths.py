"""What is true of a world: the processes that people, channels, parcels and members follow, and their parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Buying:
    """BG/NBD (Fader, Hardie and Lee 2005): after the first purchase a living customer buys at a rate drawn from
    Gamma(r, rate `alpha` days), and after each of these leaves with a probability drawn from Beta(a, b)."""

    r: float = 0.6
    alpha: float = 60.0
    a: float = 0.9
    b: float = 2.4


@dataclass(frozen=True)
class Spending:
    """Gamma-Gamma: the goods of an order at list price, in US dollars, are Gamma(p, rate v), and v of each customer
    is drawn from Gamma(q, rate `gamma`). Rates and spending are independent."""

    p: float = 6.0
    q: float = 4.0
    gamma: float = 45.0


@dataclass(frozen=True)
class Channel:
    """A paid or unpaid channel.

    `reach` is the share of prospects that it touches within their journey, `effect` the probability that it alone makes
    one of those buy for the first time. `again` is its share of the sessions in which customers buy again: those
    purchases would have happened anyway. The platform shows `audience` times as many impressions as reach prospects,
    for most go to people who never think of buying here. Costs are in US dollars.
    """

    name: str
    source: str
    medium: str
    platform: str | None
    kind: str
    reach: float
    effect: float
    again: float
    impressions: float
    audience: int
    per_click: float
    per_thousand: float


CHANNELS = (
    Channel("paid_search", "google", "cpc", "google_ads", "paid search", 0.35, 0.10, 0.10, 1.0, 12, 5.20, 0.0),
    Channel("paid_social", "facebook", "paid_social", "meta_ads", "paid social", 0.45, 0.05, 0.05, 2.0, 80, 0.0, 9.5),
    Channel("display", "criteo", "display", "criteo", "display", 0.50, 0.01, 0.04, 3.0, 130, 0.0, 2.2),
    Channel("email", "newsletter", "email", None, "email", 0.12, 0.06, 0.22, 0.0, 0, 0.0, 0.0),
    Channel("affiliate", "awin", "affiliate", "awin", "affiliate", 0.10, 0.04, 0.03, 0.0, 0, 4.10, 0.0),
)
# Sessions of those who come by themselves: organic search, a link on another page, the address typed in.
UNPAID = (("google", "organic", 0.45), ("blog.example.org", "referral", 0.15), (None, None, 0.40))
BY_THEMSELVES = 0.14
HELD_OUT = 0.30
PLATFORM_WINDOW_DAYS = 7


@dataclass(frozen=True)
class Reviewing:
    """Scores of one to five stars by whether the order came late, and the share of orders reviewed."""

    share: float = 0.35
    on_time: tuple[float, ...] = (0.02, 0.03, 0.07, 0.20, 0.68)
    late: tuple[float, ...] = (0.32, 0.20, 0.20, 0.14, 0.14)


@dataclass(frozen=True)
class Membership:
    """A paid membership: the share of account holders who join after their first order, the chance to leave in a
    month, to change the plan, and to come back after leaving. Prices a month by plan, in US dollars."""

    share: float = 0.05
    leaves: float = 0.07
    changes: float = 0.03
    returns: float = 0.25
    prices: tuple[float, ...] = (4.99, 9.99, 19.99)


@dataclass(frozen=True)
class Identity:
    """Shares of persons who only check out as guests, who have a second account under another address (a loyalty card
    tells), of an account holder's orders placed as a guest, and of guests' orders that name nobody."""

    guests: float = 0.12
    second: float = 0.03
    as_guest: float = 0.05
    nobody: float = 0.12


@dataclass(frozen=True)
class Truths:
    buying: Buying = Buying()
    spending: Spending = Spending()
    channels: tuple[Channel, ...] = CHANNELS
    by_themselves: float = BY_THEMSELVES
    held_out: float = HELD_OUT
    reviewing: Reviewing = Reviewing()
    membership: Membership = Membership()
    identity: Identity = Identity()
    growth_a_year: float = 0.25

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def reach(self) -> npt.NDArray[np.float64]:
        return np.array([channel.reach for channel in self.channels])

    @property
    def effect(self) -> npt.NDArray[np.float64]:
        return np.array([channel.effect for channel in self.channels])

    @property
    def conversion(self) -> float:
        """The share of prospects that buy, given who is held out."""
        moved = self.reach * self.effect
        exposed = 1 - np.prod(1 - moved) * (1 - self.by_themselves)
        without = [1 - np.prod(np.delete(1 - moved, n)) * (1 - self.by_themselves) for n in range(len(moved))]
        return float((1 - self.held_out) * exposed + self.held_out * np.mean(without))


TRUTHS = Truths()
