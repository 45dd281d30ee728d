"""Times the dashboard of a built shop: first view, another filter, many at once, drill-downs, and memory over time.

    python bench/serve.py FOLDER [--rounds 5] [--users 20] [--soak SECONDS] [--only first filter drill users browsers]

Starts `shophouse serve` and opens each page with Chromium. A page is drawn when each of its blocks is marked with the
view that it shows (`data-shows`), each chart has its canvas, and a frame has passed. A first view is a browser without
a cache, from navigation on; a filter is from the click on the value.

Twenty browsers on one machine measure the machine, not the server: `users` are therefore connections that speak to the
server what a browser speaks, from asking for the page and its scripts to the last block sent, all at once, each on a
page of its own choice. `browsers` are as many real ones at once, too. The server is started anew before each part.

Prints tables: seconds p50 and p95, and the CPU seconds of server and browser for each view.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import socketio  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers.browser import browser, serving
from shophouse.serve.dashboard.pages import pages
from shophouse.shop import Shop

PAGES = [page.name for page in pages().values() if not page.under and not page.about]
_CHANNELS = "select channel from sales_daily group by channel order by sum(order_count) desc limit 2"
PARTS = ("first", "filter", "drill", "users", "browsers")
WATCH = """
window.drawnAfter = test => new Promise(done => {
  const began = performance.now()
  const look = () => {
    const bodies = [...document.querySelectorAll('.block-body')]
    const charts = [...document.querySelectorAll('.chart')]
    const drawn = bodies.length && bodies.every(body => test(body.dataset.shows || '')) &&
      charts.every(chart => chart.querySelector('canvas'))
    if (drawn || document.querySelector('.missing')) requestAnimationFrame(now => done([now, now - began]))
    else requestAnimationFrame(look)
  }
  look()
})
"""


class Server:
    """A dashboard that was started for this, and what it used."""

    def __init__(self, address: str) -> None:
        self.address = address
        port = int(address.rsplit(":", 1)[1])
        children = psutil.Process().children(recursive=True)
        self.process = next(
            child for child in children for one in child.net_connections("tcp") if one.laddr and one.laddr.port == port
        )

    @property
    def cpu(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    @property
    def mebibytes(self) -> float:
        return self.process.memory_info().rss / 2**20


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    with serving(folder) as address:
        yield Server(address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--soak", type=float, default=0, help="seconds of use over which memory is watched")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if "first" in asked.only:
        first_views(folder, asked.rounds)
    if "filter" in asked.only:
        filters(folder, asked.rounds)
    if "drill" in asked.only:
        drill_downs(folder)
    if "users" in asked.only:
        many_users(folder, asked.users, asked.rounds)
    if "browsers" in asked.only:
        many_browsers(folder, asked.users)
    if asked.soak:
        soak(folder, asked.soak)


def first_views(folder: Path, rounds: int) -> None:
    """Each page by a browser without a cache: the first after the server's start, and then with what it has kept."""
    table = Table("page", "cold s", "p50 s", "p95 s", "cold CPU, server", "CPU, server", "CPU, browser", "kB")
    everything: list[float] = []
    with browser() as chromium:
        for name in PAGES:
            seconds, server_cpu, browser_cpu = [], [], []
            size = 0
            with served(folder) as server:
                for _ in range(rounds + 1):
                    before, drawn_by = server.cpu, _browser_cpu()
                    took, size = _first_view(chromium, f"{server.address}/{name}")
                    seconds.append(took)
                    server_cpu.append(server.cpu - before)
                    browser_cpu.append(_browser_cpu() - drawn_by)
            everything += seconds[1:]
            table.add(
                name,
                seconds[0],
                *p50_p95(seconds[1:]),
                server_cpu[0],
                statistics.median(server_cpu[1:]),
                statistics.median(browser_cpu[1:]),
                round(size / 1024),
            )
    table.add("all", None, *p50_p95(everything))
    table.show("First view, one user")


def _first_view(chromium: Any, url: str) -> tuple[float, int]:
    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    tally = _received(context, page)
    page.goto(url, wait_until="commit")
    [now, _] = page.evaluate("drawnAfter(shows => shows)")
    context.close()
    return now / 1000, tally[0]


def _received(context: Any, page: Any) -> list[int]:
    tally = [0]
    session = context.new_cdp_session(page)
    session.send("Network.enable")

    def count(event: dict[str, Any]) -> None:
        tally[0] += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", count)
    return tally


