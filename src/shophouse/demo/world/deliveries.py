"""A storefront written in deliveries: the first days in one, then day by day what happened on each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from shophouse.demo import catalogue, events, orders
from shophouse.demo.catalogue import DAY
from shophouse.demo.orders import FIRST_ORDER_ID
from shophouse.demo.state import Tally, midnight
from shophouse.demo.tables import NEVER, Ints
from shophouse.demo.world import goods, journeys, money, people, sales, stock
from shophouse.demo.world.defects import Changed, Labels, change, repeated, spoil, twice
from shophouse.demo.world.files import Out
from shophouse.demo.world.members import Members
from shophouse.demo.world.places import Places
from shophouse.demo.world.sales import Sales, Setting
from shophouse.demo.world.settings import CHUNK, Settings
from shophouse.demo.world.shapes import storefront
from shophouse.demo.world.shapes.accounts import Accounts
from shophouse.demo.world.truth import TRUTH, Truth
from shophouse.demo.world.truths import TRUTHS
from shophouse.errors import ConfigError

STATE = "world.json"
DATA = "data"
_WORKERS = 2
_PARQUET = ("sessions", "events", "touchpoints", "campaigns", "ad_spend")

Tables = Iterable[tuple[str, Any]]
Given = TypeVar("Given")


@dataclass(frozen=True)
class Delivery:
    """What was delivered for the days from `first` to `last`: files, rows by table, sums of money by table.column
    whatever the currency, and how many rows were planted by (table, kind)."""

    first: date
    last: date
    files: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)
    planted: dict[str, int] = field(default_factory=dict)


def world_of(settings: Settings) -> Setting:
    """The world that follows from the settings."""
    places = Places.of(settings.markets)
    offsets = places.offsets(settings.start, settings.span)
    crowd = people.populate(settings, places, offsets, TRUTHS)
    return Setting(settings, places, offsets, goods.build(settings, places), crowd, TRUTHS)


def write_storefront(folder: str | Path, settings: Settings) -> Delivery:
    """Write the first delivery into `folder`/data and what is true into `folder`/truth.

    Raises ConfigError where there is a world already.
    """
    folder = Path(folder)
    state = folder / TRUTH / STATE
    if state.exists():
        raise ConfigError("there is a world already", where=str(state), hint=f"choose another folder than {folder}")
    world = world_of(settings)
    truth = Truth(folder, world)
    done = _Writer(folder, world, -NEVER, settings.stop, 0, truth).write()
    truth.parameters()
    truth.people()
    truth.goods()
    _save(state, settings, [done])
    return done


def next_day(folder: str | Path) -> Delivery:
    """Write the delivery of one more day beside the earlier ones.

    Raises ConfigError for a folder without a world, or when the world has come to its end.
    """
    folder = Path(folder)
    state = folder / TRUTH / STATE
    settings, earlier = _read(state)
    day = earlier[-1].last + timedelta(days=1)
    if midnight(day) >= settings.horizon:
        raise ConfigError(
            f"the world ends on {earlier[-1].last}", where=str(state), hint=f"make it with ahead={settings.ahead * 2}"
        )
    world = world_of(settings)
    done = _Writer(folder, world, midnight(day), midnight(day) + DAY, len(earlier), None).write()
    _save(state, settings, [*earlier, done])
    return done


def _save(state: Path, settings: Settings, deliveries: Sequence[Delivery]) -> None:
    known = {"settings": asdict(settings), "deliveries": [asdict(one) for one in deliveries]}
    state.write_text(json.dumps(known, indent=2, default=str) + "\n")


def _read(state: Path) -> tuple[Settings, list[Delivery]]:
    try:
        known = json.loads(state.read_text())
    except FileNotFoundError:
        raise ConfigError("no world here", where=str(state), why="a day is added to a world's first delivery") from None
    settings = known["settings"] | {"end": date.fromisoformat(known["settings"]["end"])}
    days = [
        one | {name: date.fromisoformat(one[name]) for name in ("first", "last")} | {"files": tuple(one["files"])}
        for one in known["deliveries"]
    ]
    return Settings(**settings | {"markets": tuple(settings["markets"])}), [Delivery(**one) for one in days]


class _Writer:
    """One delivery: what happened from `since` until `now`. With `truth`, it is the first."""

    def __init__(self, folder: Path, world: Setting, since: int, now: int, turn: int, truth: Truth | None) -> None:
        self.world, self.since, self.now, self.turn, self.truth = world, since, now, turn, truth
        self.folder = folder
        self.data = folder / DATA
        self.data.mkdir(parents=True, exist_ok=True)
        settings = world.settings
        self.first = settings.first_day if truth else date.fromtimestamp(0) + timedelta(days=since // DAY)
        self.last = date.fromtimestamp(0) + timedelta(days=now // DAY - 1)
        self.first_day = 0 if truth else (since - settings.start) // DAY
        self.until_day = (now - settings.start) // DAY
        self.suffix = "" if truth else f"-{self.last}"
        self.flows = stock.Flows(world)
        self.claims = journeys.Claims(settings, len(world.truths.channels))
        self.first_value: Ints = np.zeros(world.crowd.buyers, dtype=np.int64)
        self.first_order: Ints = np.zeros(world.crowd.buyers, dtype=np.int64)
        self.out = Out(self.data, self.suffix)
        self.labels = Labels(self.last.isoformat())

    def write(self) -> Delivery:
        """Batches are written one by one in the first delivery, and gathered in the others, which are small."""
        world = self.world
        parts = world.batches
        self._all(self._orders, parts, "orders")
        self._all(self._prospects, journeys.batches(world), "visits")
        accounts = Accounts(world)
        self._all(
            lambda number: self._users(accounts, number), -(-len(world.crowd.account_person) // CHUNK), "accounts"
        )
        self._small(accounts)
        self._plant()
        planted: dict[str, int] = {}
        for table, kind, *_ in self.labels.rows:
            planted[f"{table}.{kind}"] = planted.get(f"{table}.{kind}", 0) + 1
        tally = self.out.tally
        return Delivery(
            self.first,
            self.last,
            tuple(tally.files),
            dict(tally.rows),
            {name: str(amount) for name, amount in tally.totals.items()},
            planted,
        )

    def _all(self, make: Callable[[int], tuple[Tables, Labels]], parts: int, kind: str) -> None:
        """Make all parts, two at a time, and write them: each to files of its own, or all together."""

        def one(number: int) -> tuple[Out, list[tuple[str, Any]], Labels]:
            tables, labels = make(number)
            out = Out(self.data, self.suffix)
            if self.truth is None:
                return out, list(tables), labels
            part = ("-visits" if kind == "visits" else "") + (f"-{number + 1:04d}" if parts > 1 else "")
            for name, table in _joined(tables):
                _put(out, name, table, part)
            return out, [], labels

        gathered: list[tuple[str, Any]] = []
        with ThreadPoolExecutor(_WORKERS) as pool:
            for out, tables, labels in pool.map(one, range(parts)):
                self.out.add([out])
                self.labels.rows += labels.rows
                gathered += tables
        for name, table in _joined(gathered):
            _put(self.out, name, table, "-visits" if kind == "visits" else "")

    def _orders(self, number: int) -> tuple[Tables, Labels]:
        world, since, now = self.world, self.since, self.now
        batch = sales.draw(world, number)
        self.flows.add(batch)
        first = batch.placed.is_first
        self.first_value[batch.person[first]] = batch.value[first]
        self.first_order[batch.person[first]] = batch.order_id[first]
        visits = journeys.of_orders(world, batch, number, self.claims)
        labels = Labels(self.labels.delivery)
        if self.truth:
            self.truth.orders(batch, f"-{number + 1:04d}" if world.batches > 1 else "")
        tables = list(self._sold(batch, labels))
        tables.append(("sessions", storefront.session_table(world, visits, since, now)))
        tables.append(("events", storefront.event_table(visits, batch.order_id, since, now)))
        return tables, labels

    def _sold(self, batch: Sales, labels: Labels) -> Tables:
        """What is told of a batch's orders: all of the new ones, and what happened to the others."""
        since, now = self.since, self.now
        arrived = batch.placed.arrived
        new = orders.take(batch, (arrived >= since) & (arrived < now))
        known = orders.take(batch, arrived < since)
        updated = known.updated(now)
        moved = (updated >= since) & (updated < now)
        yield from self._tables(new, -NEVER, labels)
        yield from self._tables(orders.take(known, moved), since, labels)
        # Parcels and reviews are no news of the order itself: look at all.
        quiet = orders.take(known, ~moved)
        yield "shipments", storefront.shipment_table(self.world, quiet, since, now)
        yield "reviews", storefront.review_table(quiet, since, now)
        labels.add("orders", "late", new.order_id[new.placed.at < since].tolist() if self.truth is None else [])
        if self.truth is None and self.world.settings.defects and len(batch.order):
            yield from self._changed(change(batch, since, now, self.turn), labels)

    def _tables(self, batch: Sales, since: int, labels: Labels, part: str = "") -> Tables:
        now, world = self.now, self.world
        order_table = storefront.order_table(world, batch, now)
        lines = storefront.line_table(world, batch)
        if world.settings.defects:
            again = batch.order_id[repeated(batch)]
            order_table, lines = twice(order_table, again, "order_id"), twice(lines, again, "order_id")
            labels.add("orders", "repeated", again.tolist())
        yield "orders", order_table
        yield "order_items", lines
        yield "payments", events.payment_table(batch, since, now)
        refunds, refund_items = events.refund_tables(batch, since, now)
        yield "refunds", refunds
        yield "refund_items", refund_items
        yield "shipments", storefront.shipment_table(world, batch, since, now)
        yield "reviews", storefront.review_table(batch, since, now)

    def _changed(self, changed: Changed, labels: Labels) -> Tables:
        world, since, now = self.world, self.since, self.now
        for batch, detail in ((changed.dearer, "repriced"), (changed.shorter, "lost its last line")):
            labels.add("orders", "changed", batch.order_id.tolist(), detail)
            yield "orders", storefront.order_table(world, batch, now)
            yield "order_items", storefront.line_table(world, batch)
            yield "payments", events.payment_table(batch, since, now)
        labels.add("orders", "repeated", changed.same.order_id.tolist(), "sent again as it was")
        yield "orders", storefront.order_table(world, changed.same, now)
        yield "order_items", storefront.line_table(world, changed.same)
        deleted = storefront.order_table(world, changed.deleted, now)
        labels.add("orders", "deleted", changed.deleted.order_id.tolist())
        yield "orders", _with(deleted, is_deleted=True, updated_at=now - 3600)
        # As it stood when the parcel had just left: the version says that it was overtaken.
        labels.add("orders", "stale", changed.stale.order_id.tolist())
        left = int(changed.stale.shipped.max(initial=0)) + 1
        if len(changed.stale.order_id):
            stale = storefront.order_table(world, changed.stale, now)
            yield "orders", _with(stale, status="paid", updated_at=min(left, int(changed.stale.placed.at.min())))

    def _prospects(self, number: int) -> tuple[Tables, Labels]:
        world, since, now = self.world, self.since, self.now
        visits, touches = journeys.of_prospects(world, number, self.first_value, self.claims)
        if self.truth:
            parts = journeys.batches(world)
            which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(world.crowd.prospects.person)))
            self.truth.journeys(which, self.first_order, f"-{number + 1:04d}" if parts > 1 else "")
        return [
            ("sessions", storefront.session_table(world, visits, since, now)),
            ("events", storefront.event_table(visits, np.zeros(0, dtype=np.int64), since, now)),
            ("touchpoints", storefront.touch_table(world, touches, since, now)),
        ], Labels(self.labels.delivery)

    def _users(self, accounts: Accounts, number: int) -> tuple[Tables, Labels]:
        which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(self.world.crowd.account_person)))
        changed = accounts.changed(self.now)[which]
        which = which[(changed >= self.since) & (changed < self.now)]
        return [("users", accounts.table(which, self.now))], Labels(self.labels.delivery)

    def _small(self, accounts: Accounts) -> None:
        world, since, now = self.world, self.since, self.now
        settings, places = world.settings, world.places
        changed = world.goods.changed(now)
        which = np.flatnonzero((changed >= since) & (changed < now))
        held = stock.build(self.flows)
        members = Members(world)
        tables = [
            ("products", goods.product_table(world.goods, which, now)),
            ("identities", accounts.identities(since, now)),
            ("stock_movements", held.movements(self.first_day, self.until_day)),
            ("stock_counts", held.snapshots(self.first_day, self.until_day)),
            ("subscriptions", members.subscriptions(since, now)),
            ("subscription_events", members.events(since, now)),
            ("exchange_rates", money.rate_table(settings, places, self.first_day, self.until_day)),
            ("campaigns", money.campaign_table(settings, world.truths, self.first_day, self.until_day)),
            (
                "ad_spend",
                money.spend_table(settings, places, world.truths, self.claims, self.first_day, self.until_day),
            ),
        ]
        if self.truth:
            tables += [
                ("categories", catalogue.categories()),
                ("stores", storefront.store_table(places)),
                ("locations", storefront.location_table(places)),
                ("employees", storefront.employee_table(settings, places)),
                ("sellers", storefront.seller_table(settings, places, world.goods)),
                ("promotions", goods.promotion_table(settings)),
                ("costs", money.cost_table(settings)),
                ("targets", money.target_table(settings, world.truths)),
            ]
        for name, table in tables:
            if len(table):
                _put(self.out, name, table, "")

    def _plant(self) -> None:
        """Append what can't be read or is not to be passed on to the newest files of some tables, and keep the
        labels."""
        if self.world.settings.defects:
            example = orders.take(sales.draw(self.world, 0), np.arange(self._first_batch) == 0)
            made = {
                "orders": storefront.order_table(self.world, example, self.now),
                "order_items": storefront.line_table(self.world, example),
                "payments": events.payment_table(example, -NEVER, NEVER - 1),
            }
            for name, table in made.items():
                written = [
                    file for file in self.out.tally.files if file.startswith(f"{name}-") or file == f"{name}.csv"
                ]
                if written and len(table):
                    spoil(self.data, name, max(written), table, self.labels, self.turn)
        pa.parquet.write_table(self.labels.table(), self.folder / TRUTH / f"defects{self.suffix}.parquet")

    @property
    def _first_batch(self) -> int:
        return min(CHUNK, len(self.world.crowd.person))


def _joined(tables: Tables) -> Tables:
    """The tables of each name as one, those without a row left out."""
    parts: dict[str, list[Any]] = {}
    for name, table in tables:
        if len(table):
            parts.setdefault(name, []).append(table)
    return [(name, pa.concat_tables(several)) for name, several in parts.items()]


def _put(out: Out, name: str, table: Any, part: str) -> None:
    if name in _PARQUET:
        out.parquet(name, table, part)
    else:
        out.csv(name, table, part)


def _with(table: Any, **values: Any) -> Any:
    """The table with one value in all rows of some columns; times in seconds since 1970."""
    for name, value in values.items():
        position = table.schema.get_field_index(name)
        kind = table.schema.field(name).type
        column = (
            pa.array([value] * len(table)).cast(pa.int64()).cast(kind)
            if name.endswith("_at")
            else pa.array([value] * len(table), kind)
        )
        table = table.set_column(position, name, column)
    return table


__all__ = ["DATA", "FIRST_ORDER_ID", "Delivery", "Tally", "next_day", "world_of", "write_storefront"]
