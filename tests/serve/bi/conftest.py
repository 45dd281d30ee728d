from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import shophouse as package
from built_shop import DemoShop, whole_shop
from shophouse.serve.bi import SetUp, set_up_of
from shophouse.serve.bi.sql import filled
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers import metabase as metabase_server

__all__ = ["whole_shop"]


@dataclass(frozen=True)
class Chosen:
    """A person's choices, as words and as SQL."""

    start: str | None = None
    end: str | None = None
    grain: str | None = None
    channel: str | None = None

    @property
    def words(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def sql(self) -> dict[str, str]:
        return {name: f"'{value}'" for name, value in self.words.items()}


NOTHING = Chosen()
SPRING = Chosen("2025-08-12", "2025-11-07", "month", "web")


@pytest.fixture(scope="module")
def shop(whole_shop: DemoShop) -> Shop:
    return package.open(whole_shop.folder)


@pytest.fixture(scope="module")
def set_up(shop: Shop) -> SetUp:
    return set_up_of(shop.project, shop.engine)


@pytest.fixture(scope="module")
def answers(set_up: SetUp) -> Callable[[Chosen], dict[str, list[tuple[Any, ...]]]]:
    """The rows of every question, as DuckDB gives them."""

    def of(chosen: Chosen) -> dict[str, list[tuple[Any, ...]]]:
        return {
            question.name: list(set_up.published.query(filled(question.sql, chosen.sql)).rows)
            for dashboard in set_up.dashboards
            for question in dashboard.questions
        }

    return of


@pytest.fixture
def metabase() -> Iterator[metabase_server.Server]:
    from servers.metabase import running

    with running() as server:
        yield server


def as_metabase_runs_it(template: str, given: dict[str, str]) -> tuple[str, list[str]]:
    """A query with `?` for each variable that has a value, and their names; [[ ]] around others is left out."""
    names: list[str] = []

    def optional(found: re.Match[str]) -> str:
        inside = re.findall(r"\{\{(\w+)\}\}", found[1])
        return found[1] if all(name in given for name in inside) else ""

    def value(found: re.Match[str]) -> str:
        names.append(found[1])
        return "?"

    text = re.sub(r"\[\[(.*?)\]\]", optional, template, flags=re.DOTALL)
    return re.sub(r"\{\{(\w+)\}\}", value, text), names