def filters(folder: Path, rounds: int) -> None:
    """Other periods and a filter by channel, chosen in a page that is open."""
    table = Table("page", "changes", "p50 s", "p95 s", "CPU, server", "CPU, browser")
    everything: list[float] = []
    channels = [row[0] for row in Shop.open(folder).sql(_CHANNELS).fetchall()]
    periods = ["Last 7 days", "Last 90 days", "Last 12 months", "All time", "Last 30 days"]
    with browser() as chromium:
        for name in PAGES:
            seconds: list[float] = []
            with served(folder) as server:
                context = chromium.new_context(viewport={"width": 1360, "height": 900})
                context.add_init_script(WATCH)
                page = context.new_page()
                page.goto(f"{server.address}/{name}")
                page.evaluate("drawnAfter(shows => shows)")
                before, drawn_by = server.cpu, _browser_cpu()
                for number in range(rounds):
                    if not page.get_by_label("Period", exact=True).count():
                        break
                    seconds.append(_chosen(page, "Period", periods[number % len(periods)]))
                if page.get_by_label("Channel", exact=True).count():
                    for value in channels:
                        seconds.append(_chosen(page, "Channel", value))
                        page.keyboard.press("Escape")
                server_cpu, browser_cpu = server.cpu - before, _browser_cpu() - drawn_by
                context.close()
            if seconds:
                everything += seconds
                cost = (server_cpu / len(seconds), browser_cpu / len(seconds))
                table.add(name, len(seconds), *p50_p95(seconds), *cost)
    table.add("all", len(everything), *p50_p95(everything))
    table.show("Another period or channel, each for the first time")


def _chosen(page: Any, label: str, value: str) -> float:
    page.get_by_label(label, exact=True).click()
    option = page.get_by_role("option", name=value, exact=True)
    option.wait_for()
    took: float = page.evaluate(
        """async value => {
          const option = [...document.querySelectorAll('.q-menu .q-item')].find(one => one.innerText.trim() === value)
          const before = document.querySelector('.block-body').dataset.shows
          option.click()
          return (await drawnAfter(shows => shows && shows !== before))[1]
        }""",
        value,
    )
    return took / 1000


def drill_downs(folder: Path) -> None:
    """Pages about one thing: the busiest day, the largest cohort and segment, the best-selling product."""
    shop = Shop.open(folder)

    def one(sql: str) -> Any:
        return shop.sql(sql).fetchall()[0][0]

    links = {
        "orders of the busiest day": "/orders?day="
        + str(one("select date_day from sales_daily group by 1 order by sum(order_count) desc limit 1")),
        "customers of the largest cohort": "/people?cohort="
        + str(one("select cohort_month from cohort_retention order by cohort_person_count desc limit 1")),
        "customers of the largest segment": "/people?segment="
        + str(one("select segment from customer_segments order by person_count desc limit 1")).replace(" ", "%20"),
        "best-selling product": "/product?key="
        + str(one("select product_key from product_performance order by net_sales_amount desc limit 1")),
    }
    table = Table("page", "cold s", "again s", "cold CPU, server", "CPU, server")
    with browser() as chromium:
        for name, link in links.items():
            with served(folder) as server:
                seconds, cpu = [], []
                for _ in range(2):
                    before = server.cpu
                    seconds.append(_first_view(chromium, server.address + link)[0])
                    cpu.append(server.cpu - before)
            table.add(name, *seconds, *cpu)
    table.show("Drill-downs")


def many_users(folder: Path, users: int, rounds: int) -> None:
    """Connections that speak what a browser speaks, all at once; each round has its own pages and periods."""
    table = Table("users at once", "views", "cold p50 s", "cold p95 s", "p50 s", "p95 s", "CPU a view", "MiB")
    with served(folder) as server:
        before = server.cpu
        cold = asyncio.run(_round(server.address, users, 0))
        again: list[float] = []
        for number in range(1, rounds):
            again += asyncio.run(_round(server.address, users, number))
        views = len(cold) + len(again)
        table.add(users, views, *p50_p95(cold), *p50_p95(again), (server.cpu - before) / views, round(server.mebibytes))
    table.show("The server's part, without drawing")


async def _round(address: str, users: int, number: int) -> list[float]:
    presets = ("30d", "90d", "12m")
    links = [f"/{PAGES[at % len(PAGES)]}?period={presets[(number + at) % len(presets)]}" for at in range(users)]
    return list(await asyncio.gather(*(_visit(address, link) for link in links)))


async def _visit(address: str, link: str) -> float:
    """Seconds from asking for a page to the last of its blocks, as a browser without a cache asks."""
    begun = time.perf_counter()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(address + link, headers={"Accept-Encoding": "identity"}) as answer:
            html = await answer.text()
        cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in session.cookie_jar)
        linked = set(re.findall(r'(?:src|href|url\()="?([^"\s)]*/_nicegui/[^"\s)]+)', html))

        async def load(path: str) -> None:
            async with session.get(address + path, headers={"Accept-Encoding": "gzip"}) as found:
                await found.read()

        found = re.search(r"query: (\{.*?\}),\s*extraHeaders", html, re.DOTALL)
        assert found is not None, link
        query = ast.literal_eval(found[1])
        marks = html.count('"block-body"')
        await asyncio.gather(*(load(path) for path in linked))
        await _until_drawn(address, query, cookies, marks)
    return time.perf_counter() - begun


