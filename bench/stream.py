"""Times `shophouse stream`: messages at a steady rate into a shop with a history, and how long each takes to its marts.

    python bench/stream.py [--rate 1000] [--seconds 600] [--history 200000] [--marts sales_daily executive_daily]

Starts a broker of its own, as the tests do. Prints a line a minute: rounds, rows, latency from the broker's timestamp
to the published version, memory; and CPU seconds in all.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers.kafka import running
from shophouse.demo.storefront import generate
from shophouse.scaffold import init_project
from shophouse.shop import Shop

_MESSAGES_AN_ORDER = 3.9
_PROJECT = """
name: bench
timezone: America/New_York
currency: USD
sources:
  history: {{kind: files, path: "data/*.csv", staging: storefront, timezone: UTC}}
  orders: {{kind: kafka, brokers: "{brokers}", topics: [orders], staging: order_events, timezone: UTC}}
stream: {{every: {every}s, marts: [{marts}], whole_every: {whole_every}s}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=int, default=1000)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--history", type=int, default=200_000, help="orders that the shop has before")
    options.add_argument("--marts", nargs="*", default=["sales_daily", "executive_daily", "daily_revenue_by_state"])
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--whole-every", type=int, default=300)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shophouse-bench-") as place, running() as broker:
        origin = _origin(Path(place) / "origin", round(chosen.rate * chosen.seconds / _MESSAGES_AN_ORDER * 1.1))
        folder = Path(place) / "shop"
        init_project(folder, name="bench", staging="storefront", currency="USD")
        (folder / "shophouse.yml").write_text(
            _PROJECT.format(
                brokers=broker.brokers,
                marts=", ".join(chosen.marts),
                every=chosen.every,
                whole_every=chosen.whole_every,
            )
        )
        generate(folder / "data", orders=chosen.history, days=300)
        broker.topic("orders", 3)
        Shop.open(folder).run()
        print("the shop has its history", flush=True)
        stream(folder, origin, chosen.rate, chosen.seconds)


def _origin(folder: Path, orders: int) -> Path:
    init_project(folder, name="origin", staging="storefront", currency="USD", source_timezone="UTC")
    generate(folder / "data", orders=orders, days=300, seed=3)
    Shop.open(folder).run()
    return folder


def stream(folder: Path, origin: Path, rate: int, seconds: int) -> None:
    shophouse = [sys.executable, "-m", "shophouse"]
    with (folder / "produce.log").open("wb") as log:
        produce = subprocess.Popen(
            [*shophouse, "produce", "orders", "-p", folder, "--from", origin, "--rate", f"{rate}/s", "--json"],
            stdout=log,
            stderr=log,
        )
    # reading the history takes longer than starting
    ready = time.monotonic() + 600
    lake = Shop.open(folder).lake
    process = subprocess.Popen([*shophouse, "stream", "-p", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    memory: list[int] = []
    watched = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, memory, watched))
    watcher.start()
    try:
        while not lake.loads("orders", "order_events"):
            assert produce.poll() is None and time.monotonic() < ready, (folder / "produce.log").read_text()
            time.sleep(0.2)
        began = time.monotonic()
        while time.monotonic() - began < seconds and process.poll() is None:
            time.sleep(1)
        produce.send_signal(signal.SIGTERM)
        produce.wait(60)
        time.sleep(10)
    finally:
        if produce.poll() is None:
            produce.kill()
        process.send_signal(signal.SIGTERM)
        output = process.stdout.read() if process.stdout else b""
        _, _, usage = os.wait4(process.pid, 0)
        watched.set()
        watcher.join()
    record = json.loads(sorted((folder / "logs" / "runs").glob("*.json"))[-1].read_text())
    print("| minute | rounds | whole | longest round s | rows | p50 s | p95 s | p99 s | max s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for number, minute in enumerate(record["stream"]["minutes"], 1):
        latency = minute.get("latency") or dict.fromkeys(("p50", "p95", "p99", "max"))
        print(
            f"| {number} | {minute['rounds']} | {minute['whole_rounds']} | {minute['longest_seconds']:.1f} "
            f"| {minute['rows']:,} | {latency['p50']} | {latency['p95']} | {latency['p99']} | {latency['max']} |"
        )
    told = {name: value for name, value in record["stream"].items() if name != "minutes"}
    print(json.dumps(told), json.dumps(record["phases"]))
    print(f"CPU s {usage.ru_utime + usage.ru_stime:.0f}, load of the machine {os.getloadavg()}")
    parts = [memory[i * len(memory) // 10] for i in range(10)] if memory else []
    print(f"memory MiB, over time: {', '.join(f'{kib / 1024:.0f}' for kib in [*parts, *memory[-1:]])}")
    print(output.decode()[-2000:])


def _watch(pid: int, memory: list[int], done: threading.Event) -> None:
    while not done.wait(1):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        memory += [int(line.split()[1]) for line in lines if line.startswith("VmRSS")]


if __name__ == "__main__":
    main()
