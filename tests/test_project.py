from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pydantic
import pytest

from shophouse.errors import ConfigError
from shophouse.project import FilesSource, Project, Secret, Settings, project_schema

Shop = Callable[[str], Path]

GOOD = """
name: olist
timezone: America/Sao_Paulo
currency: BRL
sources:
  olist: {kind: files, path: data/*.csv.gz, staging: mine}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Writes shophouse.yml into a folder that has staging models for `mine`."""

    def write(text: str) -> Path:
        (tmp_path / "models" / "staging" / "mine").mkdir(parents=True, exist_ok=True)
        (tmp_path / "shophouse.yml").write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
        return tmp_path

    return write


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Project.load(folder)
    return caught.value.render()


def with_source(rest: str, path: str = "data/*.csv") -> str:
    return f"name: a\ncurrency: EUR\nsources:\n  shop: {{kind: files, path: {path}, {rest}}}\n"


def test_a_project_has_what_its_file_says_and_defaults_for_the_rest(shop: Shop) -> None:
    project = Project.load(shop(GOOD))
    assert (project.name, project.timezone, project.currency) == ("olist", "America/Sao_Paulo", "BRL")
    assert project.engine.kind == "duckdb"
    assert project.lake_folder == project.folder / "lake"
    assert project.exports.formats == ("csv",)
    assert project.platforms == ("mine",)
    source = project.source("olist")
    assert isinstance(source, FilesSource)
    assert project.absolute(source.path) == project.folder / "data" / "*.csv.gz"


def test_a_project_cannot_be_changed(shop: Shop) -> None:
    project = Project.load(shop(GOOD))
    with pytest.raises(pydantic.ValidationError):
        project.currency = "EUR"


def test_a_source_has_the_time_zone_of_the_project_unless_it_has_its_own(shop: Shop) -> None:
    project = Project.load(shop(GOOD + "  other: {kind: files, path: x.csv, timezone: Europe/Oslo}\n"))
    assert project.timezone_of("olist") == "America/Sao_Paulo"
    assert project.timezone_of("other") == "Europe/Oslo"


def test_an_empty_section_is_the_same_as_none(shop: Shop) -> None:
    project = Project.load(shop("name: a\ncurrency: EUR\nengine:\nlake:\nsources:\nexports:\n"))
    assert (project.engine.kind, project.lake.path, project.sources) == ("duckdb", "lake", {})


def test_a_setting_of_a_table_can_be_set_to_nothing(shop: Shop) -> None:
    project = Project.load(shop(with_source("tables: {orders: {version: null}}")))
    assert project.sources["shop"].tables["orders"].model_fields_set == {"version"}


def test_a_single_column_may_stand_without_brackets(shop: Shop) -> None:
    project = Project.load(shop(with_source("tables: {orders: {key: order_id, freshness: {warn_after: 36h}}}")))
    table = project.sources["shop"].tables["orders"]
    assert table.key == ("order_id",)
    assert table.freshness is not None
    assert table.freshness.warn_after == timedelta(hours=36)


def test_the_format_of_a_table_goes_before_that_of_its_source(shop: Shop) -> None:
    rest = 'delimiter: ";", encoding: latin-1, tables: {orders: {delimiter: "|"}}'
    source = Project.load(shop(with_source(rest))).source("shop")
    assert isinstance(source, FilesSource)
    assert (source.format_of("orders").delimiter, source.format_of("orders").encoding) == ("|", "latin-1")
    assert source.format_of("items").delimiter == ";"


