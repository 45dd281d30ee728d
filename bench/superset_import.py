"""Import what `shophouse bi superset` writes into a real Superset; compare each chart's sums with the dashboard's SQL.

`python bench/superset_import.py SHOP` takes some minutes: Superset 6.1.0 and its 150 packages come from PyPI into
~/.cache/shophouse-tests/superset once. For a shop on PostgreSQL, its DSN must need no password.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import shophouse
from shophouse.serve.bi import set_up_of, write
from shophouse.serve.bi.sql import filled

_PACKAGES = (
    *("apache-superset==6.1.0", "flask-caching==2.3.1", "cachetools", "rich", "psycopg2-binary"),
    *("duckdb-engine==0.17.0", "duckdb==1.5.5"),
)
_CACHE = Path.home() / ".cache" / "shophouse-tests" / "superset"
_CONFIG = """import os
SECRET_KEY = "of a test that keeps nothing, but long enough for Superset"
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.environ["SUPERSET_HOME"] + "/superset.db"
FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True}
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""
_CHOSEN = {
    "time_range": "2025-02-03 : 2025-08-21",
    "grain": "P1M",
    "filters": [{"col": "channel", "op": "IN", "val": ["web"]}],
}
_SAME = {"start": "'2025-02-03'", "end": "'2025-08-20'", "grain": "'month'", "channel": "'web'"}


def _prepared(home: Path) -> tuple[Path, dict[str, str]]:
    """Superset's Python, and the environment of an empty one with a user."""
    programs = _CACHE / "venv" / "bin"
    if not (programs / "superset").is_file():
        subprocess.run(["uv", "venv", "--python", "3.11", _CACHE / "venv"], check=True)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", programs / "python", *_PACKAGES], check=True)
    (home / "superset_config.py").write_text(_CONFIG)
    own = {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
        "FLASK_APP": "superset",
    }
    environment = os.environ | own
    person = {"username": "admin", "firstname": "a", "lastname": "b", "email": "a@example.com", "password": "admin"}
    user = [word for name, value in person.items() for word in (f"--{name}", value)]
    for words in (["db", "upgrade"], ["fab", "create-admin", *user], ["init"]):
        subprocess.run([programs / "superset", *words], check=True, env=environment, capture_output=True)
    return programs / "python", environment


def main() -> None:
    """Compare, and exit with 1 where anything differs."""
    shop = shophouse.open(sys.argv[1])
    engine: Any = shop.project.engine
    dsn = engine.dsn.reference if engine.kind == "postgres" else None
    folder = None if dsn else str(shop.project.folder / "warehouse")
    set_up = set_up_of(shop.project, shop.engine, dsn=dsn, folder=folder)
    home = Path(tempfile.mkdtemp(prefix="shophouse-superset-"))
    try:
        python, environment = _prepared(home)
        write("superset", set_up, home / "bundle")
        inside = Path(__file__).with_name("superset_inside.py")
        words = [str(python), str(inside), str(home / "bundle/shophouse.zip"), json.dumps(_CHOSEN)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    finally:
        shutil.rmtree(home)
    charts = json.loads(done.stdout.splitlines()[-1])
    own = set_up_of(shop.project, shop.engine)
    compared, wrong = 0, []
    for dashboard in own.dashboards:
        for question in dashboard.questions:
            rows = charts[question.name]
            if isinstance(rows, str):
                wrong.append(f"{question.name}: {rows[:300]}")
                continue
            for column in question.columns:
                expected = _sum(_answers(own, question.sql, column.name))
                if expected is not None and rows and column.name in rows[0]:
                    compared += 1
                    found = _sum([row[column.name] for row in rows])
                    if found is None or abs(found - expected) > 1e-6 * max(1.0, abs(expected)):
                        wrong.append(f"{question.name}: {column.name} is {found}, not {expected}")
    print(f"{len(charts)} charts, {compared} sums compared, {len(wrong)} wrong", *wrong, sep="\n")
    sys.exit(bool(wrong))


def _answers(set_up: Any, sql: str, column: str) -> list[Any]:
    if set_up.dialect == "postgres":
        import psycopg

        with psycopg.connect(set_up.project.engine.dsn.resolve().get_secret_value()) as connection:
            cursor = connection.execute(filled(sql, _SAME))
            at = [one.name for one in cursor.description or ()].index(column)
            return [row[at] for row in cursor.fetchall()]
    found = set_up.published.query(filled(sql, _SAME))
    return [row[found.columns.index(column)] for row in found.rows]


def _sum(values: list[Any]) -> float | None:
    numbers = [float(one) for one in values if isinstance(one, int | float | Decimal) and not isinstance(one, bool)]
    return sum(numbers) if numbers else None


if __name__ == "__main__":
    main()
