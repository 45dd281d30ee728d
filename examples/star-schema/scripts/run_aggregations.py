"""Step 4: run each query of sql/ and write its result to reports/<name>.csv.

python scripts/run_aggregations.py
"""

from __future__ import annotations

from pathlib import Path

import shophouse

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    shop = shophouse.open(ROOT)
    (ROOT / "reports").mkdir(exist_ok=True)
    for query in sorted((ROOT / "sql").rglob("*.sql")):
        result = shop.sql(query.read_text("utf-8"))
        result.write_csv(str(ROOT / "reports" / f"{query.stem}.csv"), header=True)
        print(f"reports/{query.stem}.csv  {result.shape[0]:>6,} rows")
