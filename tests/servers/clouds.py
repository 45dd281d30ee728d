"""Emulators of Azure Blob Storage (Azurite) and Google Cloud Storage (fake-gcs-server) for tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from typing import Final

from servers.machine import ending, npm
from servers.s3 import STARTER, binary

AZURITE: Final = "3.35.0"
# the one account of every Azurite, as its documentation names it
ACCOUNT: Final = "devstoreaccount1"
ACCOUNT_KEY: Final = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
GOOGLE: Final = ("github.com/fsouza/fake-gcs-server", "v1.52.3")


@contextmanager
def azurite() -> Iterator[str]:
    """The endpoint of a running Azurite."""
    with tempfile.TemporaryDirectory(prefix="shophouse-azure-") as folder, _free() as port:
        program = npm("azurite", AZURITE) / "dist" / "src" / "blob" / "main.js"
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder]
        quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        with _running(["node", str(program), *options, *quiet], port):
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"


@contextmanager
def google() -> Iterator[str]:
    """The endpoint of a running fake-gcs-server."""
    with _free() as port:
        where = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
        with _running([str(binary(*GOOGLE)), *where, "-backend", "memory"], port):
            yield f"http://127.0.0.1:{port}"


def make_container(endpoint: str | None) -> None:
    """The container `shop` of Azurite, by Azure's own protocol: obstore makes none."""
    date, place = formatdate(usegmt=True), f"/{ACCOUNT}/{ACCOUNT}/shop\nrestype:container"
    text = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2021-08-06\n{place}"
    digest = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
    }
    request = urllib.request.Request(f"{endpoint}/shop?restype=container", method="PUT", headers=headers)
    urllib.request.urlopen(request).close()


def google_request(url: str, body: bytes, content_type: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, data=body, headers={"Content-Type": content_type})).close()


@contextmanager
def _free() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield port


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    def launch() -> subprocess.Popen[bytes]:
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdout=nothing, stderr=nothing, preexec_fn=ending(signal.SIGKILL), env=dict(os.environ)
        )

    process = STARTER.submit(launch).result()
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command[0]} does not start") from None
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait(20)
