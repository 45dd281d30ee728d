"""A world written as files, in deliveries: the first days in one, then day by day what happened on each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from shophouse.demo.catalogue import DAY
from shophouse.demo.state import midnight
from shophouse.demo.tables import NEVER
from shophouse.demo.world import goods, people
from shophouse.demo.world.files import Out, Span
from shophouse.demo.world.places import Places
from shophouse.demo.world.sales import World
from shophouse.demo.world.settings import Settings
from shophouse.demo.world.shapes import grocery, olist, order_events, storefront_files
from shophouse.demo.world.truth import TRUTH, Truth
from shophouse.demo.world.truths import TRUTHS
from shophouse.errors import ConfigError

__all__ = ["DATA", "SHAPES", "STATE", "Delivery", "next_day", "world_of", "write_world"]

DATA = "data"
STATE = "world.json"


@dataclass(frozen=True)
class Shape:
    """A way to write a world down. `markets` and `lines` are what its files can tell, where that is less."""

    deliver: Callable[[Span], Out]
    markets: tuple[str, ...] = ()
    lines: int = 0

    def fit(self, settings: Settings) -> Settings:
        return replace(settings, markets=self.markets or settings.markets, lines=self.lines or settings.lines)


SHAPES = {
    "storefront": Shape(storefront_files.deliver),
    "olist": Shape(olist.deliver, markets=("BR",)),
    "grocery": Shape(grocery.deliver, markets=("US",), lines=1),
    "order_events": Shape(order_events.deliver),
}


@dataclass(frozen=True)
class Delivery:
    """What was delivered for the days from `first` to `last`: files, rows by table, sums of money by table.column
    whatever the currency, and how many faults were planted by table.kind."""

    first: date
    last: date
    files: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)
    planted: dict[str, int] = field(default_factory=dict)


def world_of(settings: Settings) -> World:
    """The world that follows from the settings."""
    places = Places.of(settings.markets)
    offsets = places.offsets(settings.start, settings.span)
    crowd = people.populate(settings, places, offsets, TRUTHS)
    return World(settings, places, offsets, goods.build(settings, places), crowd, TRUTHS)


def write_world(folder: str | Path, settings: Settings, shape: str = "storefront") -> Delivery:
    """Write the first delivery into `folder`/data and what is true into `folder`/truth.

    Raises ConfigError for an unknown shape, or where there is a world already.
    """
    folder = Path(folder)
    state = folder / TRUTH / STATE
    if shape not in SHAPES:
        raise ConfigError(f"there is no shape {shape!r}", why=f"known: {', '.join(SHAPES)}")
    if state.exists():
        raise ConfigError("there is a world already", where=str(state), hint=f"choose another folder than {folder}")
    settings = SHAPES[shape].fit(settings)
    world = world_of(settings)
    truth = Truth(folder, world)
    done = _deliver(folder, shape, Span(folder / DATA, world, -NEVER, settings.stop, 0, truth))
    truth.parameters()
    truth.people()
    truth.goods()
    _save(state, shape, settings, [done])
    return done


def next_day(folder: str | Path) -> Delivery:
    """Write the delivery of one more day beside the earlier ones.

    Raises ConfigError for a folder without a world, or when the world has come to its end.
    """
    folder = Path(folder)
    state = folder / TRUTH / STATE
    shape, settings, earlier = _read(state)
    day = earlier[-1].last + timedelta(days=1)
    if midnight(day) >= settings.horizon:
        raise ConfigError(
            f"the world ends on {earlier[-1].last}", where=str(state), hint="make one with more days ahead"
        )
    span = Span(folder / DATA, world_of(settings), midnight(day), midnight(day) + DAY, len(earlier), None)
    done = _deliver(folder, shape, span)
    _save(state, shape, settings, [*earlier, done])
    return done


def _deliver(folder: Path, shape: str, span: Span) -> Delivery:
    span.data.mkdir(parents=True, exist_ok=True)
    tally = SHAPES[shape].deliver(span).tally
    span.labels.save(folder / TRUTH / f"defects{span.suffix}.parquet")
    return Delivery(
        span.first,
        span.last,
        tuple(tally.files),
        dict(tally.rows),
        {name: str(amount) for name, amount in tally.totals.items()},
        dict(Counter(f"{table}.{kind}" for table, kind, *_ in span.labels.rows)),
    )


def _save(state: Path, shape: str, settings: Settings, deliveries: Sequence[Delivery]) -> None:
    known = {"shape": shape, "settings": asdict(settings), "deliveries": [asdict(one) for one in deliveries]}
    state.write_text(json.dumps(known, indent=2, default=str) + "\n")


def _read(state: Path) -> tuple[str, Settings, list[Delivery]]:
    try:
        known = json.loads(state.read_text())
    except FileNotFoundError:
        raise ConfigError("no world here", where=str(state), why="a day is added to a world's first delivery") from None
    said = known["settings"]
    settings = Settings(**said | {"end": date.fromisoformat(said["end"]), "markets": tuple(said["markets"])})
    deliveries = [
        Delivery(
            **one | {"files": tuple(one["files"])} | {day: date.fromisoformat(one[day]) for day in ("first", "last")}
        )
        for one in known["deliveries"]
    ]
    return known["shape"], settings, deliveries
