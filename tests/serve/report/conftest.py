from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import shophouse as package
from built_shop import DemoShop, whole_shop
from shophouse.serve.report.drawing import draw
from shophouse.serve.report.made import Asked, Report, made
from shophouse.shop import Shop

__all__ = ["whole_shop"]


@pytest.fixture(scope="module")
def shop(whole_shop: DemoShop) -> Shop:
    """For tests that only look: nothing is written into its folder."""
    return package.open(whole_shop.folder)


@pytest.fixture(scope="module")
def report(shop: Shop) -> Report:
    """The report of the last month."""
    return made(shop.project, shop.engine, Asked())


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return draw(report)


@pytest.fixture
def copy(whole_shop: DemoShop, tmp_path: Path) -> Path:
    """A shop's folder to be changed, with no report in it."""
    folder = tmp_path / "shop"
    shutil.copytree(whole_shop.folder, folder)
    return folder
