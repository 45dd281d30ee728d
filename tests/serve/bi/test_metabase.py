from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shophouse.errors import ConfigError
from shophouse.serve.bi import SetUp
from shophouse.serve.bi.metabase import details
from shophouse.serve.bi.metabase.provisioning import Metabase, MetabaseError, provision
from shophouse.serve.bi.tool import Provisioned

if TYPE_CHECKING:
    from servers.metabase import Server

USER, PASSWORD = "ann@example.com", "a-long-password"


def provisioned(server: Server, set_up: SetUp) -> Provisioned:
    session = Metabase(server.url, USER, PASSWORD, set_up.shop)
    return provision(session, set_up, details(set_up), patience=0)


def described(server: Server, kind: str, name: str) -> dict[str, Any]:
    [one] = [one for one in server.made(kind) if f"shophouse {name} " in (one.get("description") or "")]
    return one


def test_a_new_metabase_gets_a_user_the_database_questions_and_dashboards(metabase: Server, set_up: SetUp) -> None:
    done = provisioned(metabase, set_up)
    questions = [question for dashboard in set_up.dashboards for question in dashboard.questions]
    assert len(metabase.made("card")) == len(questions)
    assert len(metabase.made("dashboard")) == len(set_up.dashboards)
    assert len(done.made) == len(questions) + len(set_up.dashboards) + 2
    [database] = metabase.made("database")
    assert database["engine"] == "duckdb"
    assert database["details"] == {"database_file": "/published/shop-1.duckdb", "read_only": True}
    for dashboard in set_up.dashboards:
        made = described(metabase, "dashboard", dashboard.name)
        cards = [metabase.things["card"][one["card_id"]]["name"] for one in made["dashcards"]]
        assert cards == [question.title for question in dashboard.questions]
    sales = described(metabase, "card", "overview/figure-net-sales")
    assert sales["visualization_settings"]["column_settings"]['["name", "net_sales"]'] == {
        "column_title": "Net sales",
        "number_style": "currency",
        "currency": "USD",
        "currency_style": "symbol",
    }
    assert set_up.catalogue.metric("net_sales").excludes in sales["description"]


def test_a_second_call_writes_nothing(metabase: Server, set_up: SetUp) -> None:
    provisioned(metabase, set_up)
    before = metabase.writes
    done = provisioned(metabase, set_up)
    assert (done.made, done.changed, done.left) == ([], [], [])
    assert metabase.writes == before


def test_what_changed_is_brought_up_to_date_and_what_people_made_is_left(metabase: Server, set_up: SetUp) -> None:
    provisioned(metabase, set_up)
    collection = metabase.made("collection")[0]["id"]
    query = described(metabase, "card", "overview/net-sales")["dataset_query"]
    own = metabase.add("card", {"name": "Net sales", "collection_id": collection, "dataset_query": query})
    page = described(metabase, "dashboard", "overview")
    page["tabs"] = [{"id": 77, "name": "First"}]
    for one in page["dashcards"]:
        one["dashboard_tab_id"] = 77
    added = {"id": 5000, "card_id": own["id"], "row": 300, "col": 0, "size_x": 4, "size_y": 4, "dashboard_tab_id": 77}
    page["dashcards"].append(added | {"parameter_mappings": [], "visualization_settings": {}, "created_at": "x"})
    ids = [one["id"] for one in page["dashcards"]]

    metric = set_up.catalogue.metric("net_sales").model_copy(update={"description": "What is left."})
    catalogue = set_up.catalogue.model_copy(update={"metrics": {**set_up.catalogue.metrics, "net_sales": metric}})
    changed = replace(set_up, catalogue=catalogue, version=2)
    done = provisioned(metabase, changed)

    assert done.made == []
    assert f"database shophouse: {set_up.shop}" in done.changed
    assert "card overview/figure-net-sales" in done.changed and "card overview/orders" not in done.changed
    assert described(metabase, "card", "overview/figure-net-sales")["description"].startswith("What is left.")
    assert metabase.made("database")[0]["details"]["database_file"] == "/published/shop-2.duckdb"
    assert metabase.things["card"][own["id"]] == own and "description" not in own

    left_out = replace(changed.dashboards[0], questions=changed.dashboards[0].questions[:-1])
    fewer = replace(changed)
    fewer.__dict__["dashboards"] = (left_out, *changed.dashboards[1:])
    done = provisioned(metabase, fewer)
    assert done.left == [changed.dashboards[0].questions[-1].name]
    page = described(metabase, "dashboard", "overview")
    gone = next(one["card_id"] for one in page["dashcards"] if one["id"] == ids[-2])
    assert metabase.things["card"][gone]["name"] == changed.dashboards[0].questions[-1].title
    assert {one["id"] for one in page["dashcards"]} == set(ids)
    assert page["tabs"] == [{"id": 77, "name": "First"}]


