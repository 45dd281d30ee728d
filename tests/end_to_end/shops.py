"""Shops to try things on, and the command line as its users start it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from shophouse.demo.storefront import generate
from shophouse.scaffold import init_project
from shophouse.shop import Shop


class KeptShop:
    """A shop's folder that can be put back as it was kept, at the same path: a lake knows by its path where it lies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder.with_name(f"{folder.name}.kept")

    def keep(self) -> None:
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.folder, self.kept, symlinks=True)

    def back(self) -> Shop:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.kept, self.folder, symlinks=True)
        return Shop.open(self.folder)


def new_storefront(folder: Path, *, orders: int = 400, days: int = 120, seed: int = 11) -> Shop:
    """A shop whose data/ has a synthetic storefront; nothing is loaded yet. Days are New York's, money US dollars."""
    init_project(
        folder,
        name="storefront",
        staging="storefront",
        timezone="America/New_York",
        currency="USD",
        source_timezone="UTC",
    )
    generate(folder / "data", seed=seed, days=days, orders=orders, products=60)
    return Shop.open(folder)


def shophouse(
    *arguments: str, folder: Path, package: Path | None = None, options: Iterable[str] = ()
) -> subprocess.CompletedProcess[str]:
    """`shophouse …` in a process of its own, in the shop's folder; `package` holds another copy of the program.

    `options` are Python's own.
    """
    return subprocess.run(
        [sys.executable, *options, "-m", "shophouse", *arguments],
        cwd=folder,
        env=environment(package),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(package: Path | None = None) -> dict[str, str]:
    paths = [str(package)] if package else []
    paths += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    return {**os.environ, **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})}


def rows(shop: Shop, sql: str) -> list[tuple[Any, ...]]:
    """Of the newest published version."""
    return [tuple(row) for row in shop.sql(sql).fetchall()]


def row(shop: Shop, sql: str) -> tuple[Any, ...]:
    (found,) = rows(shop, sql)
    return found


def value(shop: Shop, sql: str) -> Any:
    (found,) = row(shop, sql)
    return found


class Files:
    """CSV files as tables of text, read by plain DuckDB: what a shop's numbers are held against."""

    def __init__(self, tables: Mapping[str, str]) -> None:
        self.connection = duckdb.connect()
        for name, glob in tables.items():
            self.connection.execute(
                f"create table {name} as from read_csv('{glob}', header = true, all_varchar = true)"
            )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(found) for found in self.connection.execute(sql).fetchall()]

    def row(self, sql: str) -> tuple[Any, ...]:
        (found,) = self.rows(sql)
        return found

    def value(self, sql: str) -> Any:
        (found,) = self.row(sql)
        return found


def money(number: Any) -> Decimal:
    """To compare sums whatever their number of digits."""
    return Decimal(number).quantize(Decimal("0.0001"))
