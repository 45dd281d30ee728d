from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shophouse.errors import ConfigError
from shophouse.metrics.conditions import Condition, parse_conditions


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("channel = 'email'", (Condition("channel", ("email",)),)),
        ("channel=web", (Condition("channel", ("web",)),)),
        ("channel != 'a b'", (Condition("channel", ("a b",), is_not=True),)),
        ('channel <> "it\'s"', (Condition("channel", ("it's",), is_not=True),)),
        (
            "country in ('DE', AT) AND channel NOT IN ('x')",
            (Condition("country", ("DE", "AT")), Condition("channel", ("x",), is_not=True)),
        ),
    ],
)
def test_reads_conditions(text: str, conditions: tuple[Condition, ...]) -> None:
    assert parse_conditions(text) == conditions


@given(st.text(min_size=0, max_size=30))
def test_any_value_survives_its_quotes(value: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'"
    assert parse_conditions(f"channel = {quoted}") == (Condition("channel", (value,)),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "channel",
        "channel =",
        "channel ~ 'x'",
        "channel = 'x' or country = 'DE'",
        "channel in ()",
        "channel in ('a'",
        "'channel' = 'x'",
        "channel = 'x",
        "channel = 'x'; drop table marts.sales_daily",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        parse_conditions(text)
