"""PostgreSQL servers of a test's own: one, and replicas of it. They listen on sockets only."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from copies import execute, programs

PATIENCE = 60

CONFIGURATION = """
listen_addresses = ''
fsync = off
shared_buffers = 16MB
max_connections = 40
wal_retrieve_retry_interval = 100ms
"""


class Cluster:
    """A server, whether it runs or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"

    def url(self, database: str = "postgres") -> str:
        """Return where a database of it is."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder}"
        self._control("start", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        self._control("stop", "-m", "immediate")

    def promote(self) -> None:
        """Have it follow nobody any more."""
        self._control("promote")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement on it."""
        return execute(self.url(database), text(statement))

    def _control(self, command: str, *options: str) -> None:
        run("pg_ctl", command, "-w", "-s", "-D", str(self._data), *options)

    def create(self) -> None:
        """Make it from nothing."""
        data = str(self._data)
        run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", data)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION)

    def follow(self, primary: "Cluster") -> None:
        """Make it as a replica of another."""
        options = ("--no-sync", "-c", "fast", "-X", "stream", "-R", "-U", "postgres")
        run("pg_basebackup", *options, "-h", str(primary.folder), "-D", str(self._data))


@contextmanager
def a_cluster(primary: Cluster | None = None) -> Generator[Cluster]:
    """Give a running server, or a replica of one, and take it away again."""
    # The path of a socket must be short, which those of the tests' own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="tt-pg-"))
    if (name := owner()) is not None:
        shutil.chown(folder, name)
    cluster = Cluster(folder)
    try:
        if primary is None:
            cluster.create()
        else:
            cluster.follow(primary)
        cluster.start()
        try:
            yield cluster
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as somebody who may: it refuses to work for root."""
    with tempfile.TemporaryFile("w+") as output:  # a server that stays would keep a pipe open
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own
            [str(programs() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=PATIENCE,
            check=False,
            cwd="/",
            user=owner(),
        )
        output.seek(0)
        assert done.returncode == 0, f"{program}: {output.read()}"


@cache
def owner() -> str | None:
    """Return who servers belong to; nobody else than us, unless we are root."""
    if os.geteuid() != 0:
        return None
    name = "pgserver"  # as the library that brings the programs calls it
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", name], check=True, capture_output=True)  # noqa: S603, S607 - fixed
    for folder in programs().parents:
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    return name
