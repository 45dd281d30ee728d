"""What a run wrote and nobody proved is looked at by the next one, row for row, and is not published before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from requirements import requirement
from shophouse.demo.storefront import delta
from shophouse.errors import CheckFailed
from shophouse.shop import Shop

pytestmark = pytest.mark.slow

LAW = "law_1_ledger_is_orders"
# opposite errors in two orders that no run writes: only who looks at each order sees them
ERRORS = """
with untouched as (
    select order_key, line_number, row_number() over (order by order_key) as place
    from core.fct_order_items
    where line_number = 1
        and is_sale
        and not is_cancelled
        and order_key not in (select order_key from changes.affected_orders)
        and order_key not in (select order_key from changes.affected_person_orders)
)
update core.fct_order_items as lines
set tax_amount = lines.tax_amount + case untouched.place when 1 then 1 else -1 end
from untouched
where lines.order_key = untouched.order_key and lines.line_number = untouched.line_number and untouched.place < 3
"""
# an error in an order that the run has written
ERROR = """
update core.fct_order_items set tax_amount = tax_amount + 5
where line_number = 1 and order_key = (
    select min(order_key) from core.fct_orders
    where is_valid and order_key in (select order_key from changes.affected_orders)
)
"""


@pytest.fixture
def shop(storefront: Shop) -> Shop:
    """A shop of which an incremental run has gone through, and more has come."""
    delta(storefront.project.folder / "data", orders=20)
    storefront.run()
    delta(storefront.project.folder / "data", orders=20)
    return storefront


def after_models(shop: Shop, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
    """In the next run, `then` is done when the models are built, before they are tested."""
    whole = type(shop.engine).build

    def build(engine: Any, models: Any, tests: Any, *arguments: Any, **named: Any) -> Any:
        results = whole(engine, models, [], *arguments, **named)
        then()
        return results + whole(engine, [], tests, *arguments, **named)

    monkeypatch.setattr(type(shop.engine), "build", build)


def wrong_rows(shop: Shop, *statements: str) -> Callable[[], None]:
    def plant() -> None:
        with shop.engine._connect() as connection:  # type: ignore[attr-defined]
            for statement in statements:
                assert connection.execute(statement).fetchone() != (0,)

    return plant


@requirement("S0-14")
def test_wrong_rows_of_a_run_that_failed_are_not_published_by_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = shop.engine.published()
    with monkeypatch.context() as planted:
        after_models(shop, planted, wrong_rows(shop, ERRORS, ERROR))
        with pytest.raises(CheckFailed, match=LAW):
            shop.run()
    # it writes the order with the error anew, and not those with the errors
    with pytest.raises(CheckFailed, match=LAW):
        shop.run()
    assert shop.engine.published() == version


def test_rows_of_a_run_that_was_stopped_before_its_tests_are_looked_at_by_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = shop.engine.published()

    def stop() -> None:
        wrong_rows(shop, ERRORS)()
        raise KeyboardInterrupt

    with monkeypatch.context() as planted:
        after_models(shop, planted, stop)
        with pytest.raises(KeyboardInterrupt):
            shop.run()
    with pytest.raises(CheckFailed, match=LAW):
        shop.run()
    assert shop.engine.published() == version


def test_rows_of_models_that_were_built_alone_are_looked_at_by_the_next_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.build(select=["fct_order_items"])
    after_models(shop, monkeypatch, wrong_rows(shop, ERRORS))
    with pytest.raises(CheckFailed, match=LAW):
        shop.run()


@pytest.mark.parametrize("error", [ERROR, ERRORS.replace("else -1", "else 0")], ids=["written", "others"])
def test_an_error_in_an_order_that_a_run_writes_or_in_the_sum_of_the_others_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    after_models(shop, monkeypatch, wrong_rows(shop, error))
    with pytest.raises(CheckFailed, match=LAW):
        shop.run()


def test_opposite_errors_in_orders_that_a_run_does_not_write_are_left_to_tests_of_all_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what the tests above find is found by these."""
    after_models(shop, monkeypatch, wrong_rows(shop, ERRORS))
    assert shop.run().status == "success"
