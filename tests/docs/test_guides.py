from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import shophouse
from requirements import requirement
from shophouse.errors import CheckFailed, LakeError

from .guide import DOCS, ROOT, follow, shell, steps

pytestmark = pytest.mark.slow


def orders(folder: Path) -> list[tuple[object, ...]]:
    return shophouse.open(folder).sql("select * from core.fct_orders order by order_id").fetchall()


def test_the_first_shop_is_as_the_guide_says(kiosk: Path) -> None:
    assert len(orders(kiosk)) == 6
    assert shophouse.open(kiosk).sql("select count(*) from ops.rejected_rows").fetchall() == [(0,)]


def test_the_query_of_the_readme_gave_what_it_shows_before_the_new_year(kiosk: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (query,) = re.findall(r'shophouse query -p kiosk "(.*?)"', readme)
    (table,) = re.findall(r"   ```\n(   month_start_date.*?)   ```", readme, re.DOTALL)
    first_lines = shell(f'shophouse query "{query} order by 1"', kiosk).splitlines()[:2]
    assert first_lines == [line.strip() for line in table.splitlines()]


@requirement("S0-43")
def test_three_orders_go_through_the_stages_as_the_guide_says(tmp_path: Path) -> None:
    folder = follow(DOCS / "guides" / "stages.md", tmp_path, {})
    assert len(orders(folder)) == 4


def test_backup_restore_and_move_are_as_the_guide_says(kiosk: Path, tmp_path: Path) -> None:
    shop = tmp_path / "my-shop"
    shutil.copytree(kiosk, shop, symlinks=True)
    shell("shophouse lake move", shop)
    page = DOCS / "guides" / "backup.md"
    backup, restore, run, move, home = (step.text for step in steps(page))
    for folder in ("/backups", "/srv"):
        (tmp_path / folder.strip("/")).mkdir()
    place = f"{tmp_path}/"

    def here(line: str) -> str:
        return line.replace("/backups/", place + "backups/").replace("/srv/", place + "srv/")

    shell(here(backup), shop)
    shell(here(restore), tmp_path)
    shell(here(run), tmp_path)
    again = tmp_path / "my-shop-again"
    assert orders(again) == orders(kiosk)
    assert "nothing arrived" in shell("shophouse run", again)

    shell(here(move), tmp_path)
    moved = tmp_path / "srv" / "my-shop"
    with pytest.raises(LakeError) as caught:
        shophouse.open(moved).build()
    assert "shophouse lake move" in caught.value.render()
    shell(here(home), tmp_path)
    shell("shophouse run --full-refresh", moved)
    assert orders(moved) == orders(kiosk)


@requirement("S0-40", "S1-27")
def test_plain_dbt_works_in_the_folder_as_the_guide_says(kiosk: Path) -> None:
    before = shophouse.open(kiosk).engine.published()
    for step in steps(DOCS / "guides" / "without-commands.md"):
        if step.text == "dbt docs serve":
            assert "index.html" in {file.name for file in (kiosk / ".shophouse" / "target").iterdir()}
            continue
        shell(step.text, kiosk)
    assert shophouse.open(kiosk).engine.published() == before


def test_the_first_lines_of_the_guide_to_python_give_a_frame(kiosk: Path) -> None:
    pytest.importorskip("pandas")
    first = re.findall(r"```python\n(.*?)```", (DOCS / "guides" / "python.md").read_text("utf-8"), re.DOTALL)[0]
    *before, last = first.replace('"my-shop"', repr(str(kiosk))).strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(before), names)
    frame = eval(last, names)
    assert list(frame.columns) == ["month_start_date", "net_sales_amount"]


DAYS = (["1,paid", "2,paid"], ["1,shipped", "3,paid"])
DELIVERIES = ("append", "upsert", "snapshot")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that gets the two days of the page on deliveries three times over, under one name and under two."""
    folder = tmp_path_factory.mktemp("deliveries") / "shop"
    shell(f"shophouse init {folder} --currency EUR", folder.parent)
    shutil.rmtree(folder / "models" / "staging" / "shop")
    sources = []
    for delivery in DELIVERIES:
        staging = folder / "models" / "staging" / delivery
        staging.mkdir(parents=True)
        (staging / f"_{delivery}__sources.yml").write_text(
            f"sources:\n  - name: {delivery}\n    schema: raw\n    tables:\n      - name: orders\n"
            f"        identifier: {delivery}__orders\n        config: {{meta: {{files: 'orders*', delivery: {delivery},"
            " key: [id]}}\n        columns: [{name: id, data_type: text}, {name: state, data_type: text}]\n"
        )
        (staging / f"stg_{delivery}__orders.sql").write_text(
            "select _source as source, id as order_id, timestamp '2026-01-01 00:00:00' as ordered_at, state as status,"
            " 'EUR' as currency_code, _load_id, _loaded_at, _source_file, _row_number, _operation"
            f" from {{{{ source('{delivery}', 'orders') }}}}\n"
        )
        (staging / f"stg_{delivery}__orders.yml").write_text(
            f"models:\n  - name: stg_{delivery}__orders\n    config: {{meta: {{entity: orders, raw_table: orders}}}}\n"
            "    columns: [{name: source}, {name: order_id}, {name: ordered_at}, {name: status},"
            " {name: currency_code}]\n"
        )
        for kind in ("same", "other"):
            (folder / "data" / f"{delivery}_{kind}").mkdir()
            sources.append(
                f"  {delivery}_{kind}: {{kind: files, path: 'data/{delivery}_{kind}/*.csv', staging: {delivery}}}\n"
            )
    (folder / "shophouse.yml").write_text("name: Shop\ncurrency: EUR\nsources:\n" + "".join(sources))
    shop = shophouse.open(folder)
    for day, rows in enumerate(DAYS):
        for delivery in DELIVERIES:
            for kind in ("same", "other"):
                name = "orders-2.csv" if day and kind == "other" else "orders.csv"
                (folder / "data" / f"{delivery}_{kind}" / name).write_text("id,state\n" + "\n".join(rows) + "\n")
        shop.ingest()
        shop.build(select=["+input_orders"])
    return folder


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("append_same", ["1 shipped", "3 paid"]),
        ("upsert_same", ["1 shipped", "2 paid", "3 paid"]),
        ("snapshot_same", ["1 shipped", "3 paid"]),
        ("append_other", ["1 paid", "1 shipped", "2 paid", "3 paid"]),
        ("upsert_other", ["1 shipped", "2 paid", "3 paid"]),
        ("snapshot_other", ["1 shipped", "2 paid", "3 paid"]),
    ],
)
def test_deliveries_count_what_their_page_says(delivered: Path, source: str, counts: list[str]) -> None:
    found = shophouse.open(delivered).engine.query(
        f"select order_id || ' ' || status as counted from input.input_orders where source = '{source}' order by 1"
    )
    assert found.to_pydict()["counted"] == counts


def test_a_key_that_comes_twice_in_appended_files_fails_a_test(delivered: Path) -> None:
    with pytest.raises(CheckFailed, match="order_headers_columns"):
        shophouse.open(delivered).run()
