"""The pages of the dashboard: each a folder here with its layout, PAGE, and its queries, or one of a shop's own."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from shophouse.errors import ConfigError, ShophouseError
from shophouse.serve.dashboard.blocks import Block, Context
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.published import Published
from shophouse.serve.dashboard.sql_blocks import OfSql
from shophouse.serve.dashboard.view import FILTERS

__all__ = ["Page", "laid_out", "load_pages", "pages", "placed"]


_COLUMNS = 12
_FILTERS = ("period", "comparison", "grain", *FILTERS)


@dataclass(frozen=True)
class Page:
    """A page: `name` is its address, `position` its place in the navigation, `icon` one of Material's.

    A page without the data of `needs` says what source would fill it. `choices` are those that its blocks follow, of
    period, comparison, grain and the filters.

    A page about one thing lies `under` another, which leads to it, and is not in the navigation. `about` names the
    parameters that say which thing, and `heading` is a query whose one value is the thing's name, or a function that
    gives it; without a row, or with None, there is no such thing. `lead` gives a sentence below it. `description` is
    for those who list pages: the docstring of the page's module where it is empty.
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
    description: str = ""

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


def placed(error: ShophouseError, page: Page, block: Block) -> ShophouseError:
    """The error of a block, with where it stands, for those who don't see it in its place on the page."""
    where, hint = [f"{block.title}, on the page {page.name}", *error.where], error.hint
    if isinstance(block, OfSql) and str(block.file) not in where:
        where.append(str(block.file))
        hint = hint or ('shophouse query "describe"   lists the tables and columns that a query can read',)
    return type(error)(error.what, where=where, why=error.why, hint=hint)


_own: dict[str, Page] = {}


@cache
def pages() -> dict[str, Page]:
    """All pages by name, in the order of the navigation: ours, and those of the shop that was loaded last."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__) if module.ispkg]
    by_name = {page.name: page for page in map(_described, modules)} | _own
    return {page.name: page for page in sorted(by_name.values(), key=lambda page: page.position)}


def load_pages(shop: Path) -> None:
    """Make the pages those of a shop: ours, and the folders of `pages/` in its folder; one takes the place of ours of
    its name, and pages of a shop that was loaded before go.

    Raises ConfigError that names the file where one can't be loaded: then all is as before.
    """
    found = {page.name: page for page in map(_loaded, sorted((shop / "pages").glob("*/__init__.py")))}
    if found != _own:
        _own.clear()
        _own.update(found)
        pages.cache_clear()


def _loaded(file: Path) -> Page:
    spec = importlib.util.spec_from_file_location(f"shophouse_pages_{file.parent.name}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(
            f"the page {file.parent.name} can't be loaded",
            where=str(file),
            why=f"{type(error).__name__}: {error}",
            hint='what a page may be made of: the guide "A page of your own" of shophouse docs',
        ) from error
    if not isinstance(getattr(module, "PAGE", None), Page):
        raise ConfigError(f"the page {file.parent.name} has no PAGE", where=str(file), hint="PAGE = Page(name=…)")
    return _described(module)


def _described(module: ModuleType) -> Page:
    page: Page = module.PAGE
    return page if page.description else replace(page, description=(module.__doc__ or "").strip())
