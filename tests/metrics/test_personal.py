from __future__ import annotations

from pathlib import Path

from built_shop import shophouse
from shophouse.metrics import Catalogue
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.project import Project

OWN = """
semantic_models:
  accounts:
    model: core.dim_customer
    description: Customers.
    time: first_seen_date
    dimensions: {who: "lower(email)", nickname: nickname, taxes: '"Tax-ID"', street: STREET, country: country_code}
"""
MODEL = """
models:
  - name: stg_mine__customers
    columns:
      - name: nickname
        config: {meta: {personal: true}}
      - name: Tax-ID
        meta: {personal: true}
"""
MORE = """
models:
  - name: stg_mine__addresses
    columns: [{name: Street, meta: {personal: true}}]
"""


def test_nothing_can_be_split_by_personal_data(tmp_path: Path) -> None:
    made = shophouse("init", "shop", "--timezone", "Europe/Oslo", "--currency", "NOK", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "shop" / "metrics.yml").write_text(OWN, "utf-8")
    (tmp_path / "shop" / "models" / "mine.yml").write_text(MODEL, "utf-8")
    (tmp_path / "shop" / "models" / "more.yaml").write_text(MORE, "utf-8")
    project = Project.load(tmp_path / "shop")
    columns = personal_columns(project)
    assert columns >= {"email", "phone", "first_name", "birth_date", "nickname", "tax-id", "street"}
    found = without_personal(Catalogue.load(project), columns)
    assert set(found.semantic_models["accounts"].dimensions) == {"country"}


def test_the_packaged_catalogue_has_nothing_personal(tmp_path: Path) -> None:
    shophouse("init", "shop", "--timezone", "Europe/Oslo", "--currency", "NOK", folder=tmp_path)
    packaged = Catalogue.packaged()
    assert without_personal(packaged, personal_columns(Project.load(tmp_path / "shop"))) == packaged