def test_two_sources_can_share_what_they_have_in_common(shop: Shop) -> None:
    project = Project.load(
        shop("""
        name: a
        currency: EUR
        sources:
          north: &north {kind: files, path: north/*.csv, staging: mine, delimiter: ";"}
          south: {<<: *north, path: south/*.csv}
        """)
    )
    south = project.source("south")
    assert isinstance(south, FilesSource)
    assert (south.path, south.delimiter) == ("south/*.csv", ";")
    assert list(project.sources_of("mine")) == ["north", "south"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("name: a\ncurency: EUR\n", ["line 2", "curency is not a setting", "did you mean currency?"]),
        ("name: a\n", ["currency is missing", "ISO 4217"]),
        ("name: a\ncurrency: 12\n", ["line 2", "must be text, not the number 12", "quotes"]),
        ("name: a\ncurrency: BLR\n", ["line 2", "did you mean BRL?"]),
        ("name: a\ncurrency: eur\n", ["did you mean EUR?"]),
        ("name: a\ncurrency: EUR\ntimezone: Europe/Olso\n", ["line 3", "did you mean Europe/Oslo?"]),
        ("name: a\ncurrency: EUR\ntimezone: Sao Paulo\n", ["did you mean America/Sao_Paulo?"]),
        ("name: a\ncurrency: EUR\nengine: {kind: duckbd}\n", ["line 3", "allowed: duckdb", "did you mean duckdb?"]),
        ("name: a\ncurrency: EUR\nengine: {kind: duckdb, threads: 0}\n", ["engine.threads", "equal to 1"]),
        ("name: a\ncurrency: EUR\nengine: {kind: duckdb, memory_limit: lots}\n", ["engine.memory_limit", "3GB"]),
        ("name: a\ncurrency: EUR\nengine: {kind: postgres}\n", ["engine.dsn is missing", "env:SHOP_DSN"]),
        ("name: a\ncurrency: EUR\nengine: {kind: postgres, dsn: 'x://a:b@c'}\n", ["engine.dsn", "write env:NAME"]),
        ("name: a\ncurrency: EUR\nlake: s3\n", ["lake must be keys with values, not text"]),
        ("name: a\ncurrency: EUR\nlake: {path: ftp://b/l}\n", ["line 3", "lake.path can't be 'ftp://b/l'"]),
        ("name: a\ncurrency: EUR\nexports: {formats: [cvs]}\n", ["exports.formats[0]", "did you mean csv?"]),
        ("name: a\ncurrency: EUR\nsources:\n  My Shop: {kind: files, path: x}\n", ["line 4", "write my_shop"]),
        ("name: a\ncurrency: EUR\nsources:\n  s: {kind: files}\n", ["line 4", "sources.s.path is missing", "A glob"]),
        ("name: a\ncurrency: EUR\nsources:\n  s: {path: x}\n", ["line 4", "sources.s.kind is missing"]),
        (with_source("", "https://h/x.csv"), ["sources.shop.path can't be", "s3://", "az://", "gs://"]),
        (with_source("", "s3://b*/x.csv"), ["it names one bucket", "write s3://bucket/shop/*.csv"]),
        (with_source("", "s3://b/x/"), ["which objects", "write s3://b/x/*.csv"]),
        (with_source("storage: {region: x}"), ["has storage:", "a folder of this machine"]),
        (with_source("storage: {access_key: AKIA}", "s3://b/x*"), ["storage.access_key", "write env:NAME"]),
        (with_source("storage: {access_key: env:A}", "s3://b/x*"), ["storage has half a key"]),
        (with_source("storage: {endpoint: h:1}", "s3://b/x*"), ["storage.endpoint"]),
        (with_source("tables: {o: {operation: {column: Op, insert: d}}}"), ["operation has d twice"]),
        (with_source("tables: {o: {operation: {column: Op}, delivery: append}}"), ["leave it out: it is upsert"]),
        (with_source("tables: {o: {operation: {column: Op}, parent: p}}"), ["can't have a parent"]),
        (with_source("staging: mien"), ["line 4", "no platform 'mien'", "did you mean mine?"]),
        (with_source("encoding: uft-8"), ["did you mean utf-8?"]),
        (with_source("max_rejected_rate: 2"), ["sources.shop.max_rejected_rate", "less than or equal to 1"]),
        (with_source("tables: {o: {delivery: upsrt}}"), ["o.delivery can't be 'upsrt'", "did you mean upsert?"]),
        (with_source("tables: {o: {columns: {a: varchar}}}"), ["o.columns.a", "allowed: text", "did you mean text?"]),
        (with_source("tables: {o: {columns: {a: int}}}"), ["did you mean integer?"]),
        (with_source("tables: {o: {columns: {a: 'decimal(40,2)'}}}"), ["1 to 38 digits"]),
        (with_source("tables: {o: {freshness: {warn_after: 2 weeks}}}"), ["36h, 7d"]),
        (with_source("tables: {o: {freshness: {warn_after: 7d, error_after: 1d}}}"), ["fails before it warns"]),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_with_its_line_what_is_allowed_and_the_nearest_word(
    shop: Shop, text: str, parts: list[str]
) -> None:
    said = refusal(shop(text))
    assert "shophouse.yml" in said
    for part in parts:
        assert part in said


def test_all_mistakes_are_listed_at_once_in_the_order_of_the_lines(shop: Shop) -> None:
    said = refusal(
        shop("""
        name: a
        timezone: Mars
        currency: EURO
        sources:
          shop: {kind: files, path: 3, staging: nobodys, tables: {o: {delivry: append}}}
        """)
    )
    assert said.startswith("error: shophouse.yml has 5 mistakes")
    lines = [line.split(":")[0].strip() for line in said.splitlines() if line.startswith("  line ")]
    assert lines == ["line 2", "line 3", "line 5", "line 5", "line 5"]


def test_a_kind_that_is_unknown_is_not_blamed_for_its_settings(shop: Shop) -> None:
    said = refusal(shop("name: a\ncurrency: EUR\nsources:\n  s: {kind: mysql, dsn: 'env:X'}\n"))
    assert "sources.s.kind can't be 'mysql'" in said
    assert "dsn" not in said


def test_a_name_used_twice_is_a_mistake_that_names_both_lines(shop: Shop) -> None:
    said = refusal(
        shop("""
        name: a
        currency: EUR
        sources:
          shop: {kind: files, path: a.csv}
          other: {kind: files, path: b.csv}
          shop: {kind: files, path: c.csv}
        """)
    )
    assert "sources.shop is written twice" in said
    assert "line 6" in said
    assert "the first is at line 4" in said


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("name: a\n\tcurrency: EUR\n", ["line 2", "column 1", "no tabs"]),
        ("name: a: b\n", ["line 1", "column 8", "quotes"]),
        ("name: 'a\n", ["not valid YAML", "line "]),
        ("- a\n", ["line 1", "keys with values"]),
        ("name: a\n---\nname: b\n", ["line 2", "second document"]),
        ("", ["name is missing", "currency is missing"]),
    ],
)
def test_what_is_not_yaml_is_shown_with_line_and_column(shop: Shop, text: str, parts: list[str]) -> None:
    said = refusal(shop(text))
    for part in parts:
        assert part in said


