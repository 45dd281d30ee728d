from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from serve.bi.conftest import NOTHING, SPRING, Chosen
from shophouse.metrics import MetricQuery, compile_query
from shophouse.serve.bi import SetUp, tool
from shophouse.serve.bi.sql import filled
from shophouse.yamlfile import Loader

Files = dict[str, Any]


@pytest.fixture(scope="module")
def bundle(set_up: SetUp) -> Files:
    files = tool("superset").files(set_up)
    return {path: yaml.load(text, Loader) for path, text in files.items() if path.endswith(".yaml")}


def of(bundle: Files, kind: str) -> dict[str, Any]:
    return {path: one for path, one in bundle.items() if path.startswith(f"shophouse/{kind}/")}


def rendered(sql: str, chosen: Chosen) -> str:
    """What Superset makes of a dataset's query, with the macros that it has."""
    days: dict[str, str | None] = {"from_dttm": None, "to_dttm": None}
    if chosen.start and chosen.end:
        # Superset's period ends with the day after the last
        year, month, day = chosen.end.split("-")
        days = {"from_dttm": f"{chosen.start}T00:00:00", "to_dttm": f"{year}-{month}-{int(day) + 1:02}T00:00:00"}
    environment = Environment(undefined=StrictUndefined)
    environment.filters["where_in"] = lambda values: f"({', '.join(repr(value) for value in values)})"
    return environment.from_string(sql).render(
        **days,
        time_grain={"month": "P1M", None: None}[chosen.grain],
        filter_values=lambda name, remove_filter=False: [chosen.words[name], "other"] if name in chosen.words else [],
    )


def test_everything_that_is_named_is_there(bundle: Files) -> None:
    ids = [one["uuid"] for one in bundle.values() if "uuid" in one]
    assert len(ids) == len(set(ids))
    [database] = of(bundle, "databases").values()
    datasets = {one["uuid"]: one for one in of(bundle, "datasets").values()}
    charts = {one["uuid"] for one in of(bundle, "charts").values()}
    assert all(one["database_uuid"] == database["uuid"] for one in datasets.values())
    for chart in of(bundle, "charts").values():
        dataset = datasets[chart["dataset_uuid"]]
        names = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        params = chart["params"]
        groups = params.get("groupby") or []
        read = [params.get("x_axis"), params.get("entity"), *params.get("all_columns", [])]
        read += groups if isinstance(groups, list) else [groups]
        assert {one for one in read if one} <= names, chart["slice_name"]
        shown = [params.get("metric"), params.get("x"), params.get("y"), *params.get("metrics", [])]
        assert {one for one in shown if one} <= metrics, chart["slice_name"]
        assert any(read) or any(shown)
    placed = []
    for dashboard in of(bundle, "dashboards").values():
        position = dashboard["position"]
        for one in position.values():
            if isinstance(one, dict):
                assert set(one.get("children", [])) <= position.keys()
        placed += [one["meta"]["uuid"] for one in position.values() if isinstance(one, dict) and one["type"] == "CHART"]
        for filter_ in dashboard["metadata"]["native_filter_configuration"]:
            for target in filter_["targets"]:
                if "datasetUuid" in target:
                    known = {column["column_name"] for column in datasets[target["datasetUuid"]]["columns"]}
                    assert "column" not in target or target["column"]["name"] in known
    assert sorted(placed) == sorted(charts)


@pytest.mark.parametrize("chosen", [NOTHING, SPRING], ids=["nothing chosen", "chosen"])
def test_a_dataset_is_the_query_of_its_question(set_up: SetUp, bundle: Files, chosen: Chosen) -> None:
    by_name = {one["table_name"]: one["sql"] for one in of(bundle, "datasets").values() if one["sql"]}
    questions = [one for dashboard in set_up.dashboards for one in dashboard.questions]
    assert by_name.keys() == {one.name for one in questions}
    for one in questions:
        assert (
            set_up.published.query(rendered(by_name[one.name], chosen)).rows
            == set_up.published.query(filled(one.sql, chosen.sql)).rows
        ), one.name


def test_what_is_chosen_can_carry_no_sql(bundle: Files) -> None:
    sql = next(one["sql"] for one in of(bundle, "datasets").values() if one["table_name"] == "overview/net-sales")
    quoted = rendered(sql, Chosen(channel="x') or (1 = 1"))
    assert """("x') or (1 = 1")""" in quoted and "filter_values" in sql and "| where_in" in sql


def test_metrics_of_the_catalogue_are_metrics_of_the_tables(set_up: SetUp, bundle: Files) -> None:
    checked = set()
    for dataset in of(bundle, "datasets").values():
        if dataset["sql"] is not None:
            continue
        for metric in dataset["metrics"]:
            name = metric["metric_name"]
            said = set_up.catalogue.metric(name)
            assert metric["verbose_name"] == said.label and said.description in metric["description"]
            compiled = compile_query(set_up.catalogue, MetricQuery((name,)))
            [[expected]] = set_up.published.query(compiled.sql, compiled.parameters).rows
            table = f"{dataset['schema']}.{dataset['table_name']}"
            [[value]] = set_up.published.query(f"select {metric['expression']} as value from {table}").rows
            assert float(value) == pytest.approx(float(expected), rel=1e-9), (table, name)
            checked.add(name)
    assert len(checked) > 40


def test_columns_have_the_descriptions_of_the_models_and_none_is_personal(bundle: Files) -> None:
    tables = [one for one in of(bundle, "datasets").values() if one["sql"] is None]
    columns = [column for one in tables for column in one["columns"]]
    assert sum(bool(column.get("description")) for column in columns) > 0.9 * len(columns)
    assert not {column["column_name"] for column in columns} & {"email", "phone", "first_name", "last_name"}


def test_the_zip_file_holds_the_folder(set_up: SetUp) -> None:
    files = tool("superset").files(set_up)
    content = files["shophouse.zip"]
    assert isinstance(content, bytes)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert held == {path: text for path, text in files.items() if path.startswith("shophouse/")}


def test_a_password_is_never_written(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BI_DSN", "postgresql://analyst:secret-word@db/shop")
    reached = replace(set_up, dialect="postgres", dsn="env:BI_DSN")
    files = tool("superset").files(reached)
    assert not any(
        "secret-word" in (text if isinstance(text, str) else text.decode("latin-1")) for text in files.values()
    )
    [database] = [yaml.safe_load(text) for path, text in files.items() if "/databases/" in path]
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://analyst:XXXXXXXXXX@db:5432/shop"
