"""An hour of use of `shophouse serve`: does its memory stay flat?

    python bench/serve_memory.py [--minutes 60] [--shop my-shop] [--visitors 3]

Starts the dashboard as a process of its own and, as people do, opens pages in Chromium, changes periods and filters,
downloads rows, and closes them; others ask the API, and addresses without a cookie. A new version is published every
ten minutes. Prints a line a minute: the dashboard's memory, threads and open files, and what was asked until then.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from built_shop import shophouse
from servers.browser import browser, serving
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.periods import PRESETS
from shophouse.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_DRAWN = """() => document.querySelector('.missing') || (
    document.querySelectorAll('.block-body').length > 0 && !document.querySelector('.block-body .q-skeleton'))"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--shop", type=Path, help="a shop's folder; without one the synthetic shop is made")
    options.add_argument("--visitors", type=int, default=3, help="contexts that are open at once")
    options.add_argument("--publish-every", type=float, default=600, help="seconds between versions")
    options.add_argument("--pause", type=float, default=0.5, help="seconds that someone looks at a page")
    chosen = options.parse_args()
    with _shop(chosen.shop) as folder, serving(folder) as address, browser() as chromium:
        _use(chromium, address, folder, chosen)


@contextmanager
def _shop(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="shophouse-bench-") as place:
        made = shophouse("demo", "shop", "--orders", "1500", "--days", "200", "--into", "shop", folder=Path(place))
        assert made.returncode == 0, made.stderr
        yield Path(place) / "shop"


def _use(chromium: Browser, address: str, folder: Path, chosen: argparse.Namespace) -> None:
    seconds = chosen.minutes * 60
    process = _listening(int(address.rpartition(":")[2]))
    started = told = time.monotonic()
    published = time.monotonic()
    opened = asked = 0
    contexts: list[BrowserContext] = []
    names = itertools.cycle([page for page in pages().values() if not page.under])
    periods = itertools.cycle(PRESETS)
    print(f"{'minute':>6} {'RSS MiB':>8} {'threads':>8} {'files':>6} {'pages':>6} {'requests':>9}")
    _tell(process, 0, opened, asked)
    while time.monotonic() - started < seconds:
        if len(contexts) == chosen.visitors:
            contexts.pop(0).close()
        context = chromium.new_context()
        contexts.append(context)
        tab = context.new_page()
        for _ in range(4):
            tab.goto(f"{address}/{next(names).name}?period={next(periods)}")
            _wait_until_drawn(tab)
            opened += 1
            _choose_another(tab)
            asked += _ask(context, address, opened)
            time.sleep(chosen.pause)
        if time.monotonic() - published > chosen.publish_every:
            Shop.open(folder).publish()
            published = time.monotonic()
        if time.monotonic() - told >= 60:
            told += 60
            _tell(process, round((time.monotonic() - started) / 60), opened, asked)
    for context in contexts:
        context.close()
    # those who left are forgotten within a minute
    time.sleep(min(90, seconds))
    _tell(process, round((time.monotonic() - started) / 60), opened, asked)


def _choose_another(tab: Page) -> None:
    choice = tab.get_by_label("Compared with", exact=True)
    if choice.count():
        choice.click()
        tab.locator(".q-menu .q-item").last.click()
        tab.wait_for_timeout(200)
        _wait_until_drawn(tab)


def _wait_until_drawn(tab: Page) -> None:
    from playwright.sync_api import TimeoutError

    try:
        tab.wait_for_function(_DRAWN, timeout=60_000)
    except TimeoutError:
        raise SystemExit(f"{tab.url} is not drawn:\n{tab.locator('body').inner_text()}") from None


def _ask(context: BrowserContext, address: str, number: int) -> int:
    """Ask for metrics, each time otherwise; and for pages as one does who keeps no cookie."""
    for day in range(5):
        wanted = f"from=2025-{number % 12 + 1:02}-{day + 1:02}"
        assert context.request.get(f"{address}/api/metrics/net_sales?by=day&{wanted}").ok
    context.clear_cookies()
    for _ in range(3):
        assert context.request.get(f"{address}/overview").ok
        context.clear_cookies()
    return 8


def _listening(port: int) -> psutil.Process:
    [found] = [
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN
    ]
    return psutil.Process(found)


def _tell(process: psutil.Process, minute: int, opened: int, asked: int) -> None:
    memory = process.memory_info().rss / 2**20
    print(
        f"{minute:>6} {memory:>8.0f} {process.num_threads():>8} {process.num_fds():>6} {opened:>6} {asked:>9}",
        flush=True,
    )


if __name__ == "__main__":
    main()
