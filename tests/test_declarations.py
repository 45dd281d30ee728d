from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest

from shophouse.bindings import bindings, contract, write_bindings
from shophouse.declarations import platform_declaration, source_declaration
from shophouse.errors import ConfigError
from shophouse.project import Project, staging_folders

SOURCES = """\
sources:
  - name: mine
    schema: raw
    description: Files of my shop.
    config:
      freshness: {warn_after: {count: 36, period: hour}}
    tables:
      - name: orders
        identifier: mine__orders
        description: Orders.
        config:
          meta:
            files: "orders*.csv"
            delivery: upsert
            key: [order_id]
            version: updated_at
            required: [order_id]
            owner: sales team
        columns:
          - {name: order_id, data_type: bigint, description: Number.}
          - {name: updated_at, data_type: timestamp}
          - {name: note}
      - name: lines
        identifier: mine__lines
        config:
          freshness: null
          meta: {files: "lines*.csv", delivery: upsert, key: [order_id, n], parent: order_id}
        columns:
          - {name: order_id, data_type: bigint}
          - {name: n, data_type: integer}
"""

ORDERS = """\
models:
  - name: stg_mine__orders
    config:
      meta: {entity: orders, raw_table: orders}
    columns:
      - {name: source}
      - {name: order_id}
      - {name: ordered_at}
      - {name: status}
      - {name: currency_code}
      - {name: updated_at}
      - {name: _load_id}
"""

LINES = """\
models:
  - name: stg_mine__order_items
    config:
      meta: {entity: order_items, raw_table: lines}
    columns:
      - {name: order_id}
      - {name: line_number}
      - {name: product_id}
      - {name: quantity}
      - {name: unit_price}
  - name: base_mine__orders
    columns: [{name: order_id}]
"""

ONE = "  one: {kind: files, path: one/*.csv, staging: mine}\n"

