"""The truth folder: parameters, and what really happened, for those who want to know how near an estimate is.

Parquet beside one JSON file. None of it is delivered to the shop.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from shophouse.demo.catalogue import DAY
from shophouse.demo.tables import NEVER, Ints, numbers, times, words
from shophouse.demo.world.baskets import BAND, COMPANION
from shophouse.demo.world.clock import busy
from shophouse.demo.world.people import BY_THEMSELVES, GUEST, MAIN
from shophouse.demo.world.reporting import Reporting
from shophouse.demo.world.sales import Sales, World
from shophouse.demo.world.settings import CHUNK

TRUTH = "truth"
_KINDS = ("registered", "guest", "second")
assert (MAIN, GUEST) == (0, 1)


class Truth:
    """Writes into the folder `truth`."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world = folder / TRUTH, world
        self.reporting = Reporting(world)
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, table: Any) -> None:
        pa.parquet.write_table(table, self.folder / f"{name}.parquet", compression="zstd")

    def parameters(self) -> None:
        known = {
            "what": "BG/NBD and Gamma-Gamma of persons; effects of channels on first orders; reviews; memberships",
            "seed": self.world.settings.seed,
            "first_day": self.world.settings.first_day.isoformat(),
            "last_day_of_first_delivery": self.world.settings.end.isoformat(),
            "markets": list(self.world.settings.markets),
            "expected_conversion": self.world.truths.conversion,
            "basket_price_band": BAND,
            "companion_share_of_second_lines": COMPANION,
            **self.world.truths.as_dict(),
        }
        (self.folder / "parameters.json").write_text(json.dumps(known, indent=2) + "\n")

    def people(self) -> None:
        """persons, accounts and the clock. Buyers come first; who only has an account has no rate."""
        crowd, settings = self.world.crowd, self.world.settings
        everyone, buyers = len(crowd.prospect), crowd.buyers
        onlooker = np.arange(everyone) >= buyers

        def only(values: Any) -> Any:
            padded = np.zeros(everyone, dtype=np.asarray(values).dtype)
            padded[:buyers] = values
            return pa.array(padded, mask=onlooker)

        self.write(
            "persons",
            pa.table(
                {
                    "person_id": numbers(np.arange(everyone)),
                    "prospect_id": numbers(crowd.prospect),
                    "country_code": words(self.world.places.country, crowd.market),
                    "rate_a_day": only(crowd.rate),
                    "leaves_after_an_order": only(crowd.leaving),
                    "mean_order_value": only(crowd.spend / 100),
                    "has_left_by_horizon": only(crowd.left),
                    "born_even_day": only(crowd.prospects.even[crowd.prospect[:buyers]]),
                }
            ),
        )
        self.write(
            "accounts",
            pa.table(
                {
                    "customer_id": numbers(np.arange(len(crowd.account_person)) + 1),
                    "person_id": numbers(crowd.account_person),
                    "kind": words(_KINDS, crowd.account_kind),
                    "is_guest": pa.array(crowd.is_guest),
                }
            ),
        )
        days = settings.start // DAY + np.arange(settings.span)
        self.write(
            "clock",
            pa.table({"day": pa.array(days.astype("datetime64[D]")), "speed": busy(settings.start, settings.span)}),
        )

    def goods(self) -> None:
        """Sellers that are slow, shelves that are empty, and what goes with what."""
        goods, stores = self.world.goods, self.world.places.stores
        slow = goods.slow_seller
        self.write("sellers", pa.table({"seller_id": numbers(np.arange(len(slow)) + 1), "is_slow": pa.array(slow)}))
        product, store = np.nonzero(goods.out_until)
        first = self.world.settings.start // DAY
        self.write(
            "stock_outs",
            pa.table(
                {
                    "product_id": numbers(product + 1),
                    "location_id": numbers(np.array([one.number for one in stores])[store]),
                    "first_day": pa.array((first + goods.out_from[product, store]).astype("datetime64[D]")),
                    "filled_day": pa.array((first + goods.out_until[product, store]).astype("datetime64[D]")),
                    "stand_in_product_id": numbers(goods.stand_in[product] + 1),
                }
            ),
        )
        sold = np.sort(goods.by_price)
        self.write(
            "companions",
            pa.table({"product_id": numbers(sold + 1), "companion_product_id": numbers(goods.companion[sold] + 1)}),
        )

    def orders(self, batch: Sales, number: int, parts: int) -> None:
        """All orders up to the horizon, with who really placed them, when they are told of and what they are worth in
        US dollars; what moved on gift cards up to the end of the first delivery; and the lines in which something
        else was wanted."""
        part = _part(number, parts)
        self.write(
            f"orders{part}",
            pa.table(
                {
                    "order_id": numbers(batch.order_id),
                    "person_id": numbers(batch.person),
                    "ordered_at": times(batch.placed.at),
                    "arrived_at": times(batch.placed.arrived),
                    "is_first": pa.array(batch.placed.is_first),
                    "value_at_list_price_usd": pa.array(batch.value / 100),
                    "total_amount": pa.array(batch.total / 100),
                    **self.reporting.columns(batch),
                    "is_late": pa.array((batch.parcels > 0) & (batch.delivered > batch.promised)),
                    "is_cancelled": pa.array(batch.cancelled < NEVER),
                }
            ),
        )
        self.write(f"gift_cards{part}", self.reporting.gift_cards(batch, self.world.settings.stop))
        line = np.flatnonzero(batch.wanted >= 0)
        self.write(
            f"lost_sales{part}",
            pa.table(
                {
                    "order_id": numbers(batch.order_id[batch.order[line]]),
                    "line_number": numbers(batch.line[line]),
                    "wanted_product_id": numbers(batch.wanted[line] + 1),
                    "sold_product_id": numbers(batch.product[line] + 1),
                    "quantity": numbers(batch.quantity[line]),
                }
            ),
        )

    def ids(self, order: Any, person: Any, number: int, parts: int) -> None:
        """What the files call the orders and persons of a batch, row by row as in `orders`."""
        self.write(f"ids{_part(number, parts)}", pa.table({"order_id": order, "customer_unique_id": person}))

    def journeys(self, number: int, parts: int, first_order: Ints) -> None:
        """By prospect: what touched them, what made them buy, and of which channel they were to know nothing.
        `first_order` is the order's id by person. A prospect's devices are visitors 2 × prospect and one more."""
        prospects, truths = self.world.crowd.prospects, self.world.truths
        which = np.arange(number * CHUNK, min((number + 1) * CHUNK, len(prospects.person)))
        part = _part(number, parts)
        person = prospects.person[which]
        channels = [channel.name for channel in truths.channels]
        held = prospects.held_out[which]
        self.write(
            f"prospects{part}",
            pa.table(
                {
                    "prospect_id": numbers(which),
                    "person_id": numbers(person, person < 0),
                    "first_order_id": numbers(first_order[np.maximum(person, 0)], person < 0),
                    "ended_at": times(prospects.ended[which]),
                    "held_out": words(channels, np.maximum(held, 0).astype(np.int64), held < 0),
                    "by_themselves": pa.array((prospects.causes[which] & BY_THEMSELVES) > 0),
                    **{
                        f"saw_{name}": pa.array((prospects.exposed[which] >> number) & 1 == 1)
                        for number, name in enumerate(channels)
                    },
                    **{
                        f"moved_by_{name}": pa.array((prospects.causes[which] >> (number + 1)) & 1 == 1)
                        for number, name in enumerate(channels)
                    },
                }
            ),
        )


def _part(number: int, parts: int) -> str:
    return f"-{number + 1:04d}" if parts > 1 else ""
