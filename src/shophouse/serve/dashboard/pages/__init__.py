"""The pages of the dashboard: each a folder here with its layout, PAGE, and its queries."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from shophouse.serve.dashboard.blocks import Block

__all__ = ["Page", "pages"]


@dataclass(frozen=True)
class Page:
    """A page: `name` is its address, `position` its place in the navigation, `icon` one of Material's.

    `needs` is a query that gives a row where the shop has the data of this page; where it hasn't, `missing` says what
    source would fill it.
    """

    name: str
    title: str
    icon: str
    position: int
    blocks: tuple[Block, ...]
    needs: str = ""
    missing: str = ""


@cache
def pages() -> dict[str, Page]:
    """All pages by name, in the order of the navigation."""
    found = [
        import_module(f"{__name__}.{module.name}").PAGE for module in pkgutil.iter_modules(__path__) if module.ispkg
    ]
    return {page.name: page for page in sorted(found, key=lambda page: page.position)}
