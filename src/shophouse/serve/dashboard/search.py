"""What a shop is searched for: pages, metrics, marts and products, and, by those who may, customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shophouse.metrics import Catalogue
from shophouse.serve.dashboard.blocks import Block, Context, Ranking, RowOfFigures, Trend, place_of
from shophouse.serve.dashboard.pages import Page, pages
from shophouse.serve.dashboard.sql_blocks import OfSql

__all__ = ["Group", "Hit", "find", "shown_on"]

_MOST = 5
_LONGEST = 80
_MOST_WORDS = 6
_LEAST_OF_A_NAME = 2

_PRODUCTS = """
select
    product_key,
    product_name,
    category_name,
    net_sales_rank
from marts.product_performance
where {tests}
order by
    net_sales_rank,
    product_key
limit 6
"""
_CUSTOMERS = """
select
    person_key,
    min(coalesce(nullif(concat_ws(' ', first_name, last_name), ''), email, customer_id)) as person,
    min(email) as address,
    min(customer_id) as account
from core.dim_customer
where person_key <> 0
    and {tests}
group by person_key
order by
    min(case when starts_with(lower(last_name), lower($word_0)) or starts_with(lower(email), lower($word_0))
        then 0 else 1 end),
    person,
    person_key
limit 6
"""
_PRODUCT_TEXTS = ("product_name", "product_id", "sku")
_CUSTOMER_TEXTS = ("first_name", "last_name", "email", "phone", "customer_id")


@dataclass(frozen=True)
class Hit:
    """One thing that was found, and where it is."""

    title: str
    about: str
    link: str


@dataclass(frozen=True)
class Group:
    """What was found of a kind, best first."""

    title: str
    hits: tuple[Hit, ...]


def find(context: Context, text: str) -> tuple[Group, ...]:
    """What has all words of `text` in it, at most six of each kind; nothing for no word.

    Kinds that have something of that name come first. Customers are looked for only where `context` may read personal
    data. Links take the view's choices along. Raises QueryFailed.
    """
    words = text[:_LONGEST].lower().split()[:_MOST_WORDS]
    if not words:
        return ()
    groups = (
        ("Pages", _pages(context, words)),
        ("Metrics", _metrics(context.catalogue, words)),
        ("Tables", _marts(context, words)),
        ("Products", _products(context, words)),
        ("Customers", _customers(context, words)),
    )
    return tuple(
        Group(title, tuple(Hit(hit.title, hit.about, _with_choices(context, hit.link)) for hit in hits[:_MOST]))
        for title, hits in sorted(groups, key=lambda group: not _is_named(words, group[1]))
        if hits
    )


def shown_on(catalogue: Catalogue, metric: str) -> Iterator[tuple[Page, Block]]:
    """The blocks of pages that show a metric."""
    for page in pages().values():
        for block in page.blocks:
            if metric in _metrics_of(catalogue, block):
                yield page, block


def _metrics_of(catalogue: Catalogue, block: Block) -> set[str]:
    if isinstance(block, RowOfFigures):
        return {*block.metrics, *block.spare}
    if isinstance(block, Trend | Ranking):
        return {block.metric}
    if isinstance(block, OfSql):
        return {name for column in block.columns if (name := catalogue.of_column(column.name, block.marts))}
    return set()


def _with_choices(context: Context, link: str) -> str:
    path, mark, place = link.partition("#")
    return context.view.led_by(path) + mark + place


def _pages(context: Context, words: Sequence[str]) -> list[Hit]:
    found: list[tuple[int, Hit]] = []
    for page in pages().values():
        if page.about:
            continue
        score = _score(words, page.title)
        if score is not None:
            found.append((score - 1, Hit(page.title, "Page", f"/{page.name}")))
        for block in page.blocks:
            score = _score(words, block.title)
            is_there = score is not None and (block.needs is None or block.needs.is_met(context.published))
            if is_there and block.title != "At a glance":
                found.append((score or 0, Hit(block.title, f"on the page {page.title}", _place(page, block))))
    return _best(found)


def _metrics(catalogue: Catalogue, words: Sequence[str]) -> list[Hit]:
    found = []
    for name, metric in catalogue.metrics.items():
        score = _score(words, metric.label, name.replace("_", " "), name, metric.description)
        if score is not None:
            found.append((score, Hit(metric.label, metric.description, f"/metric?name={quote(name)}")))
    return _best(found)


def _marts(context: Context, words: Sequence[str]) -> list[Hit]:
    there = {
        row[0]
        for row in context.published.query(
            "select table_name from information_schema.tables where table_catalog = 'shop' and table_schema = 'marts'"
        ).rows
    }
    found = []
    for name, said in context.marts().items():
        if name in there:
            columns = " ".join(column for column in said.columns if column.lower() not in context.published.personal)
            score = _score(words, name, name.replace("_", " "), said.description, columns)
            if score is not None:
                found.append((score, Hit(name, said.description, f"/mart?name={quote(name)}")))
    return _best(found)


def _products(context: Context, words: Sequence[str]) -> list[Hit]:
    return [
        Hit(str(name), f"{category}, number {rank:,} by net sales", f"/product?key={key}")
        for key, name, category, rank in _asked(context, _PRODUCTS, _PRODUCT_TEXTS, words)
    ]


def _customers(context: Context, words: Sequence[str]) -> list[Hit]:
    if context.published.personal or len("".join(words)) < _LEAST_OF_A_NAME:
        return []
    return [
        Hit(str(person), " · ".join(dict.fromkeys(part for part in (address, account) if part)), f"/person?key={key}")
        for key, person, address, account in _asked(context, _CUSTOMERS, _CUSTOMER_TEXTS, words)
    ]


def _asked(context: Context, sql: str, texts: Sequence[str], words: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    """The rows whose `texts` have every word in one of them."""
    tests = [
        "("
        + " or ".join(f"contains(strip_accents(lower({column})), strip_accents($word_{at}))" for column in texts)
        + ")"
        for at in range(len(words))
    ]
    given = {f"word_{at}": word for at, word in enumerate(words)}
    return context.published.query(sql.replace("{tests}", "\n    and ".join(tests)), given).rows


def _score(words: Sequence[str], title: str, *others: str) -> int | None:
    """How far a thing is from what is looked for, 0 being nearest; None where a word is in none of its texts."""
    texts = [text.lower() for text in (title, *others)]
    whole = " ".join(words)
    if not all(any(word in text for text in texts) for word in words):
        return None
    if whole in texts[:3]:
        return 0
    for at, text in enumerate(texts):
        if text.startswith(whole):
            return 1 + 4 * at
        if f" {whole}" in f" {text}":
            return 2 + 4 * at
        if all(word in text for word in words):
            return 3 + 4 * at
    return 4 * len(texts)


def _is_named(words: Sequence[str], hits: Sequence[Hit]) -> bool:
    """Whether the name of one of them has a word that begins with each that is looked for."""
    return any(all(f" {word}" in f" {hit.title.lower().replace('_', ' ')}" for word in words) for hit in hits[:_MOST])


def _best(found: Iterable[tuple[int, Hit]]) -> list[Hit]:
    return [hit for _, hit in sorted(found, key=lambda one: one[0])]


def _place(page: Page, block: Block) -> str:
    return f"/{page.name}#{place_of(block.title)}"
