from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shophouse.metrics.personal import personal_columns
from shophouse.serve.dashboard.blocks import Context
from shophouse.serve.dashboard.pages import pages
from shophouse.serve.dashboard.published import WithoutPersonal
from shophouse.serve.dashboard.search import Hit, find, shown_on
from shophouse.shop import Shop

Of = Callable[..., Context]


def found(context: Context, text: str) -> dict[str, list[Hit]]:
    return {group.title: list(group.hits) for group in find(context, text)}


def test_a_metric_is_found_with_where_it_is_shown(context: Of) -> None:
    of = context(channel=["web"])
    groups = found(of, "Net  SALES")
    assert groups["Metrics"][0].title == "Net sales"
    assert groups["Metrics"][0].link == "/metric?name=net_sales&channel=web"
    assert groups["Pages"][0].link == "/overview?channel=web#net-sales"
    assert {page.name for page, _ in shown_on(of.catalogue, "net_sales")} >= {"overview", "sales", "products"}


def test_a_table_is_found_by_its_name_a_column_and_what_it_is(context: Of) -> None:
    of = context()
    assert found(of, "sales_daily")["Tables"][0].link == "/mart?name=sales_daily"
    assert found(of, "sales daily")["Tables"][0].title == "sales_daily"
    assert "cohort_retention" in [hit.title for hit in found(of, "cohort retention rate")["Tables"]]
    # what the shop has no table of is not found, though it is described
    described = {**of.marts(), "of_another_shop": of.marts()["sales_daily"]}
    assert "Tables" not in found(replace(of, marts=lambda: described), "of_another_shop")


def test_a_product_is_found_by_parts_of_its_words_best_sellers_first(context: Of, shop: Shop) -> None:
    [[name, key]] = shop.sql(
        "select product_name, product_key from product_performance order by net_sales_rank limit 1"
    ).fetchall()
    words = " ".join(word[:4].upper() for word in reversed(name.split()))
    assert found(context(), words)["Products"][0].link == f"/product?key={key}"
    first = found(context(), name.split()[0])["Products"]
    ranks = [int(hit.about.partition("number ")[2].split()[0].replace(",", "")) for hit in first]
    assert ranks == sorted(ranks)


def test_a_kind_with_something_of_that_name_comes_first(context: Of, shop: Shop) -> None:
    [[name]] = shop.sql("select product_name from product_performance order by net_sales_rank limit 1").fetchall()
    begins = name.split()[0][:3].lower()
    groups = find(context(), begins)
    named = [any(f" {begins}" in f" {hit.title.lower()}" for hit in group.hits) for group in groups]
    assert "Products" in [group.title for group, is_named in zip(groups, named, strict=True) if is_named]
    assert named == sorted(named, reverse=True)
    assert [group.title for group in find(context(), "net sales")][:2] == ["Pages", "Metrics"]


def test_a_customer_is_found_by_name_and_address_by_those_who_may(context: Of, shop: Shop) -> None:
    [[first, last, email, key]] = shop.sql(
        "select first_name, last_name, email, person_key from core.dim_customer "
        "where email is not null and last_name is not null and person_key <> 0 order by customer_id limit 1"
    ).fetchall()
    of = context()
    for words in (email, f"{last} {email.partition('@')[0]}"):
        assert [hit.link for hit in found(of, words)["Customers"]] == [f"/person?key={key}"]
    of = context(key=[str(key)])
    assert pages()["person"].named(of) == f"{first} {last}"
    viewers = replace(of, published=WithoutPersonal(of.published, personal_columns(shop.project)))
    for words in (email, first, last, f"{first} {last}"):
        groups = found(viewers, words)
        assert "Customers" not in groups
        assert email not in str(groups)
    assert pages()["person"].named(viewers) == f"Customer {key}"
    titles = {block.title for block in pages()["person"].shown(viewers.published)[0]}
    assert "Accounts" in {block.title for block in pages()["person"].blocks} and "Accounts" not in titles


def test_no_page_of_one_customer_or_table_reads_personal_data_for_viewers(context: Of, shop: Shop) -> None:
    [[key]] = shop.sql("select max(person_key) from core.dim_customer").fetchall()
    personal = personal_columns(shop.project)
    for page, about in (("person", {"key": [str(key)]}), ("mart", {"name": ["salesperson_performance"]})):
        of = context(**about)
        viewers = replace(of, published=WithoutPersonal(of.published, personal))
        for block in pages()[page].shown(viewers.published)[0]:
            content = block.content(viewers)
            assert not personal & {column.name for column in getattr(content, "columns", ())}
            assert not [row for row in getattr(content, "rows", ()) if row[0] in personal]


@pytest.mark.parametrize("text", ["", "   ", "x') or 1 = 1 --", "%", "''", "\\", "a" * 10_000, "q" * 79 + "ü"])
def test_whatever_is_typed_is_only_text(context: Of, text: str) -> None:
    assert found(context(), text) == {}


def test_no_kind_has_more_than_a_few(context: Of) -> None:
    groups = found(context(), "a")
    assert set(groups) >= {"Pages", "Metrics", "Tables", "Products"}
    # one letter is not yet a name
    assert "Customers" not in groups
    assert max(len(hits) for hits in groups.values()) == 5