def test_a_file_that_is_not_utf8_is_refused_with_its_line(shop: Shop, tmp_path: Path) -> None:
    shop("")
    (tmp_path / "shophouse.yml").write_bytes("currency: EUR\nname: Bäcker\n".encode("latin-1"))
    assert "shophouse.yml, line 2" in refusal(tmp_path)


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path: Path) -> None:
    assert "hint: shophouse init" in refusal(tmp_path)


def test_a_glob_that_matches_nothing_is_no_mistake_but_a_missing_absolute_folder_is(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    source = "name: a\ncurrency: EUR\nsources:\n  s: {{kind: files, path: '{}'}}\n"
    Project.load(shop(source.format("nothing/here/*.csv")))
    Project.load(shop(source.format(tmp_path / "incoming" / "*.csv")))
    said = refusal(shop(source.format(tmp_path / "incomming" / "2026" / "*.csv")))
    assert "line 4" in said
    assert f"did you mean {tmp_path / 'incoming'}?" in said


def test_an_unknown_source_is_answered_with_the_nearest(shop: Shop) -> None:
    project = Project.load(shop(GOOD))
    with pytest.raises(ConfigError, match="did you mean olist"):
        project.source("olits")


class Dsn(Settings):
    dsn: Secret


def test_a_secret_is_read_when_it_is_used_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Dsn.model_validate({"dsn": "env:SHOP_DSN_TEST"})
    monkeypatch.setenv("SHOP_DSN_TEST", "postgres://user:hunter2@host/db")
    value = settings.dsn.resolve()
    assert value.get_secret_value() == "postgres://user:hunter2@host/db"
    for text in (repr(settings), str(value), settings.model_dump_json(), str(settings.model_dump())):
        assert "hunter2" not in text


def test_a_secret_that_is_not_set_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DSN_TEST", raising=False)
    with pytest.raises(ConfigError, match="SHOP_DSN_TEST is not set"):
        Secret("env:SHOP_DSN_TEST").resolve()


FOREIGN = """
from typing import Literal
from shophouse.project import Secret, SourceSettings

class Settings(SourceSettings):
    kind: Literal["telex"]
    dsn: Secret
"""


@pytest.fixture
def telex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that brings a kind of source of its own."""
    site = tmp_path / "site"
    meta = site / "telex-1.0.dist-info"
    meta.mkdir(parents=True)
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: telex\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text("[shophouse.sources]\ntelex = telex_source\nbroken = telex_missing\n")
    (site / "telex_source.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("telex")
def test_a_kind_that_another_package_brings_is_checked_like_our_own(shop: Shop) -> None:
    head = "name: a\ncurrency: EUR\nsources:\n  f: {kind: files, path: x.csv}\n"
    project = Project.load(shop(head + "  t: {kind: telex, dsn: 'env:TELEX'}\n"))
    assert [source.kind for source in project.sources.values()] == ["files", "telex"]

    said = refusal(shop(head + "  t: {kind: telex, dns: 'env:TELEX'}\n"))
    assert "line 5: sources.t.dns is not a setting" in said
    assert "did you mean dsn?" in said

    said = refusal(shop(head + "  t: {kind: telex, dsn: hunter2}\n"))
    assert "write env:NAME" in said
    assert "hunter2" not in said

    assert "did you mean telex?" in refusal(shop(head + "  t: {kind: tilex}\n  u: {kind: telex, dsn: 'env:X'}\n"))
    assert "kind: broken can't be loaded" in refusal(shop(head + "  t: {kind: broken}\n"))
    assert "telex" in str(project_schema())


def test_the_schema_for_editors_describes_every_setting() -> None:
    schema = project_schema()
    undescribed = [
        f"{name}.{key}"
        for name, model in {"": schema, **schema["$defs"]}.items()
        for key, setting in model["properties"].items()
        if key != "kind" and "description" not in setting
    ]
    assert undescribed == []
    assert schema["additionalProperties"] is False


def test_reading_a_project_needs_neither_engine_nor_dbt_nor_lake() -> None:
    code = (
        "import sys, shophouse.project, shophouse.declarations, shophouse.bindings\n"
        "print([m for m in ('duckdb', 'dbt', 'pyiceberg', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("{read: cursor}", ["says only half", "cursor: updated_at"]),
        ("{cursor: updated_at}", ["says only half", "read: cursor"]),
        ("{delivery: append}", ["can't be of delivery append", "it is snapshot"]),
        ("{read: cursor, cursor: at, delivery: snapshot}", ["can't be of delivery snapshot", "it is upsert"]),
        ("{read: cursor, cursor: at, version: at}", ["can't have a version or parent"]),
        ("{read: changes, cursor: at}", ["says only half"]),
        ("{read: changes, delivery: snapshot}", ["can't be of delivery snapshot", "it is upsert"]),
        ("{read: changes, parent: [id]}", ["can't have a version or parent"]),
        ("{read: stream}", ["can't be 'stream'", "full, cursor"]),
    ],
)
def test_how_a_table_of_a_database_is_read_must_fit_together(shop: Shop, table: str, parts: list[str]) -> None:
    text = f"name: a\ncurrency: EUR\nsources:\n  s: {{kind: postgres, dsn: 'env:X', tables: {{orders: {table}}}}}\n"
    said = refusal(shop(text))
    assert all(part in said for part in ["sources.s.tables.orders", *parts]), said


def test_a_dsn_must_not_be_in_the_file(shop: Shop) -> None:
    said = refusal(shop("name: a\ncurrency: EUR\nsources:\n  s: {kind: postgres, dsn: 'postgresql://me:word@h/d'}\n"))
    assert "write env:NAME" in said and "me:word" not in said