def test_a_password_that_the_database_takes_no_more_is_changed(
    metabase: Server, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_postgres = replace(set_up, dialect="postgres", dsn="env:METABASE_DSN")

    def call(password: str) -> Provisioned:
        monkeypatch.setenv("METABASE_DSN", f"postgresql://analyst:{password}@db.example.com/shop")
        return provisioned(metabase, on_postgres)

    metabase.taken = "first-secret"
    call("first-secret")
    assert call("first-secret").changed == []
    metabase.taken = "second-secret"
    assert call("second-secret").changed == [f"database shophouse: {set_up.shop}"]
    before = metabase.writes
    assert (call("second-secret").changed, metabase.writes) == ([], before)
    metabase.taken = "third-secret"
    with pytest.raises(MetabaseError, match="refused PUT /api/database") as refused:
        call("second-secret")
    assert "password is incorrect" in refused.value.render() and "second-secret" not in refused.value.render()


def test_a_call_that_broke_off_is_made_good_by_the_next(
    metabase: Server, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 20
    send = Metabase.send

    def broken(self: Metabase, method: str, path: str, body: dict[str, Any]) -> Any:
        nonlocal left
        if path != "/api/session":
            left -= 1
        if left < 0:
            raise MetabaseError("broken off")
        return send(self, method, path, body)

    with monkeypatch.context() as patched:
        patched.setattr(Metabase, "send", broken)
        for _ in range(200):
            try:
                provisioned(metabase, set_up)
                break
            except MetabaseError:
                left = 7
        else:
            pytest.fail("it never got to the end")
    assert len(metabase.made("dashboard")) == len(set_up.dashboards)
    assert len(metabase.made("card")) == sum(len(dashboard.questions) for dashboard in set_up.dashboards)
    assert all(one["dashcards"] for one in metabase.made("dashboard"))
    assert provisioned(metabase, set_up).changed == []


def test_columns_of_tables_get_the_descriptions_of_the_models(metabase: Server, set_up: SetUp) -> None:
    [table] = [table for table in set_up.tables() if table.name == "sales_daily"]
    fields = [{"id": number, "name": name, "description": None} for number, name in enumerate(table.columns, 1)]
    metabase.tables = [{"name": "sales_daily", "schema": "marts", "fields": fields}]
    done = provisioned(metabase, set_up)
    assert "descriptions of sales_daily" in done.changed
    assert {one["name"]: one["description"] for one in fields} == {n: said for n, (_, said) in table.columns.items()}
    assert all(one["description"] for one in fields)


def test_a_filter_lists_what_there_is(metabase: Server, set_up: SetUp) -> None:
    provisioned(metabase, set_up)
    [filters] = [one["parameters"] for one in metabase.made("dashboard") if one["name"].endswith("Overview")]
    listed = {one["slug"]: one.get("values_source_config", {}).get("values") for one in filters}
    assert listed["grain"] == ["day", "week", "month", "quarter", "year"]
    known = set_up.published.query("select distinct channel from sales_daily").rows
    assert set(listed["channel"]) == {row[0] for row in known}


def test_a_wrong_password_an_absent_metabase_and_something_else_are_told_apart(metabase: Server, set_up: SetUp) -> None:
    with pytest.raises(MetabaseError, match="has no user yet"):
        Metabase(metabase.url, USER, PASSWORD)
    Metabase(metabase.url, USER, PASSWORD, set_up.shop)
    with pytest.raises(MetabaseError, match="does not know this user") as refused:
        Metabase(metabase.url, USER, "wrong-password")
    assert "wrong-password" not in refused.value.render() and "SHOPHOUSE_BI_PASSWORD" in refused.value.render()
    with pytest.raises(MetabaseError, match="does not answer"):
        Metabase("http://127.0.0.1:9", USER, PASSWORD)
    with pytest.raises(ConfigError, match="no address"):
        Metabase("metabase.example.com", USER, PASSWORD)


def test_how_metabase_reaches_postgresql_is_said_by_a_variable(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    on_postgres = replace(set_up, dialect="postgres")
    with pytest.raises(ConfigError, match="needs to know"):
        details(on_postgres)
    reached = replace(on_postgres, dsn="env:METABASE_DSN")
    monkeypatch.setenv("METABASE_DSN", "postgresql://analyst:secret@db.example.com/shop?sslmode=require")
    found = details(reached)
    assert {"host": "db.example.com", "port": 5432, "user": "analyst", "password": "secret"}.items() <= found.items()
    assert found["schema-filters-patterns"].startswith("published_marts,")
    assert found["ssl-mode"] == "require"
    for wrong, said in (("nonsense=1", "is no DSN"), ("postgresql://db.example.com/shop", "has no user")):
        monkeypatch.setenv("METABASE_DSN", wrong)
        with pytest.raises(ConfigError, match=said):
            details(reached)
