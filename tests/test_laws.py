from __future__ import annotations

import re
from pathlib import Path

import shophouse as package
from built_shop import DemoShop
from shophouse.laws import LAWS, laws

CHECKS = Path(__file__).parents[1] / "docs" / "concepts" / "checks.md"


def test_the_laws_are_told_in_the_words_of_the_page() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", CHECKS.read_text("utf-8"), re.MULTILINE)
    assert {int(number): says for number, says in rows} == LAWS
    assert sorted(LAWS) == list(range(1, 13))


def test_each_law_but_the_eleventh_has_a_test_in_every_shop(demo_shop: DemoShop) -> None:
    proved = set(laws(package.open(demo_shop.folder).project).values())
    assert proved == set(LAWS) - {11}


def test_a_demo_tells_the_laws_that_hold(demo_shop: DemoShop) -> None:
    for number in set(LAWS) - {11}:
        assert re.search(rf"^ +law {number} +\d+ +{re.escape(LAWS[number])}$", demo_shop.said, re.MULTILINE)


def test_the_page_of_health_counts_the_tests_of_each_law_as_the_demo_does(demo_shop: DemoShop) -> None:
    shop = package.open(demo_shop.folder)
    shown = shop.sql("select law, count(*) from ops.test_results where law is not null group by 1").fetchall()
    said = re.findall(r"^ +law (\d+) +(\d+) ", demo_shop.said, re.MULTILINE)
    assert dict(shown) == {int(number): int(tests) for number, tests in said}
    named = shop.sql("select test, law from ops.test_results where test like 'law!_%' escape '!'").fetchall()
    assert named
    assert [law for _, law in named] == [int(test.split("_")[1]) for test, _ in named]
