"""shophouse: a self-hosted warehouse for a shop's data.

import shophouse

shop = shophouse.open("my-shop")
shop.run()
shop.sql("select * from sales_monthly").df()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shophouse.version import __version__

if TYPE_CHECKING:
    from shophouse.shop import Shop

__all__ = ["__version__", "open"]


def open(folder: Path | str = ".") -> Shop:
    """The shop in this folder. Raises ConfigError with every mistake in its `shophouse.yml`."""
    from shophouse.shop import Shop

    return Shop.open(folder)