Shop = Callable[..., Project]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose staging folder `mine` holds the files above, each replaced where a test gives another."""

    def write(sources: str = ONE, *, declared: str = SOURCES, **models: str) -> Project:
        folder = tmp_path / "models" / "staging" / "mine"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_mine__sources.yml").write_text(declared)
        for name, text in {"orders": ORDERS, "order_items": LINES, **models}.items():
            (folder / f"stg_mine__{name}.yml").write_text(text)
            (folder / f"stg_mine__{name}.sql").write_text("select 1 as one")
        (tmp_path / "shophouse.yml").write_text(f"name: mine\ncurrency: EUR\nsources:\n{sources}")
        return Project.load(tmp_path)

    return write


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value.render()


def test_a_platform_has_the_tables_that_its_file_declares(shop: Shop) -> None:
    declared = platform_declaration("mine", shop())
    orders, lines = declared.tables["orders"], declared.tables["lines"]
    assert orders.types == {"order_id": "bigint", "updated_at": "timestamp", "note": "text"}
    assert (orders.files, orders.delivery, orders.key) == ("orders*.csv", "upsert", ("order_id",))
    assert (orders.version, orders.required) == ("updated_at", ("order_id",))
    assert orders.freshness.warn_after == timedelta(hours=36)
    assert lines.parent == ("order_id",)
    assert lines.freshness.warn_after is None
    assert declared.view("lines") == "mine__lines"


def test_the_project_changes_what_it_names_and_leaves_the_rest(shop: Shop) -> None:
    project = shop(
        ONE.rstrip("}\n")
        + ", tables: {orders: {columns: {order_id: text, extra: date}, version: null, delivery: snapshot},"
        " returns: {files: 'returns*.csv'}}}\n"
    )
    tables = source_declaration("one", project).tables
    assert tables["orders"].types == {"order_id": "text", "updated_at": "timestamp", "note": "text", "extra": "date"}
    assert (tables["orders"].version, tables["orders"].delivery) == (None, "snapshot")
    assert tables["orders"].key == ("order_id",)
    assert (tables["returns"].files, tables["returns"].delivery) == ("returns*.csv", "snapshot")
    assert tables["lines"].delivery == "upsert"


def test_a_table_that_is_no_longer_upserted_has_no_parent_any_more(shop: Shop) -> None:
    project = shop(ONE.rstrip("}\n") + ", tables: {lines: {delivery: append}}}\n")
    assert source_declaration("one", project).tables["lines"].parent == ()


def test_a_source_without_a_platform_has_only_the_tables_of_the_project(shop: Shop) -> None:
    project = shop("  loose: {kind: files, path: x/*.csv, tables: {notes: {key: id}}}\n")
    declared = source_declaration("loose", project)
    assert declared.platform is None
    assert list(declared.tables) == ["notes"]


def test_a_slip_in_the_name_of_a_table_is_answered_with_the_nearest(shop: Shop) -> None:
    project = shop(ONE.rstrip("}\n") + ", tables: {oders: {delivery: append}}}\n")
    said = refusal(lambda: source_declaration("one", project))
    assert "mine has no such table" in said
    assert "did you mean orders?" in said


def test_a_key_that_is_no_column_is_answered_with_the_nearest(shop: Shop) -> None:
    project = shop(ONE.rstrip("}\n") + ", tables: {orders: {key: [oder_id]}}}\n")
    said = refusal(lambda: source_declaration("one", project))
    assert "sources.one.tables.orders.key: there is no column oder_id" in said
    assert "did you mean order_id?" in said


def test_sources_that_type_a_column_differently_share_it_as_text(shop: Shop) -> None:
    two = "  two: {kind: files, path: two/*.csv, staging: mine, tables: {orders: {columns: {order_id: text}}}}\n"
    declared = platform_declaration("mine", shop(ONE + two))
    assert declared.tables["orders"].types["order_id"] == "text"


def test_sources_of_one_platform_that_disagree_about_a_delivery_are_refused(shop: Shop) -> None:
    two = "  two: {kind: files, path: two/*.csv, staging: mine, tables: {orders: {delivery: append}}}\n"
    said = refusal(lambda: platform_declaration("mine", shop(ONE + two)))
    assert "disagree about delivery of orders" in said
    assert "one says upsert" in said
    assert "two says append" in said


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("delivery: upsert\n", "delivery: upset\n", ["line 14", "tables[orders]", "did you mean upsert?"]),
        ("            delivery: upsert\n", "", ["line 12", "config.meta.delivery is missing"]),
        ("data_type: bigint", "data_type: varchar", ["line 20", "did you mean text?"]),
        ("identifier: mine__orders", "identifier: orders", ["line 9", "write identifier: mine__orders"]),
        ("key: [order_id]", "key: [ordr_id]", ["line 15", "did you mean order_id?"]),
        ("            version: ", "            verson: ", ["line 16", "did you mean version?"]),
        ("schema: raw", "schema: public", ["line 3", "write raw"]),
        ("name: mine", "name: yours", ["line 2", "must be called mine"]),
        ("{name: note}", "{name: updated_at}", ["line 22", "declared twice"]),
        ("            key: [order_id]\n", "", ["needs a key"]),
        ("period: hour", "period: hours", ["line 6", "did you mean hour?"]),
    ],
)
def test_a_mistake_in_a_declaration_is_shown_with_its_line(shop: Shop, old: str, new: str, parts: list[str]) -> None:
    assert old in SOURCES
    said = refusal(lambda: platform_declaration("mine", shop(declared=SOURCES.replace(old, new, 1))))
    for part in ["staging/mine/_mine__sources.yml", *parts]:
        assert part in said


def test_a_platform_without_a_declaration_says_which_file_is_missing(shop: Shop) -> None:
    project = shop()
    (project.staging_folder("mine") / "_mine__sources.yml").unlink()
    assert "_mine__sources.yml" in refusal(lambda: platform_declaration("mine", project))


def test_a_declaration_that_is_edited_is_read_again(shop: Shop) -> None:
    platform_declaration("mine", shop())
    changed = platform_declaration("mine", shop(declared=SOURCES.replace("orders*.csv", "order-export*.csv")))
    assert changed.tables["orders"].files == "order-export*.csv"


def test_the_bindings_name_the_models_of_each_entity_with_their_delivery(shop: Shop) -> None:
    two = "  two: {kind: files, path: two/*.csv, staging: mine, timezone: Europe/Oslo}\n"
    bound = bindings(shop(ONE + two))
    assert bound["platforms"] == {"mine": {"sources": ["one", "two"], "timezone": None}}
    assert bound["entities"]["orders"] == [
        {
            "model": "stg_mine__orders",
            "platform": "mine",
            "raw_table": "orders",
            "delivery": "upsert",
            "version": "updated_at",
            "parent": None,
            "covers": None,
            "columns": ["source", "order_id", "ordered_at", "status", "currency_code", "updated_at", "_load_id"],
        }
    ]
    assert bound["entities"]["order_items"][0]["parent"] == ["order_id"]
    assert list(bound["entities"]) == ["orders", "order_items"]


def test_a_platform_that_no_source_uses_is_not_bound(shop: Shop) -> None:
    bound = bindings(shop("  loose: {kind: files, path: x/*.csv}\n"))
    assert (bound["platforms"], bound["entities"]) == ({}, {})


def test_what_a_model_says_of_parent_and_version_goes_before_its_table(shop: Shop) -> None:
    meta = "{entity: orders, raw_table: lines, parent: [currency_code], version: null}"
    bound = bindings(shop(orders=ORDERS.replace("{entity: orders, raw_table: orders}", meta)))
    assert bound["entities"]["orders"][0]["parent"] == ["currency_code"]
    assert bound["entities"]["orders"][0]["version"] is None


def test_an_entity_that_its_table_does_not_cover_takes_no_order_from_it(shop: Shop) -> None:
    meta = "{entity: orders, raw_table: orders, covers: none}"
    bound = bindings(shop(orders=ORDERS.replace("{entity: orders, raw_table: orders}", meta)))
    assert bound["entities"]["orders"][0]["version"] is None


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("entity: orders", "entity: order", ["line 4", "there is no entity 'order'", "did you mean orders?"]),
        ("raw_table: orders", "raw_table: order", ["line 4", "there is no raw table 'order'", "did you mean orders?"]),
        (", raw_table: orders", "", ["raw_table is missing", "mine has: orders, lines"]),
        ("{name: ordered_at}", "{name: orderd_at}", ["lacks ordered_at", "line 8", "did you mean ordered_at?"]),
        ("      - {name: updated_at}\n", "", ["version updated_at is not among its columns", "version: null"]),
        ("name: stg_mine__orders", "name: stg_mine__oders", ["line 2", "has no SQL"]),
        ("meta: {entity", "meta: {entity: orders, entity", ["entity is written twice"]),
    ],
)
def test_a_mistake_in_a_staging_model_is_shown_with_its_line(shop: Shop, old: str, new: str, parts: list[str]) -> None:
    assert old in ORDERS
    said = refusal(lambda: bindings(shop(orders=ORDERS.replace(old, new, 1))))
    for part in ["staging/mine/stg_mine__orders.yml", *parts]:
        assert part in said


def test_a_staging_model_that_lists_no_columns_is_refused(shop: Shop) -> None:
    text = ORDERS[: ORDERS.index("    columns:")]
    assert "lists no columns" in refusal(lambda: bindings(shop(orders=text)))


def test_the_macro_returns_what_the_bindings_are(shop: Shop) -> None:
    project = shop()
    write_bindings(project)
    text = (project.generated_folder / "macros" / "bindings.sql").read_text()
    returned: list[Any] = []

    def keep(value: Any) -> str:
        returned.append(value)
        return ""

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    template = environment.from_string(text + "{% do shophouse_bindings() %}")
    template.render({"return": keep})
    assert returned == [bindings(project)]


def test_bindings_that_have_not_changed_are_not_written_again(shop: Shop) -> None:
    project = shop()
    file = project.generated_folder / "macros" / "bindings.sql"
    assert write_bindings(project)
    before = file.stat()
    assert not write_bindings(project)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert write_bindings(shop(ONE + "  two: {kind: files, path: two/*.csv, staging: mine}\n"))


def test_the_contract_names_its_required_entities_with_columns() -> None:
    entities = contract()
    assert {"customers", "products", "orders", "order_items"} <= entities.keys()
    for entity in entities.values():
        assert set(entity.key) <= entity.columns.keys()
        assert set(entity.required) <= entity.columns.keys()


@pytest.mark.parametrize("platform", sorted(staging_folders()))
def test_every_packaged_platform_is_declared_and_bound_without_a_mistake(shop: Shop, platform: str) -> None:
    project = shop(f"  one: {{kind: files, path: one/*.csv, staging: {platform}}}\n")
    assert platform_declaration(platform, project).tables
    assert bindings(project)["entities"].keys() <= contract().keys()


def test_reading_a_declaration_costs_less_than_a_person_notices(shop: Shop) -> None:
    largest = max(
        staging_folders().values(), key=lambda folder: (folder / f"_{folder.name}__sources.yml").stat().st_size
    )
    project = shop(f"  one: {{kind: files, path: one/*.csv, staging: {largest.name}}}\n")
    own = project.folder / "models" / "staging" / largest.name
    shutil.copytree(largest, own)
    spent = []
    for moment in range(1, 4):
        os.utime(own / f"_{own.name}__sources.yml", (moment, moment))
        before = time.process_time()
        platform_declaration(own.name, project)
        spent.append(time.process_time() - before)
    assert min(spent) < 0.05


DATABASE = "  one: {{kind: postgres, dsn: 'env:X', staging: mine, tables: {{{tables}}}}}\n"


def test_a_whole_table_of_a_database_is_a_snapshot_whatever_its_platform_says(shop: Shop) -> None:
    tables = source_declaration("one", shop(DATABASE.format(tables=""))).tables
    assert {(table.delivery, table.parent) for table in tables.values()} == {("snapshot", ())}
    assert tables["orders"].version == "updated_at"


def test_by_a_cursor_neither_a_version_nor_a_parent_outweighs_the_later_load(shop: Shop) -> None:
    by_cursor = "{read: cursor, cursor: updated_at}"
    project = shop(
        DATABASE.format(tables=f"orders: {by_cursor}, lines: {by_cursor}"),
        # where the model says it itself
        order_items=LINES.replace("raw_table: lines}", "raw_table: lines, parent: order_id, version: order_id}"),
    )
    bound = bindings(project)["entities"]
    for entity in ("orders", "order_items"):
        (binding,) = bound[entity]
        assert (binding["delivery"], binding["version"], binding["parent"]) == ("upsert", None, None)


def test_a_change_feed_is_upserted_row_by_row_and_keeps_its_version(shop: Shop) -> None:
    feed = "{operation: {column: Op}}"
    project = shop(
        ONE.rstrip("}\n") + f", tables: {{orders: {feed}, lines: {feed}, more: {{files: m*, key: id, {feed[1:]}}}}}\n",
        order_items=LINES.replace("raw_table: lines}", "raw_table: lines, parent: order_id}"),
    )
    declared = source_declaration("one", project).tables
    assert {name: (table.delivery, table.parent) for name, table in declared.items()} == dict.fromkeys(
        ("orders", "lines", "more"), ("upsert", ())
    )
    bound = bindings(project)["entities"]
    assert [(b["version"], b["parent"]) for name in ("orders", "order_items") for b in bound[name]] == [
        ("updated_at", None),
        (None, None),
    ]


def test_files_and_a_database_must_bring_a_table_alike(shop: Shop) -> None:
    project = shop(ONE + DATABASE.format(tables="lines: {read: cursor, cursor: n}").replace("one", "two"))
    assert "disagree about" in refusal(lambda: platform_declaration("mine", project))
    own = "tables: {lines: {parent: null}, orders: {delivery: snapshot}}"
    files = ONE.replace("staging: mine}", f"staging: mine, {own}}}")
    project = shop(files + DATABASE.format(tables="lines: {read: cursor, cursor: n}").replace("one", "two"))
    said = refusal(lambda: platform_declaration("mine", project))
    assert "disagree about read of lines" in said and "two brings single rows" in said
