"""A synthetic storefront as its database would export it: users, products, orders, payments and so on, as files.

The shape is plain OLTP. Ids are integers, times are UTC without an offset, money is US dollars with two decimals.
The same settings give the same bytes (with one release of numpy). What the files hold:

- An order's parts add up: `orders.total_amount` is Σ(quantity × unit_price − discount + tax of its lines) − its own
  discount + shipping + its own tax (tax on shipping). What payments captured is that total, for each order with
  `paid_at`.
- `payments` has authorizations with captures, failed attempts, voids, split payments (gift card and card) and refunds.
  Every row of `refunds` is there as well, with kind `refund`; an order cancelled after payment has its money back
  only there.
- About 3 % of the orders name no user. A tenth of the users were made by a guest checkout (`is_guest`); some persons
  have a second account with the same e-mail in other letter case; one in two hundred users has no e-mail at all.
- A few test orders, gift cards (no tax, no parcel), products without cost, parcels in two parts, late and lost.
- One store, no sellers and no staff: the columns that name them are empty.
- Order status: pending, paid, shipped, delivered, cancelled. Payment status: succeeded, failed, voided.

`delta` adds the files of one more day beside the first ones: new orders, and what happened to older ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from shophouse.demo import catalogue as catalogues
from shophouse.demo import people
from shophouse.demo.days import Delta, one_day_more
from shophouse.demo.orders import LINES_PER_ORDER
from shophouse.demo.people import People
from shophouse.demo.state import CATALOGUE, CHUNK, PEOPLE, STATE, Day, State, Tally, base, read_state, tables, write_all
from shophouse.demo.tables import NEVER, Compress, Format
from shophouse.errors import ConfigError

__all__ = ["Delta", "Summary", "delta", "generate", "orders_for_lines"]

_WORKERS = 2


@dataclass(frozen=True)
class Summary:
    """What was written.

    `rows` by table; `totals` by "table.column" for every column of money, with "order_items.gross" (Σ quantity × unit
    price) and "payments.captured" (what succeeded as sale or capture) beside them; `statuses` of orders; `persons`
    who ordered (by e-mail regardless of case, else account; an order without user is a person of its own), and how
    many more than once.
    """

    folder: Path
    seed: int
    start: date
    end: date
    files: tuple[str, ...]
    rows: dict[str, int]
    totals: dict[str, Decimal]
    statuses: dict[str, int]
    persons: int
    persons_with_several_orders: int
    seconds: float


def orders_for_lines(lines: int) -> int:
    """How many orders have about so many lines."""
    return max(1, round(lines / LINES_PER_ORDER))


def generate(
    folder: str | Path,
    *,
    seed: int = 7,
    days: int = 730,
    end: date = date(2025, 12, 31),
    orders: int = 20_000,
    products: int | None = None,
    format: Format = "csv",
    compress: Compress = None,
) -> Summary:
    """Write a storefront with exactly so many orders in the `days` days up to and with `end`.

    Small tables are one file each (`users.csv`); orders and what hangs on them are numbered files when there are more
    than 200,000 orders (`orders-0001.csv`). `compress` is for CSV alone. Raises ConfigError for a folder that holds a
    storefront already, or when `days` or `orders` is not positive.
    """
    began = time.perf_counter()
    folder = Path(folder)
    if days < 1 or orders < 1:
        raise ConfigError(
            "a storefront needs at least one day and one order",
            where=f"days={days}, orders={orders}",
            hint="say --orders 20000",
        )
    if (folder / STATE).exists():
        raise ConfigError(
            "there is a storefront already",
            where=str(folder / STATE),
            hint=f"choose another folder, or remove {folder}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    wanted = products or int(np.clip(orders // 40, 120, 12_000))
    state = State(seed, end.isoformat(), days, orders, wanted, format, compress)
    goods = catalogues.build(state.rng(CATALOGUE), wanted, state.start, state.stop)
    crowd = people.populate(state.rng(PEOPLE), orders, state.start, days)
    chunks = -(-orders // CHUNK)

    def part(number: int) -> Tally:
        batch = base(state, crowd, goods, number)
        suffix = f"-{number + 1:04d}" if chunks > 1 else ""
        return write_all(folder, suffix, state, tables(batch, -NEVER, state.stop))

    def users(number: int) -> Tally:
        suffix = f"-{number + 1:04d}" if user_parts > 1 else ""
        which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(crowd.person)))
        return write_all(folder, suffix, state, [("users", crowd.users(which))])

    user_parts = -(-len(crowd.person) // CHUNK)
    small = [("products", goods.products(np.arange(goods.launched))), ("categories", catalogues.categories())]
    tally = write_all(folder, "", state, small)
    for done in _side_by_side([(part, n) for n in range(chunks)] + [(users, n) for n in range(user_parts)]):
        tally.add(done)
    state.save(folder)
    persons, several = _persons(crowd)
    return Summary(
        folder=folder,
        seed=seed,
        start=end - timedelta(days=days - 1),
        end=end,
        files=tuple(tally.files),
        rows=dict(tally.rows),
        totals=tally.totals,
        statuses=dict(tally.statuses),
        persons=persons,
        persons_with_several_orders=several,
        seconds=time.perf_counter() - began,
    )


def delta(folder: str | Path, *, day: date | None = None, seed: int | None = None, orders: int | None = None) -> Delta:
    """Write one more day beside the files of `generate` and of earlier deltas: `orders-2026-01-01.csv` and so on.

    `day` is by default the one after the last; `orders` as many as a day of the storefront has. An order that comes
    again comes whole, with all of its lines. A child table's file has what is new or has changed. Raises ConfigError
    for a folder that `generate` did not write, or a day that is not after the last one.
    """
    folder = Path(folder)
    state = read_state(folder)
    last = date.fromisoformat(state.deltas[-1].day if state.deltas else state.end)
    day = day or last + timedelta(days=1)
    if day <= last:
        raise ConfigError(
            f"{day} is not after the last day, {last}", where=str(folder), hint=f"choose {last + timedelta(days=1)}"
        )
    today = Day(
        day=day.isoformat(),
        seed=state.seed * 1000 + len(state.deltas) + 1 if seed is None else seed,
        orders=max(4, round(state.orders / state.days * 1.2)) if orders is None else max(4, orders),
    )
    state = replace(state, deltas=(*state.deltas, today))
    result = one_day_more(folder, state)
    state.save(folder)
    return result


def _side_by_side(tasks: Sequence[tuple[Callable[[int], Tally], int]]) -> Iterator[Tally]:
    """Results in the order of the tasks; numpy and arrow work without the interpreter's lock."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(lambda task: task[0](task[1]), tasks)


def _persons(crowd: People) -> tuple[int, int]:
    user = crowd.user[crowd.user >= 0]
    person = crowd.person[user]
    identity = np.where(people.has_email(person), person, -1 - user)
    counts = np.unique(identity, return_counts=True)[1]
    return len(counts) + int((crowd.user < 0).sum()), int((counts > 1).sum())
