"""A copy of an example in a folder of its own, run as its README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import shophouse
from shophouse.shop import Shop

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_GENERATED = (".shophouse", "warehouse", "lake", "logs", "package-lock.yml")


@dataclass(frozen=True)
class Example:
    folder: Path

    def shell(self, line: str) -> str:
        """What a line that a person types prints; fails the test when it fails."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path}
        environment.pop("SHOPHOUSE_PROJECT", None)
        done = subprocess.run(
            line, shell=True, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    @property
    def readme(self) -> str:
        return (self.folder / "README.md").read_text("utf-8")

    @property
    def shop(self) -> Shop:
        return shophouse.open(self.folder)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the published version."""
        return self.shop.sql(sql).fetchall()

    def one(self, sql: str) -> Any:
        (row,) = self.rows(sql)
        return row[0] if len(row) == 1 else row

    def built(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the database that is being built, which has staging too."""
        rows: list[dict[str, Any]] = self.shop.engine.query(sql).to_pylist()
        return rows

    def plant(self, *statements: str) -> None:
        """Change what was built, behind everyone's back."""
        with duckdb.connect(str(self.folder / "warehouse" / "build" / "shop.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def files(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the source's files: `{orders}` stands for those whose names begin with orders."""
        with duckdb.connect() as connection:
            found = re.sub(r"\{(\w+)\}", lambda m: f"read_csv('{self.folder}/data/{m[1]}*.csv')", sql)
            return connection.execute(found).fetchall()

    def three_lines(self) -> list[str]:
        """The commands that the README begins with."""
        block = re.search(r"```\n(.*?)```", self.readme, re.DOTALL)
        assert block is not None
        return block[1].strip().splitlines()


def copy_of(name: str, into: Path) -> Example:
    source = EXAMPLES / name

    def generated(folder: str, names: list[str]) -> list[str]:
        if Path(folder) == source:
            return [name for name in names if name in _GENERATED]
        left_out = Path(folder).name in ("data", "reports")
        return [name for name in names if left_out and name != "README.md"]

    shutil.copytree(source, into / name, ignore=generated)
    return Example(into / name)
