"""The paid membership: who subscribes to it, and what becomes of each subscription, month by month.

A member pays beside the orders, so that buying stays what it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import Ints, money, numbers, times, words
from shophouse.demo.world.people import MAIN
from shophouse.demo.world.sales import World
from shophouse.demo.world.settings import MEMBERS

MONTH = 30 * DAY
STARTED, UPGRADED, DOWNGRADED, RESUMED, CANCELLED = range(5)
KINDS = ("started", "upgraded", "downgraded", "resumed", "cancelled")


class Members:
    """Subscriptions by number, and their events by time. `mrr` is in cents of a dollar."""

    def __init__(self, world: World) -> None:
        rng, crowd, known = world.settings.rng(MEMBERS), world.crowd, world.truths.membership
        horizon = world.settings.horizon
        may = np.flatnonzero(~crowd.only_guest[: crowd.buyers])
        joins = may[rng.random(len(may)) < known.share]
        first = crowd.prospects.ended[crowd.prospect[joins]]
        at = first + 3600 + rng.exponential(40.0 * DAY, len(joins)).astype(np.int64)
        joins, at = joins[at < horizon], at[at < horizon]
        at_start = np.argsort(at, kind="stable")
        self.person, self.start = joins[at_start], at[at_start]
        self.account = crowd.main_account[self.person]
        assert (crowd.account_kind[self.account] == MAIN).all()
        self.price = np.round(np.array(known.prices) * 100).astype(np.int64)
        self.plan = rng.choice(len(known.prices), len(self.start), p=[0.5, 0.35, 0.15])
        rows = [self._rows(np.arange(len(self.start)), self.start, STARTED, self.price[self.plan])]
        member, at, plan = np.arange(len(self.start)), self.start, self.plan
        is_in = np.ones(len(member), dtype=np.bool_)
        while len(member):
            at = at + MONTH
            here = at < horizon
            member, at, plan, is_in = member[here], at[here], plan[here], is_in[here]
            fate = rng.random(len(member))
            leaves = is_in & (fate < known.leaves)
            moves = is_in & ~leaves & (fate < known.leaves + known.changes)
            # Half a year after leaving, at most once, some come back.
            comes = ~is_in & (fate < known.returns / 6)
            other = np.where(moves, (plan + rng.integers(1, len(self.price), len(plan))) % len(self.price), plan)
            change = self.price[other] - self.price[plan]
            for which, kind, delta in (
                (leaves, CANCELLED, -self.price[plan]),
                (moves & (change > 0), UPGRADED, change),
                (moves & (change < 0), DOWNGRADED, change),
                (comes, RESUMED, self.price[plan]),
            ):
                rows.append(self._rows(member[which], at[which], kind, delta[which]))
            plan, is_in = other, (is_in & ~leaves) | comes
        self.member, self.at, self.kind, self.mrr = (np.concatenate(column) for column in zip(*rows, strict=True))
        sort = np.lexsort((self.kind, self.member, self.at))
        self.member, self.at, self.kind, self.mrr = (c[sort] for c in (self.member, self.at, self.kind, self.mrr))

    @staticmethod
    def _rows(member: Ints, at: Ints, kind: int, mrr: Ints) -> tuple[Ints, ...]:
        return member, at, np.full(len(member), kind), mrr

    def subscriptions(self, since: int, until: int) -> Any:
        """Those that began in a span of time, at the price that they began with."""
        which = np.flatnonzero((self.start >= since) & (self.start < until))
        return pa.table(
            {
                "subscription_id": numbers(which + 1),
                "user_id": numbers(self.account[which] + 1),
                "product_id": pa.nulls(len(which), pa.int64()),
                "billing_interval": pa.repeat("month", len(which)),
                "price": money(self.price[self.plan[which]]),
                "started_at": times(self.start[which]),
            }
        )

    def events(self, since: int, until: int) -> Any:
        which = np.flatnonzero((self.at >= since) & (self.at < until))
        return pa.table(
            {
                "event_id": numbers(which + 1),
                "subscription_id": numbers(self.member[which] + 1),
                "kind": words(KINDS, self.kind[which]),
                "occurred_at": times(self.at[which]),
                "mrr_delta": money(self.mrr[which]),
            }
        )
