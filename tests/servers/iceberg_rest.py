"""Iceberg's own REST catalog for tests: a free port of 127.0.0.1, stopped by its process.

Its jars come from Maven Central once, into ~/.cache/shophouse-tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.machine import ending, jars_of, java

_POM = Path(__file__).with_name("iceberg_rest.pom.xml")
_MAIN = "org.apache.iceberg.rest.RESTCatalogServer"


@dataclass
class Server:
    """A catalog at `uri`, whose tables are files of an S3 server and whose names are in a PostgreSQL database."""

    port: int
    folder: Path
    jars: Path
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [java(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{self.jars}/*", _MAIN],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, "CATALOG_REST_PORT": str(self.port)},
                preexec_fn=ending(signal.SIGKILL),
                cwd=self.folder,
            )
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.uri}/v1/config", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                if self._process.poll() is not None or time.monotonic() > end:
                    text = (self.folder / "log").read_text("utf-8", "replace")
                    raise RuntimeError(f"the REST catalog does not start:\n{text[-4000:]}") from None
                time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None


@contextmanager
def running(database: str, endpoint: str, bucket: str, access_key: str, secret_key: str) -> Iterator[Server]:
    """Start a server whose names are in the PostgreSQL database with this DSN. Raises Missing."""
    jars = jars_of("iceberg-rest", _POM)
    folder = Path(tempfile.mkdtemp(prefix="shophouse-rest-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user, _, place = database.removeprefix("postgresql://").partition("@")
    environment = {
        "CATALOG_CATALOG__IMPL": "org.apache.iceberg.jdbc.JdbcCatalog",
        "CATALOG_URI": f"jdbc:postgresql://{place}",
        "CATALOG_JDBC_USER": user,
        "CATALOG_JDBC_PASSWORD": "none",
        "CATALOG_WAREHOUSE": f"s3://{bucket}/warehouse",
        "CATALOG_IO__IMPL": "org.apache.iceberg.aws.s3.S3FileIO",
        "CATALOG_S3_ENDPOINT": endpoint,
        "CATALOG_S3_PATH__STYLE__ACCESS": "true",
        "CATALOG_S3_ACCESS__KEY__ID": access_key,
        "CATALOG_S3_SECRET__ACCESS__KEY": secret_key,
        "CATALOG_CLIENT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }
    server = Server(port, folder, jars, environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
