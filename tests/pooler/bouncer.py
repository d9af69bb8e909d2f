"""A PgBouncer in front of the PostgreSQL server of the tests, on a Unix socket of its own."""

import csv
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import URL

from copies import programs

PORT = 6432
"""A part of the socket's name, nothing more."""

SERVER_CONNECTIONS = 4

STARTS_WITHIN = 30
"""Seconds."""

CONFIGURATION = """
[databases]
* = {server}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
admin_users = {user}
pool_mode = transaction
default_pool_size = {connections}
query_wait_timeout = 10
server_login_retry = 1
logfile = {folder}/log
{others}
"""


class Bouncer:
    """A PgBouncer that can be stopped and started."""

    def __init__(self, folder: Path, server: URL, settings: Mapping[str, str]) -> None:
        self._folder, self._server = folder, server
        self._process: subprocess.Popen[bytes] | None = None
        host = server.query.get("host") or server.host or ""
        parts = {"host": host, "port": server.port, "user": server.username or "postgres"}
        parts["password"] = server.password
        text = CONFIGURATION.format(
            server=" ".join(f"{name}={value}" for name, value in parts.items() if value),
            port=PORT,
            folder=folder,
            user=parts["user"],
            connections=SERVER_CONNECTIONS,
            others="\n".join(f"{name} = {value}" for name, value in settings.items()),
        )
        self._file = folder / "pgbouncer.ini"
        self._file.write_text(text)
        self._owner = None
        if os.geteuid() == 0:  # it refuses to be root; a server's socket may be its owner's alone
            path = Path(str(host))
            self._owner = path.owner() if path.is_dir() else "nobody"
            os.chown(folder, pwd.getpwnam(self._owner).pw_uid, -1)

    def url(self, database: str | None) -> str:
        """Return the URL of a database behind it."""
        user = self._server.username or "postgres"
        return f"postgresql://{user}@:{PORT}/{database}?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(  # noqa: S603 - our own configuration
            ["pgbouncer", "--quiet", self._file],  # noqa: S607 - wherever the system has it
            user=self._owner,
        )
        deadline = monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert monotonic() < deadline, self.log
            sleep(0.05)

    def _answers(self) -> bool:
        return self._ask("VERSION").returncode == 0

    def stop(self) -> None:
        """End it at once, and all connections with it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STARTS_WITHIN)
            self._process = None

    def show(self, what: str) -> Sequence[Mapping[str, str]]:
        """Return what it says of its ``CLIENTS``, ``SERVERS`` or ``POOLS``."""
        answer = self._ask(what)
        assert answer.returncode == 0, answer.stderr
        return list(csv.DictReader(answer.stdout.splitlines()))

    @property
    def log(self) -> str:
        """What it has written down."""
        file = self._folder / "log"
        return file.read_text() if file.exists() else ""

    def _ask(self, what: str) -> subprocess.CompletedProcess[str]:
        user = self._server.username or "postgres"
        address = ("-h", str(self._folder), "-p", str(PORT), "-U", user, "pgbouncer")
        return subprocess.run(  # noqa: S603 - the server's own program
            (programs() / "psql", "-X", "--csv", *address, "-c", f"SHOW {what}"),
            capture_output=True,
            text=True,
            timeout=STARTS_WITHIN,
            check=False,
        )


@contextmanager
def bouncing(server: URL, **settings: str) -> Generator[Bouncer]:
    """Start one, and end it with the block."""
    folder = Path(tempfile.mkdtemp(prefix="tt-pooler-"))  # short: it is part of a socket's name
    bouncer = Bouncer(folder, server, settings)
    try:
        bouncer.start()
        yield bouncer
    finally:
        bouncer.stop()
        shutil.rmtree(folder, ignore_errors=True)
