"""A shop's folder for each demo: the synthetic storefront, and two public data sets where their files are at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.errors import ConfigError
from shophouse.project import PROJECT_FILE, FilesSource, Project
from shophouse.settings import PostgresSource
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    from shophouse.demo.tables import Format
    from shophouse.demo.world.settings import Settings

__all__ = ["DEMOS", "Demo", "demo_files", "demo_project", "make_demo"]


@dataclass(frozen=True)
class Demo:
    """What the project file of a demo says. `origin` is where its files come from; None: they are made."""

    title: str
    staging: str
    timezone: str
    currency: str
    folder: str
    example: str = ""
    origin: str | None = None


DEMOS = {
    "storefront": Demo("Demo shop", "storefront", "America/New_York", "USD", "demo-shop"),
    "shop": Demo("Demo shop", "storefront", "America/New_York", "USD", "demo-shop-with-truth"),
    "olist": Demo(
        "Olist",
        "olist",
        "America/Sao_Paulo",
        "BRL",
        "demo-olist",
        "olist_orders_dataset.csv",
        "https://www.kaggle.com/datasets/olistbr/brazilian-ecommerce",
    ),
    "online-retail": Demo(
        "Online Retail",
        "online_retail",
        "Europe/London",
        "GBP",
        "demo-online-retail",
        "online_retail.csv",
        "https://archive.ics.uci.edu/dataset/352/online+retail",
    ),
}

# The world in the files of other platforms: their times are those of the shop's own clocks.
SHAPES = {
    "storefront": DEMOS["shop"],
    "olist": Demo("Demo marketplace", "olist", "America/Sao_Paulo", "BRL", "demo-shop-as-olist"),
    "grocery": Demo("Demo grocery", "grocery", "America/New_York", "USD", "demo-shop-as-grocery"),
    "order-events": Demo("Demo stream", "order_events", "America/New_York", "USD", "demo-shop-as-order-events"),
}
WORLD_MARKETS = ("US", "GB", "DE", "JP")
# Events tell no exchange rates: one currency, unless the caller wants others.
MARKETS_OF_EVENTS = ("US",)
_DATA = "data"


def make_demo(
    which: str,
    *,
    into: Path | None = None,
    data: Path | None = None,
    orders: int = 20_000,
    days: int = 730,
    seed: int = 7,
    shape: str = "storefront",
    markets: Sequence[str] | None = None,
    more: int = 0,
    format: str = "csv",
    bucket: str | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Project:
    """The project of a demo with its files: demo_project() and then demo_files(). Raises ConfigError as they do."""
    project = demo_project(which, into=into, data=data, shape=shape, format=format, bucket=bucket, notice=notice)
    demo_files(
        project, which, orders=orders, days=days, seed=seed, shape=shape, markets=markets, more=more, notice=notice
    )
    return project


def demo_project(
    which: str,
    *,
    into: Path | None = None,
    data: Path | None = None,
    shape: str = "storefront",
    format: str = "csv",
    bucket: str | None = None,
    dsn: str | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Project:
    """The project of a demo, made where it isn't there yet; files of a data set are read where they are.

    `format` and `bucket`, as `s3://bucket/shop`, say how and where the synthetic storefront leaves its files. Raises
    ConfigError when the demo or the shape is unknown, its files aren't in `data`, or `into` holds another shop.
    `dsn` refers (env:NAME) to an empty PostgreSQL database that the demo `shop` is to live in, in place of files.
    """
    if dsn is not None and (which, shape) != ("shop", "storefront"):
        raise ConfigError("only the demo shop can live in a database", hint="shophouse demo shop --dsn env:SHOP_DSN")
    if dsn is not None and not re.fullmatch(r"env:[A-Za-z_]\w*", dsn):
        hint = "export SHOP_DSN=postgresql://…, and type   --dsn env:SHOP_DSN"
        raise ConfigError("a DSN holds a password: name the variable that has it", hint=hint)
    demo = DEMOS.get(which)
    if demo is None:
        raise ConfigError(
            f"there is no demo {which!r}", why=f"known: {', '.join(DEMOS)}", hint=did_you_mean(which, DEMOS)
        )
    if which == "shop":
        if shape not in SHAPES:
            raise ConfigError(f"there is no shape {shape!r}", why=f"known: {', '.join(SHAPES)}")
        demo = SHAPES[shape]
    if format not in ("csv", "parquet"):
        raise ConfigError(f"there is no format {format!r}", why="known: csv, parquet")
    if which != "storefront" and (bucket or format != "csv"):
        raise ConfigError(
            f"the demo {which} has CSV files in a folder",
            why="--format and --bucket are for the synthetic storefront",
            hint="shophouse demo storefront --format parquet",
        )
    folder = (into or Path(demo.folder)).expanduser().resolve()
    if (folder / PROJECT_FILE).is_file():
        return _existing(folder, which, demo, notice)
    from shophouse.scaffold import init_project

    is_synthetic = demo.origin is None
    if is_synthetic:
        path = f"{_DATA}/*" if which == "shop" else f"{(bucket or _DATA).rstrip('/')}/*.{format}"
        _unfinished(folder).parent.mkdir(parents=True, exist_ok=True)
        _unfinished(folder).touch()
    else:
        path = _glob(which, demo, data)
    try:
        init_project(
            folder,
            name=demo.title,
            staging=demo.staging,
            timezone=demo.timezone,
            currency=demo.currency,
            path=path,
            # a storefront's database and events have their times in UTC; the files of the others their shops' own
            source_timezone="UTC" if is_synthetic and demo.staging in ("storefront", "order_events") else None,
        )
    except ConfigError:
        _unfinished(folder).unlink(missing_ok=True)
        raise
    if dsn is not None:
        from shophouse.demo.oltp import read_from
        from shophouse.values import Secret

        read_from(folder / PROJECT_FILE, Secret(dsn))
    return Project.load(folder)


def demo_files(
    project: Project,
    which: str,
    *,
    orders: int = 20_000,
    days: int = 730,
    seed: int = 7,
    shape: str = "storefront",
    markets: Sequence[str] | None = None,
    more: int = 0,
    notice: Callable[[str], None] = lambda line: None,
) -> None:
    """Make the files of a synthetic shop, unless it has them; the demo `shop` then delivers `more` days."""
    unfinished = _unfinished(project.folder)
    dsn = next((source.dsn for source in project.sources.values() if isinstance(source, PostgresSource)), None)
    if dsn is not None and more:
        raise ConfigError("a shop in a database delivers no files", hint="leave out --more")
    if unfinished.exists():
        if dsn is not None:
            from shophouse.demo.oltp import fill

            fill(dsn, _settings(orders, days, seed, shape, markets, defects=False))
        elif which == "shop":
            _generate_world(project.folder, orders, days, seed, shape, markets)
        else:
            _generate(project, orders, days, seed)
        unfinished.unlink()
    if which == "shop" and more:
        _deliver_more(project.folder, more, notice)


def _unfinished(folder: Path) -> Path:
    """There as long as a synthetic shop lacks files: a demo that was stopped goes on, and no other shop is touched."""
    return folder / ".shophouse" / "unfinished-demo"


def _existing(folder: Path, which: str, demo: Demo, notice: Callable[[str], None]) -> Project:
    project = Project.load(folder)
    if demo.staging not in project.platforms:
        raise ConfigError(
            f"{folder} is another shop",
            why=f"its sources are of {', '.join(project.platforms) or 'no platform'}",
            hint=f"shophouse demo {which} --into ANOTHER_FOLDER",
        )
    notice(f"{folder} has the demo already: running it again")
    return project


def _generate(project: Project, orders: int, days: int, seed: int) -> None:
    from shophouse.demo.storefront import generate

    for left in project.folder.glob(f"{_DATA}/*.*"):
        left.unlink()
    path = next(source.path for source in project.sources.values() if isinstance(source, FilesSource))
    format: Format = "parquet" if path.endswith(".parquet") else "csv"
    made = generate(project.folder / _DATA, seed=seed, days=days, orders=orders, format=format)
    if "://" in path:
        from shophouse.object_store import upload

        upload([made.folder / file for file in made.files], path.rpartition("/")[0])


def _generate_world(folder: Path, orders: int, days: int, seed: int, shape: str, markets: Sequence[str] | None) -> None:
    from shophouse.demo.world.deliveries import write_world
    from shophouse.demo.world.truth import TRUTH

    for left in (*folder.glob(f"{_DATA}/*.*"), *folder.glob(f"{TRUTH}/*.*")):
        left.unlink()
    write_world(folder, _settings(orders, days, seed, shape, markets), shape.replace("-", "_"))


def _settings(
    orders: int, days: int, seed: int, shape: str, markets: Sequence[str] | None, defects: bool = True
) -> Settings:
    from shophouse.demo.world.settings import Settings

    usual = MARKETS_OF_EVENTS if shape == "order-events" else WORLD_MARKETS
    return Settings(seed=seed, days=days, orders=orders, markets=tuple(markets or usual), defects=defects)


def _deliver_more(folder: Path, days: int, notice: Callable[[str], None]) -> None:
    from shophouse.demo.world.deliveries import next_day

    for _ in range(days):
        notice(f"delivered {next_day(folder).last}")


def _glob(which: str, demo: Demo, data: Path | None) -> str:
    hint = f"download it from {demo.origin} and type   shophouse demo {which} --data FOLDER"
    if data is None:
        raise ConfigError(f"the demo {which} needs its files", hint=hint)
    folder = data.expanduser().resolve()
    if not any(folder.glob(f"*{demo.example}*")):
        raise ConfigError(f"{demo.example} is not there", where=f"looked in {folder}", hint=hint)
    return f"{folder}/*.csv*"
