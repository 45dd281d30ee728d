"""Steps 2 and 3: read the files into the lake, then build, test and publish the star. `shophouse run` does both.

python scripts/run_etl.py [extract|transform]      without a word: both
"""

from __future__ import annotations

import sys
from pathlib import Path

import shophouse

if __name__ == "__main__":
    steps = sys.argv[1:] or ["extract", "transform"]
    shop = shophouse.open(Path(__file__).resolve().parent.parent)
    if "extract" in steps:
        loaded = shop.ingest().ingested
        print(f"loaded {loaded.rows if loaded else 0:,} rows")
    if "transform" in steps:
        print(f"built {len(shop.build().record.models)} models")
        print(f"published version {shop.publish().record.published}")