async def _until_drawn(address: str, query: dict[str, Any], cookies: str, wanted: int) -> None:
    client = socketio.AsyncClient(reconnection=False)
    drawn: set[str] = set()
    done = asyncio.Event()

    async def answer(message: dict[str, Any]) -> None:
        if message.get("request_id"):
            told = {"client_id": query["client_id"], "request_id": message["request_id"], "result": False}
            await client.emit("javascript_response", told)

    async def update(message: dict[str, Any]) -> None:
        for number, element in message.items():
            if isinstance(element, dict) and "data-shows" in (element.get("props") or {}):
                drawn.add(number)
        if len(drawn) >= wanted:
            done.set()

    client.on("run_javascript", answer)
    client.on("update", update)
    asked = {**query, "document_id": query["client_id"], "tab_id": query["client_id"]}
    words = "&".join(f"{name}={str(value).lower()}" for name, value in asked.items())
    headers = {"Origin": address, **({"Cookie": cookies} if cookies else {})}
    await client.connect(
        f"{address}?{words}",
        headers=headers,
        transports=["websocket"],
        socketio_path="/_nicegui_ws/socket.io",
        wait_timeout=60,
    )
    try:
        await asyncio.wait_for(done.wait(), 60)
    finally:
        await client.disconnect()


def many_browsers(folder: Path, users: int) -> None:
    """Real browsers at once, each with a cache of its own, each on one of the pages."""
    from playwright.async_api import async_playwright

    async def all_of_them(address: str) -> list[float]:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
            )

            async def one(at: int) -> float:
                context = await chromium.new_context(viewport={"width": 1360, "height": 900})
                await context.add_init_script(WATCH)
                page = await context.new_page()
                await page.goto(f"{address}/{PAGES[at % len(PAGES)]}", wait_until="commit", timeout=120_000)
                [now, _] = await page.evaluate("drawnAfter(shows => shows)")
                await context.close()
                return float(now) / 1000

            seconds = list(await asyncio.gather(*(one(at) for at in range(users))))
            await chromium.close()
            return seconds

    table = Table("browsers at once", "p50 s", "p95 s", "CPU a view, server")
    with served(folder) as server:
        before = server.cpu
        seconds = asyncio.run(all_of_them(server.address))
        table.add(users, *p50_p95(seconds), (server.cpu - before) / users)
    table.show("As many browsers on this machine")


def soak(folder: Path, seconds: float) -> None:
    """Users who come, look and go, with periods of their own that nobody has asked for before."""
    table = Table("minutes", "views", "MiB", "CPU a view")
    [(first, last)] = Shop.open(folder).sql("select min(date_day), max(date_day) from sales_daily").fetchall()
    with served(folder) as server:
        began, views, told = time.monotonic(), 0, 0.0
        before = server.cpu
        while (passed := time.monotonic() - began) < seconds:
            link = f"/{PAGES[views % len(PAGES)]}?from={_day_between(first, last, views)}&to={last}"
            asyncio.run(_visit(server.address, link))
            views += 1
            if passed >= told:
                table.add(round(passed / 60, 1), views, round(server.mebibytes), (server.cpu - before) / views)
                told += seconds / 12
    table.show("Memory over time")


def _day_between(first: date, last: date, number: int) -> date:
    days = (last - first).days
    return date.fromordinal(first.toordinal() + number * 37 % max(1, days))


def _browser_cpu() -> float:
    """CPU seconds of the Chromiums that this process started, those of ended ones included."""
    used = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if "chrom" in child.name():
                times = child.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:
            continue
    return used


def p50_p95(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    at: Callable[[float], float] = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    return statistics.median(ordered), at(0.95)


class Table:
    def __init__(self, *columns: str) -> None:
        self.rows: list[tuple[Any, ...]] = [columns]

    def add(self, *values: Any) -> None:
        shown = tuple(
            "" if value is None else f"{value:.2f}" if isinstance(value, float) else value for value in values
        )
        self.rows.append(shown + ("",) * (len(self.rows[0]) - len(shown)))
        print(" ", *self.rows[-1], file=sys.stderr, flush=True)

    def show(self, title: str) -> None:
        head, *rows = self.rows
        print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for row in rows:
            print("| " + " | ".join(str(value) for value in row) + " |")


if __name__ == "__main__":
    main()
