"""Servers as real processes: the service as people run it, and the floor."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from sqlalchemy import URL

from benchmarks import accounting
from benchmarks.accounting import Processes
from benchmarks.floor.app import DATABASE, SCOPES
from benchmarks.service import dsn
from timetracker_api.auth.scopes import SCOPES as ALLOWED
from timetracker_api.auth.scopes import Role

ENDS_WITHIN = 30
STARTS_WITHIN = 60
NOTHING = 0.02
"""Seconds of CPU in half a second of somebody who waits."""


@dataclass(frozen=True)
class Running:
    """A server with its workers."""

    name: str
    port: int
    processes: Processes

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[Processes]:
        """Return those that answer; beside them there is the one that looks after them."""
        return [each for each in self.processes.children() if _is_worker(each.root)] or [
            self.processes
        ]


@contextmanager
def service(url: URL, folder: Path, workers: int) -> Generator[Running]:
    """Start the service on a database; logging as it does by itself, to where nobody reads it."""
    arguments = ("timetracker_api", "serve", "--port", "0", "--workers", str(workers))
    variables = {"TIMETRACKER_DATABASE_URL": dsn(url), "TIMETRACKER_REQUESTS_PER_MINUTE": "0"}
    with _started("service", arguments, variables, folder) as running:
        yield running


@contextmanager
def floor(url: URL, workers: int) -> Generator[Running]:
    """Start the floor on a database."""
    arguments = ("benchmarks.floor", str(workers))
    variables = {DATABASE: dsn(url), SCOPES: " ".join(sorted(ALLOWED[Role.MANAGER]))}
    with _started("floor", arguments, variables, None) as running:
        yield running


@contextmanager
def _started(
    name: str, arguments: tuple[str, ...], variables: Mapping[str, str], folder: Path | None
) -> Generator[Running]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TIMETRACKER_")}
    with subprocess.Popen(  # noqa: S603 - our own commands
        (sys.executable, "-m", *arguments),
        cwd=folder,
        env={**kept, "PYTHONUNBUFFERED": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            running = Running(name, _port(process), accounting.of(process.pid))
            wait_until_ready(running)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    for line in process.stdout or ():
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    raise RuntimeError(f"a server ended before it served: {process.args}")


def wait_until_ready(running: Running) -> None:
    """Return when it answers for the first time."""
    deadline = time.monotonic() + STARTS_WITHIN
    with httpx.Client(base_url=running.url, timeout=5) as client:
        while time.monotonic() < deadline:
            try:
                if client.get("/health/live").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.01)
    raise RuntimeError(f"the {running.name} does not answer")


def settle(running: Running) -> None:
    """Return when all workers have started, and have nothing more to do."""
    before = 0.0
    while (now := running.processes.cpu()) - before > NOTHING:
        before = now
        time.sleep(0.5)


def _is_worker(process: psutil.Process) -> bool:
    return any("spawn_main" in each for each in process.cmdline())
