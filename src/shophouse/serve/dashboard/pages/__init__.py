"""The pages of the dashboard: each a folder here with its layout, PAGE, and its queries."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from shophouse.serve.dashboard.blocks import Block, Context
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.view import FILTERS

__all__ = ["Page", "laid_out", "pages"]


_COLUMNS = 12
_FILTERS = ("period", "comparison", "grain", *FILTERS)


@dataclass(frozen=True)
class Page:
    """A page: `name` is its address, `position` its place in the navigation, `icon` one of Material's.

    A page without the data of `needs` says what source would fill it. `choices` are those that its blocks follow, of
    period, comparison, grain and the filters.

    A page about one thing lies `under` another, which leads to it, and is not in the navigation. `about` names the
    parameters that say which thing, and `heading` is a query whose one value is the thing's name, or a function that
    gives it; without a row, or with None, there is no such thing. `lead` gives a sentence below it.
    """

    name: str
    title: str
    icon: str
    position: int
    blocks: tuple[Block, ...]
    needs: Need | None = None
    choices: tuple[str, ...] = _FILTERS
    under: str = ""
    about: tuple[str, ...] = ()
    heading: str | Callable[[Context], str | None] = ""
    lead: Callable[[Context], str] | None = None

    def shown(self, published: Published) -> tuple[tuple[Block, ...], tuple[Need, ...]]:
        """The blocks that the shop has the data of, and what it lacks. Raises QueryFailed."""
        needs = dict.fromkeys(block.needs for block in self.blocks if block.needs is not None)
        lacking = [need for need in needs if not need.is_met(published)]
        blocks = tuple(block for block in self.blocks if block.needs not in lacking)
        return blocks, tuple(need for need in lacking if need.what)

    def named(self, context: Context) -> str | None:
        """What the page is headed; None where there is nothing of what it is about. Raises QueryFailed."""
        if not self.heading:
            return self.title
        if not isinstance(self.heading, str):
            return self.heading(context)
        given = {name: context.view.about.get(name) for name in self.about}
        found = context.published.query(self.heading, given).rows
        return str(found[0][0]) if found and found[0][0] is not None else None


def laid_out(blocks: Sequence[Block]) -> list[int]:
    """How many of twelve columns each block takes, so that no row ends in a hole: its last ones are widened."""
    rows: list[list[int]] = []
    for block in blocks:
        if rows and sum(rows[-1]) + block.width <= _COLUMNS:
            rows[-1].append(block.width)
        else:
            rows.append([block.width])
    for row in rows:
        left = _COLUMNS - sum(row)
        equal = len(set(row)) == 1 and _COLUMNS % len(row) == 0
        row[:] = [_COLUMNS // len(row)] * len(row) if equal else [*row[:-1], row[-1] + left]
    return [width for row in rows for width in row]


@cache
def pages() -> dict[str, Page]:
    """All pages by name, in the order of the navigation."""
    found = [
        import_module(f"{__name__}.{module.name}").PAGE for module in pkgutil.iter_modules(__path__) if module.ispkg
    ]
    return {page.name: page for page in sorted(found, key=lambda page: page.position)}
