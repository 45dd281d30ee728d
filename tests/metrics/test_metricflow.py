from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import shophouse as package
from built_shop import DemoShop, shophouse
from shophouse.metrics import GRAINS, Catalogue, Grain, MetricQuery, compile_query
from shophouse.metrics.metricflow import definitions


def test_each_metric_has_one_definition(catalogue: Catalogue) -> None:
    found = definitions(catalogue)
    assert [metric["name"] for metric in found["metrics"]] == list(catalogue.metrics)
    measures = [measure["name"] for model in found["semantic_models"] for measure in model["measures"]]
    assert len(measures) == len(set(measures))
    for metric in found["metrics"]:
        described = catalogue.metrics[metric["name"]]
        assert described.description in metric["description"]
        assert described.formula[1:] in metric["description"]


@pytest.fixture(scope="module")
def folder(whole_shop: DemoShop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's shop with the definitions in it, as `mf` reads them."""
    copy = tmp_path_factory.mktemp("metricflow") / "shop"
    shutil.copytree(whole_shop.folder, copy)
    done = shophouse("metric", "--metricflow", folder=copy)
    assert done.returncode == 0, done.stderr
    run(copy, "dbt", "parse", "--target-path", "target")
    run(copy, "dbt", "run", "--select", "metricflow_time_spine")
    return copy


def run(folder: Path, *command: str) -> None:
    program = Path(sys.executable).parent / command[0]
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("grain", GRAINS)
def test_metricflow_agrees(folder: Path, catalogue: Catalogue, tmp_path: Path, grain: Grain) -> None:
    names = [name for name in catalogue.metrics if grain not in ("day", "week") or catalogue.grain(name) == "day"]
    found = tmp_path / "found.csv"
    run(folder, "mf", "query", "--metrics", ",".join(names), "--group-by", f"metric_time__{grain}", "--csv", str(found))
    with found.open(encoding="utf-8") as file:
        theirs = {row[f"metric_time__{grain}"][:10]: row for row in csv.DictReader(file)}
    compiled = compile_query(catalogue, MetricQuery(tuple(names), grain))
    relation = package.open(folder).sql(compiled.sql, list(compiled.parameters))
    ours = {str(row[0]): dict(zip(compiled.columns[1:], row[1:], strict=True)) for row in relation.fetchall()}
    assert ours.keys() == theirs.keys()
    compared = set()
    for period, row in ours.items():
        for name, value in row.items():
            if value is None:
                assert theirs[period][name] == "", (period, name)
            else:
                # MetricFlow does not round money that was divided
                assert float(theirs[period][name]) == pytest.approx(float(value), rel=1e-9, abs=5.1e-5), (period, name)
                compared.add(name)
    total = compile_query(catalogue, MetricQuery(tuple(names)))
    [values] = package.open(folder).sql(total.sql).fetchall()
    assert compared == {name for name, value in zip(names, values, strict=True) if value is not None}


@pytest.mark.slow
def test_metricflow_agrees_by_dimension(folder: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    found = tmp_path / "found.csv"
    run(
        folder,
        "mf",
        "query",
        "--metrics",
        "net_sales,orders",
        "--group-by",
        "sales_by_day__channel",
        "--csv",
        str(found),
    )
    with found.open(encoding="utf-8") as file:
        theirs = {(r["sales_by_day__channel"], float(r["net_sales"]), int(r["orders"])) for r in csv.DictReader(file)}
    compiled = compile_query(catalogue, MetricQuery(("net_sales", "orders"), by=("channel",)))
    rows = package.open(folder).sql(compiled.sql).fetchall()
    assert {(channel, float(net), orders) for channel, net, orders in rows} == theirs
