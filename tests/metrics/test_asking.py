from __future__ import annotations

from datetime import date

import pytest

from built_shop import DemoShop, shophouse
from shophouse.errors import ConfigError
from shophouse.metrics import Catalogue
from shophouse.metrics.asking import described, listed, read_query
from shophouse.metrics.conditions import Condition


def test_words_are_a_query() -> None:
    query = read_query(
        ["orders", "orders"], ["month, channel", "country"], "channel = 'web'", "2026-01-31", None, limit=3
    )
    assert (query.metrics, query.grain, query.by) == (("orders",), "month", ("channel", "country"))
    assert (query.where, query.start, query.end) == ((Condition("channel", ("web",)),), date(2026, 1, 31), None)
    assert query.limit == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"by": ["day,month"]}, "several periods"),
        ({"start": "31.1.2026"}, "is no day"),
        ({"where": "channel ="}, "value"),
    ],
)
def test_what_is_not_understood_is_refused(words: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_query(["orders"], **words)  # type: ignore[arg-type]


def test_every_metric_is_listed_and_described() -> None:
    catalogue = Catalogue.packaged()
    found = listed(catalogue)
    assert [one["metric"] for one in found] == list(catalogue.metrics)
    assert {"channel", "country"} <= set(next(one for one in found if one["metric"] == "orders")["dimensions"])
    assert described(catalogue, "orders")["label"] == "Orders"
    with pytest.raises(ConfigError, match="no metric"):
        described(catalogue, "ordres")


def test_a_value_that_is_nowhere_is_told_also_of_a_total(whole_shop: DemoShop) -> None:
    for more in ((), ("--by", "month")):
        done = shophouse("metric", "net_sales", "--where", "channel = 'wep'", *more, "-p", whole_shop.folder)
        assert done.returncode == 0
        assert "no rows; channel is one of " in done.stderr and "web" in done.stderr
