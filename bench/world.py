"""Times the synthetic shop whose truth is known.

    python bench/world.py [--lines 10000000] [--shape storefront]

Prints the seconds, the rows of each table and the size of what was written.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from shophouse.demo.world.baskets import lines_each
from shophouse.demo.world.deliveries import SHAPES, write_world
from shophouse.demo.world.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--shape", choices=SHAPES, default="storefront")
    asked = parser.parse_args()
    settings = SHAPES[asked.shape].fit(Settings())
    orders = round(asked.lines / lines_each(settings.lines))
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        delivery = write_world(folder, Settings(orders=orders), asked.shape)
        print(f"{time.perf_counter() - wall:.1f} s wall, {time.process_time() - cpu:.1f} s CPU")
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.*"))
        print(f"{size / 2**30:.2f} GiB")
    for name, rows in sorted(delivery.rows.items(), key=lambda pair: -pair[1]):
        print(f"{rows:>12,} {name}")


if __name__ == "__main__":
    main()
