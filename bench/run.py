"""Times `shophouse run` against bench/by_hand.py, the same tables written by hand, side by side on the same files.

    python bench/run.py [--lines 1000000 10000000] [--repeat 1] [--memory 3GB] [--data bench/data]

For each size: a full run with delivery upsert and with append, nothing new, and one day more. Prints wall and CPU
seconds, peak memory and the ratio to the script as a table, then the phases of each run. Each command is a process of
its own; its figures are what the operating system counted for it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shophouse.demo.storefront import delta, generate, orders_for_lines
from shophouse.scaffold import init_project

HERE = Path(__file__).parent
APPEND = ("orders", "order_items", "payments", "shipments", "refunds", "refund_items")


@dataclass
class Timing:
    """Seconds and GiB of one command, the median of its repetitions."""

    wall: float
    cpu: float
    memory: float
    phases: dict[str, float] = field(default_factory=dict)


def timed(command: Sequence[str], folder: Path | None = None) -> Timing:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\n{output}")
    phases: dict[str, float] = {}
    if folder is not None:
        newest = sorted((folder / "logs" / "runs").glob("*.json"))[-1]
        phases = json.loads(newest.read_text())["phases"]
    return Timing(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, phases)


def median(timings: Sequence[Timing]) -> Timing:
    return Timing(
        statistics.median(timing.wall for timing in timings),
        statistics.median(timing.cpu for timing in timings),
        statistics.median(timing.memory for timing in timings),
        timings[-1].phases,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 10_000_000])
    options.add_argument("--repeat", type=int, default=1)
    options.add_argument("--memory", default="3GB")
    options.add_argument("--data", type=Path, default=HERE / "data")
    chosen = options.parse_args()
    for lines in chosen.lines:
        compare(lines, chosen.repeat, chosen.memory, chosen.data / str(lines))


def compare(lines: int, repeat: int, memory: str, place: Path) -> None:
    files, out = place / "files", place / "by_hand.duckdb"
    shutil.rmtree(place, ignore_errors=True)
    generate(files, orders=orders_for_lines(lines))

    def by_hand(*arguments: str) -> Timing:
        out.unlink(missing_ok=True)
        script = [sys.executable, str(HERE / "by_hand.py"), str(files), str(out), "--memory", memory]
        return timed([*script, *arguments])

    def run(shop: Path) -> Timing:
        return timed([sys.executable, "-m", "shophouse", "run", "--project", str(shop)], shop)

    def fresh(delivery: str) -> Callable[[], Timing]:
        def full() -> Timing:
            shop = place / delivery
            shutil.rmtree(shop, ignore_errors=True)
            make_shop(shop, files, memory, delivery)
            return run(shop)

        return full

    def repeated(command: Callable[[], Timing]) -> Timing:
        return median([command() for _ in range(repeat)])

    rows = [
        ("full, upsert", repeated(fresh("upsert")), repeated(by_hand)),
        ("full, append", repeated(fresh("append")), repeated(lambda: by_hand("--append"))),
    ]
    rows.append(("nothing new", repeated(lambda: run(place / "upsert")), rows[0][2]))
    day = delta(files)
    rows.append((f"one day more ({day.rows['orders']:,} orders)", run(place / "upsert"), repeated(by_hand)))
    print(f"\n## {lines:,} order lines\n")
    print("| run | wall s | by hand | ratio | CPU s | by hand | ratio | peak GiB | by hand |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, ours, theirs in rows:
        print(
            f"| {name} | {ours.wall:.1f} | {theirs.wall:.1f} | {ours.wall / theirs.wall:.2f} "
            f"| {ours.cpu:.1f} | {theirs.cpu:.1f} | {ours.cpu / theirs.cpu:.2f} "
            f"| {ours.memory:.2f} | {theirs.memory:.2f} |"
        )
    print()
    for name, ours, _ in rows:
        print(f"{name}: " + ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in ours.phases.items()))


def make_shop(folder: Path, files: Path, memory: str, delivery: str) -> None:
    init_project(folder, name="bench", staging="storefront", currency="USD", path=str(files.absolute() / "*.csv"))
    project = folder / "shophouse.yml"
    text = project.read_text(encoding="utf-8").replace("# memory_limit: 3GB", f"memory_limit: {memory}")
    if delivery == "append":
        tables = "".join(f"\n      {table}: {{delivery: append}}" for table in APPEND)
        text = text.replace("    staging: storefront\n", f"    staging: storefront\n    tables:{tables}\n")
    project.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
