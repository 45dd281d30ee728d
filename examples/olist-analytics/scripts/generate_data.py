"""Write files in the shape of Olist's download to data/, for those who haven't got it.

python scripts/generate_data.py [ORDERS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from shophouse.demo.lookalikes import olist_lookalike

DATA = Path(__file__).resolve().parent.parent / "data"

if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    made = olist_lookalike(DATA, orders=int(sys.argv[1]) if sys.argv[1:] else 2_000)
    print(f"{made.orders:,} orders, {made.items:,} lines, {made.payments:,} payments")
