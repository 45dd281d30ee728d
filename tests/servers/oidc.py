"""A provider of OpenID Connect for tests: oidc-provider, which is certified, in Node."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers.machine import ending, npm

VERSION: Final = "9.13.3"
SECRET: Final = "the dashboard's own secret at the provider"
_SCRIPT: Final = Path(__file__).with_name("oidc_provider.mjs")


@dataclass
class Server:
    """A provider that knows `anna` (shop-analysts), `vera` (shop-viewers) and `nora`, whose groups mean nothing."""

    port: int
    dashboard: str
    says_claims: str
    _process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with new keys."""
        words = ["node", str(_SCRIPT), str(_module()), str(self.port), self.dashboard, SECRET, self.says_claims]
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(words, stdout=nothing, stderr=nothing, preexec_fn=ending(signal.SIGKILL))
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the provider does not start") from None
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running(dashboard: str, *, says_claims: str = "asked") -> Iterator[Server]:
    """A provider for the dashboard at this address; it says claims `in-token`, or only when `asked`. Raises Missing."""
    _module()
    server = Server(free_port(), dashboard, says_claims)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _module() -> Path:
    return npm("oidc-provider", VERSION) / "lib" / "index.js"
