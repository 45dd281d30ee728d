"""PostgreSQL's changes under load: writers, a reader that is killed, a server that crashes; then all is compared.

`python bench/postgres_changes.py --seconds 300` prints what was written and that all of it arrived once. With
`--backlog 1000000` it measures a read of so many changes instead: seconds and the most memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers.postgres import Server, running
from sources.postgres import soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--kill-every", type=float, default=10)
    parser.add_argument("--restarts", type=int, default=1)
    parser.add_argument("--backlog", type=int)
    chosen = parser.parse_args()
    with running() as server, tempfile.TemporaryDirectory() as folder:
        dsn = server.database()
        os.environ["SOAK_DSN"] = dsn
        shop = Path(folder) / "shop"
        soak.make(shop, dsn)
        if chosen.backlog:
            backlog(shop, server, dsn, chosen.backlog)
            return
        written = soak.run(
            shop, server, dsn, seconds=chosen.seconds, kill_every=chosen.kill_every, restarts=chosen.restarts, seed=7
        )
        soak.prove(shop, dsn, written)
        print(written)
        print("tables and lake are equal, and no version of a row is there twice")


def backlog(shop: Path, server: Server, dsn: str, changes: int) -> None:
    from shophouse.shop import Shop

    Shop.open(shop).ingest()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for begin in range(0, changes, 100_000):
            connection.execute(
                "insert into movements (account, amount) select i, i / 100.0 from generate_series(1, %s) i",
                [min(100_000, changes - begin)],
            )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.monotonic(), time.process_time()
    done = Shop.open(shop).ingest().ingested
    assert done is not None
    print(
        f"{done.rows:,} changes in {time.monotonic() - started:.1f} s,"
        f" {time.process_time() - worked:.1f} CPU s here, at most {before / 1024:.0f} MiB before and"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB after"
    )


if __name__ == "__main__":
    main()
