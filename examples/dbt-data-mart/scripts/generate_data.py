"""Write the files of a synthetic storefront to data/. The same seed gives the same files.

python scripts/generate_data.py [ORDERS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from shophouse.demo.storefront import generate

DATA = Path(__file__).resolve().parent.parent / "data"

if __name__ == "__main__":
    made = generate(DATA, seed=7, days=730, orders=int(sys.argv[1]) if sys.argv[1:] else 10_000)
    for table, rows in made.rows.items():
        print(f"{table:<14} {rows:>8,} rows")
