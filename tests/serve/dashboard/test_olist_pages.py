"""The dashboard on real data: each page on Olist, which lacks much of what the synthetic shop has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serve.dashboard.test_browser import LOOKS, READABLE, opened
from servers.browser import serving
from shophouse.serve.dashboard.pages import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.real_data]


@pytest.fixture(scope="module")
def olist(shophouse_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("olist") / "shop"
    command = [sys.executable, "-m", "shophouse", "demo", "olist", "--data", str(shophouse_data("olist"))]
    subprocess.run([*command, "--into", str(folder)], check=True, stdout=subprocess.DEVNULL)
    with serving(folder) as address:
        yield address


@pytest.mark.parametrize("name", [page.name for page in pages().values() if not page.about])
def test_a_page_of_olist_is_readable_in_every_look(browser: Browser, olist: str, name: str) -> None:
    for look in LOOKS:
        with opened(browser, f"{olist}/{name}", look) as page:
            page.wait_for_timeout(300)
            assert page.evaluate(READABLE) == [], look
            assert page.get_by_role("heading", level=1).inner_text() == pages()[name].title
