"""The commands to begin with: a shop's folder, and demos to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from shophouse.cli.app import START, command
from shophouse.cli.output import say, working
from shophouse.errors import ConfigError, ShophouseError

__all__: list[str] = []


@command(START)
def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", show_default="here")] = Path(),
    name: Annotated[str | None, typer.Option(help="The shop's name; the folder's when absent.")] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", "--staging", help="Whose columns these are: olist, online_retail, storefront …"),
    ] = None,
    path: Annotated[str, typer.Option(metavar="GLOB", help="Where the files arrive.")] = "data/*.csv",
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="[postgres|files]", help="Propose the staging models from what is there."),
    ] = None,
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="env:NAME or postgresql://…, with --from postgres. It is written nowhere."),
    ] = None,
    schema: Annotated[str, typer.Option(help="The database's schema, with --from postgres.")] = "public",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="IANA, as Europe/Oslo.")] = "UTC",
    currency: Annotated[str, typer.Option(metavar="CODE", help="ISO 4217, as NOK.")] = "EUR",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files of these names; not with --from.")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="With --from: write only the files that are not there.")
    ] = False,
) -> None:
    """Write the folder of a shop of your own.

    With --from, look at the tables of a database, or at files, and propose which of them is which entity of the input
    contract. It proposes, and you decide: `shophouse connector check` says what is missing.
    """
    from shophouse.scaffold import init_project

    if source is not None or dsn is not None or missing:
        _init_from(source, folder, name, dsn, schema, path, timezone, currency, platform, force, missing)
        return

    written = init_project(
        folder, name=name, staging=platform, timezone=timezone, currency=currency, path=path, force=force
    )
    root = folder.expanduser().resolve()
    say(f"written in {root}:")
    for file in written:
        say(f"  {file.relative_to(root).as_posix()}")
    own = next((file for file in written if file.name.endswith("__sources.yml")), None)
    step = f"put the files where shophouse.yml says: {path}"
    if own is not None:
        step += f"\n  say what their columns mean:   {own.parent.relative_to(root).as_posix()}/"
    say(f"next:\n  {step}\n  see what is missing:           shophouse doctor{_option(folder)}")
    say(f"  and then:                      shophouse run{_option(folder)}")


def _init_from(
    source: str | None,
    folder: Path,
    name: str | None,
    dsn: str | None,
    schema: str,
    path: str,
    timezone: str,
    currency: str,
    platform: str | None,
    force: bool,
    missing: bool,
) -> None:
    from shophouse.cli.connector import show_proposal
    from shophouse.connector import init_from_files, init_from_postgres

    if source is None:
        raise ConfigError("--dsn and --missing need --from", hint="--from postgres --dsn env:NAME")
    if source not in ("postgres", "files"):
        raise ConfigError(
            f"--from can't be {source}", why="known: postgres, files", hint="--from postgres --dsn env:NAME"
        )
    if platform is not None:
        raise ConfigError("--from and --platform exclude each other", why="a platform has its staging models")
    if force:
        raise ConfigError(
            "--force can't be with --from",
            why="what was proposed may have been changed by hand",
            hint="--missing writes what isn't there; to have a file proposed anew, remove it first",
        )
    if source == "postgres":
        if dsn is None:
            raise ConfigError("--from postgres needs a DSN", hint="--dsn env:SHOP_SOURCE   with the variable set")
        made = init_from_postgres(
            folder, dsn, schema=schema, name=name, timezone=timezone, currency=currency, only_missing=missing
        )
    else:
        made = init_from_files(folder, path, name=name, timezone=timezone, currency=currency, only_missing=missing)
    if not made.proposal.matches:
        raise ShophouseError(
            "nothing is proposed, and nothing was written",
            where=made.proposal.place,
            why=[made.proposal.why_not, f"tables: {', '.join(table.name for table in made.proposal.tables[:30])}"],
            hint="for a mapping by hand:   shophouse init",
        )
    show_proposal(made, _option(folder))


@command(START)
def demo(
    which: Annotated[
        str,
        typer.Argument(
            metavar="[storefront|shop|olist|online-retail]",
            help="A synthetic storefront; a whole shop whose truth is known; or one of two real ones.",
        ),
    ] = "storefront",
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Where the files of olist or online-retail are.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="The shop's folder, made if absent.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="How many orders a synthetic shop has.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, help="In how many days.")] = 730,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 7,
    shape: Annotated[
        str, typer.Option(help="Whose files the whole shop has: storefront, olist, grocery or order-events.")
    ] = "storefront",
    markets: Annotated[
        str | None,
        typer.Option(metavar="COUNTRIES", help="Where the whole shop sells: US,GB,DE,JP, or some of them."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="csv|parquet", help="What the storefront's files are.")
    ] = "csv",
    bucket: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the storefront leaves its files, as s3://bucket/shop; else a folder."),
    ] = None,
    more: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="Days that the whole shop delivers after those, with faults.")
    ] = 0,
    dsn: Annotated[
        str | None,
        typer.Option(metavar="env:NAME", help="An empty PostgreSQL database for the whole shop to live in."),
    ] = None,
) -> None:
    """Make a demo shop, run it, and show what came out.

    In a folder that has the demo already, run it again.
    """
    from shophouse.demo.shops import demo_files, demo_project
    from shophouse.serve.summary import summary
    from shophouse.shop import Shop

    where = [country.strip().upper() for country in markets.split(",")] if markets else None
    with working() as bars:
        bars.phase("demo")
        project = demo_project(
            which, into=into, data=data, shape=shape, format=format, bucket=bucket, dsn=dsn, notice=bars.notice
        )
        shop = Shop(project, bars)
        with shop.compiling():
            demo_files(
                project,
                which,
                orders=orders,
                days=days,
                seed=seed,
                shape=shape,
                markets=where,
                more=more,
                notice=bars.notice,
            )
            done = shop.run()
    for line in summary(shop, done):
        say(line)


def _option(folder: Path) -> str:
    return "" if folder.resolve() == Path.cwd() else f" -p {os.path.relpath(folder.expanduser())}"
