"""Every engine sees a lake in a bucket as it sees one in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from built_shop import shophouse
from requirements import requirement
from shophouse.building import raw_tables
from shophouse.errors import ConfigError
from shophouse.project import Project
from shophouse.scaffold import init_project
from shophouse.shop import Shop

if TYPE_CHECKING:
    from servers.postgres import Server
    from servers.s3 import Server as S3

pytestmark = pytest.mark.server

Bucket = Callable[[Path], Path]


@pytest.fixture
def in_bucket(s3: S3, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Puts the lake of the shop in a folder into a bucket, and its catalog into PostgreSQL."""
    said = s3.environment
    monkeypatch.setenv("LAKE_KEY", said["AWS_ACCESS_KEY_ID"])
    monkeypatch.setenv("LAKE_SECRET", said["AWS_SECRET_ACCESS_KEY"])
    monkeypatch.setenv("LAKE_CATALOG", postgres.database())

    def put(folder: Path) -> Path:
        lake = {
            "path": f"s3://{s3.bucket()}/lake",
            "storage": {
                "endpoint": s3.endpoint,
                "region": said["AWS_REGION"],
                "access_key": "env:LAKE_KEY",
                "secret_key": "env:LAKE_SECRET",
            },
            "catalog": {"kind": "postgres", "dsn": "env:LAKE_CATALOG"},
        }
        with (folder / "shophouse.yml").open("a") as file:
            file.write(f"\nlake: {json.dumps(lake)}\n")
        return folder

    return put


@pytest.fixture
def corner(tmp_path: Path) -> Path:
    """A shop of one source without staging models."""
    init_project(tmp_path / "corner", name="corner")
    file = tmp_path / "corner" / "shophouse.yml"
    head, _ = file.read_text("utf-8").split("sources:")
    file.write_text(head + "sources:\n  till: {kind: files, path: 'data/*.csv'}\n", "utf-8")
    (tmp_path / "corner" / "data" / "sales.csv").write_text("id,amount\n1,2.50\n2,3.25\n")
    return tmp_path / "corner"


def rows(shop: Shop) -> list[dict[str, object]]:
    shop.engine.prepare()
    shop.engine.attach(raw_tables(shop.project, shop.lake))
    sql = "select _source, id, amount, _load_id, _source_file from raw.till__sales order by _load_id, id"
    found: list[dict[str, object]] = shop.engine.query(sql).to_pylist()
    return found


@requirement("S2-02", "S2-04")
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_an_engine_sees_the_same_rows_as_of_a_lake_in_a_folder(
    corner: Path, in_bucket: Bucket, postgres: Server, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    local = Shop.open(shutil.copytree(corner, corner.with_name("local")))
    if engine == "postgres":
        monkeypatch.setenv("SHOP_DSN", postgres.database())
        file = corner / "shophouse.yml"
        file.write_text(file.read_text().replace("kind: duckdb", "kind: postgres\n  dsn: env:SHOP_DSN"))
    shop = Shop.open(in_bucket(corner))
    for step in range(4):
        for one in (local, shop):
            if step == 2:
                one.lake.compact("till", "sales")
            else:
                (one.project.folder / "data" / "sales.csv").write_text(f"id,amount\n{step}7,{step}.75\n")
            one.ingest()
        assert rows(shop) == rows(local)
    # on another machine there is no copy yet
    shutil.rmtree(shop.project.absolute(shop.project.lake.cache))
    assert rows(Shop.open(corner)) == rows(local)


def test_commands_work_on_a_lake_in_a_bucket_and_tell_no_secret(
    corner: Path, in_bucket: Bucket, s3: S3, tmp_path: Path
) -> None:
    in_bucket(corner)
    said = [shophouse(*words, "-p", corner) for words in (("ingest",), ("doctor",), ("lake", "history"), ("status",))]
    assert [done.returncode for done in said] == [0, 0, 0, 0], said
    assert "s3://" in said[1].stdout and "can be written; catalog: PostgreSQL" in said[1].stdout
    assert "till.sales" in said[2].stdout
    done = shophouse("backup", tmp_path / "b.tar", "-p", corner)
    assert done.returncode == 0 and "the rows are in s3://" in done.stdout
    there = tmp_path / "there"
    assert shophouse("restore", tmp_path / "b.tar", there).returncode == 0
    assert "till.sales" in shophouse("lake", "history", "-p", there).stdout
    secret = s3.environment["AWS_SECRET_ACCESS_KEY"]
    assert not any(secret in done.stdout + done.stderr for done in said)
    written = [path for path in corner.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert written == []


@pytest.mark.parametrize(
    ("lake", "said"),
    [
        ("{path: ftp://bucket/lake}", "s3://"),
        ("{path: 's3://'}", "write s3://bucket/prefix"),
        ("{path: lake, catalog: {kind: postgres, dsn: env:X}}", "can't have another catalog"),
        ("{path: s3://b/x, storage: {access_key: env:A, secret_key: plain}}", "must not be in the file itself"),
        ("{path: lake, storage: {region: eu-central-1}}", "is a folder of this machine"),
        ("{path: s3://b/x, cache_size: 50}", "50GB"),
        ("{path: s3://b/x, catalog: {kind: hive}}", "hive"),
    ],
)
def test_mistakes_in_the_lake_s_settings_are_told(corner: Path, lake: str, said: str) -> None:
    with (corner / "shophouse.yml").open("a") as file:
        file.write(f"\nlake: {lake}\n")
    with pytest.raises(ConfigError) as raised:
        Project.load(corner)
    assert said in str(raised.value)
