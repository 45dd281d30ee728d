"""Runs in Superset's environment: import a ZIP file, ask for each chart as a browser does, print the rows as JSON.

`python superset_inside.py FILE.zip CHOSEN`, where CHOSEN is JSON: time_range, grain, filters.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from flask import g
from superset.app import create_app  # type: ignore[import-not-found]


def _imported(file: Path) -> list[tuple[int, str, dict[str, Any]]]:
    """Dataset, its name and the settings of every chart, after the import."""
    from superset import db, security_manager  # type: ignore[import-not-found]
    from superset.commands.dashboard.importers.dispatcher import (  # type: ignore[import-not-found]
        ImportDashboardsCommand,
    )
    from superset.commands.importers.v1.utils import get_contents_from_bundle  # type: ignore[import-not-found]
    from superset.models.slice import Slice  # type: ignore[import-not-found]

    g.user = security_manager.find_user(username="admin")
    with ZipFile(file) as archive:
        ImportDashboardsCommand(get_contents_from_bundle(archive), overwrite=True).run()
    charts = db.session.query(Slice).all()
    return [(one.datasource_id, one.datasource.table_name, json.loads(one.params)) for one in charts]


def _query(params: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    query: dict[str, Any] = {
        "filters": chosen.get("filters", []),
        "time_range": chosen.get("time_range", "No filter"),
        "extras": {"time_grain_sqla": chosen["grain"]} if chosen.get("grain") else {},
        "row_limit": 10000,
        "orderby": [],
    }
    if params.get("query_mode") == "raw":
        return query | {"columns": params["all_columns"], "metrics": None}
    columns: list[Any] = []
    if axis := params.get("x_axis"):
        base = {"columnType": "BASE_AXIS", "sqlExpression": axis, "label": axis, "expressionType": "SQL"}
        columns.append(base | {"timeGrain": chosen.get("grain")} if params["viz_type"].startswith("echarts") else axis)
    groups = params.get("groupby") or []
    columns += groups if isinstance(groups, list) else [groups]
    columns += [params["entity"]] if params.get("entity") else []
    metrics = params.get("metrics") or [params[name] for name in ("metric", "x", "y") if params.get(name)]
    return query | {"columns": columns, "metrics": metrics}


def main() -> None:
    """Print {chart: rows}; a chart that fails has its error."""
    chosen = json.loads(sys.argv[2])
    app = create_app()
    with app.app_context():
        charts = _imported(Path(sys.argv[1]))
    client = app.test_client()
    login = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}
    token = client.post("/api/v1/security/login", json=login).json["access_token"]
    found: dict[str, Any] = {}
    for dataset, name, params in charts:
        body = {
            "datasource": {"id": dataset, "type": "table"},
            "force": True,
            "queries": [_query(params, chosen)],
            "result_format": "json",
            "result_type": "full",
            "form_data": params | {"datasource": f"{dataset}__table"},
        }
        answer = client.post("/api/v1/chart/data", json=body, headers={"Authorization": f"Bearer {token}"})
        is_well = answer.status_code == 200
        found[name] = answer.json["result"][0]["data"] if is_well else answer.get_data(as_text=True)
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
