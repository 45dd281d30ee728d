"""What a stream reads of its sources, round after round."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from servers.s3 import Server
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.streaming.feeds import Feeds

PROJECT = """
name: shop
timezone: UTC
currency: EUR
sources:
  shop: {{kind: files, path: "{path}"}}
"""


Put = Callable[[str, str], object]


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Put]:
    """The path of a source, and what puts a file there."""
    if request.param == "folder":
        folder = tmp_path / "in"
        folder.mkdir()
        return f"{folder}/*.csv", lambda name, text: (folder / name).write_text(text)
    s3: Server = request.getfixturevalue("s3")
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket, client = s3.bucket(), s3.client()
    return f"s3://{bucket}/in/*.csv", lambda name, text: client.put_object(
        Bucket=bucket, Key=f"in/{name}", Body=text.encode()
    )


def test_files_and_tables_that_come_later_are_read_in_a_later_round(place: tuple[str, Put], tmp_path: Path) -> None:
    path, put = place
    init_project(tmp_path / "shop", name="shop")
    (tmp_path / "shop" / "shophouse.yml").write_text(PROJECT.format(path=path))
    steps = Shop.open(tmp_path / "shop").steps
    told: list[str] = []
    with steps.recorded("stream") as run, closing(Feeds(steps, timedelta(minutes=5), told.append)) as feeds:

        def read() -> dict[str, int]:
            feeds.ingest(run)
            return {load["table"]: load["rows"] for load in run.record.loads}

        put("orders.csv", "id\n1\n")
        assert read() == {"orders": 1}
        put("items.csv", "id\n1\n2\n")
        assert read() == {"items": 2}
        put("orders.csv", "id\n1\n2\n3\n")
        assert read() == {"orders": 3}
        assert read() == {}
    assert told == []
