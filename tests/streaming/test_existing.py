"""A stream beside tables that another loader keeps: what arrives is added, what the loader changed is built anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines.loaders import (
    CHANGES,
    CREATED,
    FIVETRAN,
    ORDERS,
    RENAMED,
    ROWS,
    SCHEMA,
    InDatabase,
    InFile,
    Loader,
    copy_files,
    files_shop,
    settings,
    writing,
    written,
)
from shophouse.demo.storefront import delta, generate
from shophouse.parity import digests
from shophouse.scaffold import init_project
from shophouse.shop import Shop
from shophouse.steps import Steps
from shophouse.streaming import stream as stream_module
from shophouse.streaming.feeds import Feeds
from streaming.test_stream import streaming

if TYPE_CHECKING:
    from servers.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.server]

FILES = "  till:\n    kind: files\n    path: data/*.csv\n    staging: storefront\n    timezone: UTC\n"
PACE = "stream: {every: 1s, full_reads_every: 1h}\n"


class Watched:
    """The builds of a stream, what it reads with, and a gate before it reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full: list[bool] = []
        self.feeds: list[Feeds] = []
        self.lines: list[str] = []
        self.is_held, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()
        build = Steps.build

        def building(steps: Steps, run: Any, **given: Any) -> Any:
            found = build(steps, run, **given)
            self.full.append(run.record.is_full_refresh)
            return found

        def feeding(*given: Any) -> Feeds:
            self.feeds.append(Feeds(*given))
            return self.feeds[-1]

        monkeypatch.setattr(Steps, "build", building)
        monkeypatch.setattr(stream_module, "Feeds", feeding)

    @contextmanager
    def between_rounds(self) -> Iterator[None]:
        """What is done in the block is seen in one round, whole."""
        self.is_held.clear()
        self.may_go.clear()
        try:
            assert self.is_held.wait(400)
            yield
        finally:
            self.may_go.set()

    def phase(self, name: str) -> None:
        if name == "ingest" and not self.may_go.is_set():
            self.is_held.set()
            self.may_go.wait(400)

    def progress(self, what: str, done: int, total: int) -> None:
        pass

    def notice(self, line: str) -> None:
        self.lines.append(line)


def product_names(shop: Shop) -> str:
    sql = "select string_agg(product_name, ',' order by product_id) from core.dim_product where source = 'web'"
    found = shop.sql(sql).fetchone()
    assert found is not None
    return str(found[0])


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_files_are_added_while_a_loader_writes_and_a_look_builds_its_changes(
    tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="shop", staging="storefront", currency="USD")
    generate(folder / "data", seed=11, days=40, orders=60, products=20)
    loader: Loader = InFile(folder / "loader.duckdb")
    if engine == "postgres":
        loader = InDatabase(postgres.database())
        monkeypatch.setenv("EXISTING_DSN", loader.dsn)
    loader(f"create schema {SCHEMA}")
    theirs = files_shop(tmp_path / "theirs")
    generate(theirs.project.folder / "data", seed=5, days=40, orders=60, products=20)
    written(folder, settings(engine, marks=FIVETRAN) + FILES + PACE)
    copy_files(theirs, loader)
    told = Watched(monkeypatch)
    shop = Shop.open(folder, told)

    with streaming(shop) as stream:
        stream.wait_for(0)
        assert told.full == [True]
        first = product_names(shop)

        # what the loader does between two looks costs no full build, however many rounds there are
        with told.between_rounds():
            loader(RENAMED)
            delta(folder / "data", orders=5)
        stream.wait_for(1)
        with told.between_rounds():
            delta(folder / "data", orders=5)
        stream.wait_for(2)
        assert told.full == [True, False, False]
        noticed = [line for line in told.lines if "web.products changed while it was read" in line]
        assert len(noticed) == (engine == "duckdb")

        with told.between_rounds():
            loader(*CHANGES)
            told.feeds[-1].full_reads_every = 0
        stream.wait_for(3)
        assert told.full == [True, False, False, True]
        assert "Renamed" in product_names(shop) and "Renamed" not in first

        with ExitStack() as held:
            with told.between_rounds():
                delta(folder / "data", orders=5)
                told.feeds[-1].full_reads_every = 3600
                if isinstance(loader, InFile):
                    held.enter_context(writing(loader.file))
            if isinstance(loader, InFile):
                stream.wait(lambda: any("the loader is writing to loader.duckdb" in line for line in stream.told))
                assert stream.version == 4
        stream.wait_for(4)
        assert told.full[4:] == [False]
    (record,) = stream.records
    # each row is measured once, however often it was built
    assert record.stream["latency"]["rows"] + record.stream["latency"]["older_rows"] == sum(
        load["rows"] for load in record.loads if load["source"] == "till"
    )
    streamed = dict(digests(shop, ["marts", "core"]))
    Shop.open(folder).run(full_refresh=True)
    rebuilt = dict(digests(shop, ["marts", "core"]))
    assert [name for name in rebuilt if rebuilt[name].hash != streamed[name].hash] == []


def test_a_look_that_failed_is_repeated_before_the_next_is_due(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_project(folder, name="shop", staging="storefront", currency="USD")
    loader = InFile(folder / "loader.duckdb")
    loader(f"create schema {SCHEMA}", CREATED, ROWS)
    steps = Shop.open(written(folder, settings("duckdb"))).steps
    lines: list[str] = []
    feeds = Feeds(steps, timedelta(hours=1), lines.append)
    with steps.recorded("stream") as run:
        with writing(loader.file):
            feeds.ingest(run)
        assert run.record.loads == [] and "source web is tried again" in lines[0]
        end = time.monotonic() + 60
        while not run.record.loads:
            assert time.monotonic() < end
            time.sleep(0.1)
            feeds.ingest(run)
        assert lines[1:] == ["source web is read again"]
        loader(f"delete from {ORDERS}")
        feeds.ingest(run)
        assert run.record.loads == []
