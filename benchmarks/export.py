"""Exporting everything: what it takes, and what others notice of it.

Here the service has one process, so that whoever else asks has to share it with the export.
"""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPResponse
from threading import Event

from benchmarks import requests
from benchmarks.accounting import Processes
from benchmarks.company import Company
from benchmarks.load import Load
from benchmarks.report import verdict
from benchmarks.requests import API
from benchmarks.resources import MEGABYTE
from benchmarks.rounds import MILLISECONDS, Pace, Spent
from benchmarks.running import Running

FORMATS = ("csv", "jsonl")
MOST_GROWTH = 60
MOST_SLOWER = 5
OTHERS = 2
"""Connections on which others ask for single entries."""
CHUNK = 1 << 18
LOOK_EVERY = 0.1
BEGINS_WITHIN = 60
OTHERS_FOR = 4
"""Seconds that others ask for, in rounds."""

HEADER = """
| export | entries per second | MB | CPU s for a million | PostgreSQL s | grows by MB\
 | others: p99 ms idle | p99 ms meanwhile | ratio | goals | met |
|---|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Downloaded:
    """What an export came to."""

    lines: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Exported:
    """What an export took, and what others noticed."""

    format: str
    alone: Downloaded
    cpu_seconds: float
    database_seconds: float | None
    growth: float
    """Megabytes."""
    idle: Spent
    meanwhile: Spent

    @property
    def slower(self) -> float:
        """How many times as long the slowest answers took."""
        return self.meanwhile.latency(99) / self.idle.latency(99)

    @property
    def is_met(self) -> bool:
        """Whether it takes no more than it may."""
        return self.growth < MOST_GROWTH and self.slower < MOST_SLOWER

    @property
    def found(self) -> str:
        """What it came to, beside its goals."""
        return (
            f"export of {self.format}: grows by {self.growth:.0f} MB, goal {MOST_GROWTH} MB;"
            f" others wait {self.slower:.1f} x as long, goal {MOST_SLOWER} x"
        )

    @property
    def row(self) -> str:
        """A line of a Markdown table."""
        million = self.alone.lines / 1_000_000
        seconds = self.database_seconds
        database = "?" if seconds is None else f"{seconds / million:.1f}"
        return (
            f"| {self.format} | {self.alone.lines / self.alone.seconds:.0f}"
            f" | {self.alone.bytes / MEGABYTE:.0f} | {self.cpu_seconds / million:.1f} | {database}"
            f" | {self.growth:.0f} | {self.idle.latency(99):.1f} | {self.meanwhile.latency(99):.1f}"
            f" | {self.slower:.1f} | < {MOST_GROWTH} MB, < {MOST_SLOWER} x"
            f" | {verdict(is_met=self.is_met)} |"
        )


@dataclass(frozen=True)
class Exports:
    """Who exports from which server, and who asks beside."""

    load: Load
    database: Processes | None
    pace: Pace
    server: Running
    company: Company
    count: int
    """How many entries there are at least."""

    def run(self, format: str) -> Exported:
        """Export everything once for itself, and once more while others ask."""
        path = f"{API}/time-entries/export?format={format}"
        manager = self.company.managers[0]
        (everything,) = requests.get(manager, path)
        (some,) = requests.get(manager, f"{path}&limit=1000")
        _download(self.server.port, some)  # warms up
        before = self._clocks()
        alone, growth = _watched(self.server, everything)
        after = self._clocks()
        if alone.lines < self.count:
            raise RuntimeError(f"the export of {format} ended after {alone.lines} lines")
        cpu_seconds, *rest = [now - then for then, now in zip(before, after, strict=True)]
        idle = self._others()
        with ThreadPoolExecutor() as pool:
            begun, enough = Event(), Event()
            exporting = pool.submit(_download, self.server.port, everything, begun.set, enough)
            begun.wait(BEGINS_WITHIN)
            meanwhile = self._others(lambda: not exporting.done())
            enough.set()
            exporting.result()
        return Exported(
            format, alone, cpu_seconds, rest[0] if rest else None, growth, idle, meanwhile
        )

    def _others(self, go_on: Callable[[], bool] = lambda: True) -> Spent:
        """Ask for single entries; while there is an export, for as long as it takes."""
        paths = [f"{API}/time-entries/{id}" for id in range(1, 101)]
        scripts = requests.reading(self.company, paths)[:OTHERS]
        spent = Spent()
        for _ in range(OTHERS_FOR):
            answered = self.load.run(self.server.port, scripts, self.pace.seconds)
            if spent.latencies and not go_on():
                break  # what was asked after its end has not met it
            spent.latencies += [each * MILLISECONDS for each in answered.latencies]
        return spent

    def _clocks(self) -> list[float]:
        both = (self.server.processes, self.database)
        return [each.cpu() for each in both if each is not None]


def _watched(server: Running, request: bytes) -> tuple[Downloaded, float]:
    """Look meanwhile how much memory it takes."""
    before = most = server.processes.resident()
    with ThreadPoolExecutor() as pool:
        exporting = pool.submit(_download, server.port, request)
        while not exporting.done():
            most = max(most, server.processes.resident())
            time.sleep(LOOK_EVERY)
        return exporting.result(), (most - before) / MEGABYTE


def _download(
    port: int,
    request: bytes,
    begin: Callable[[], None] = lambda: None,
    enough: Event | None = None,
) -> Downloaded:
    """Read an export as fast as it comes, to its end or for long enough; keep nothing of it."""
    began = time.perf_counter()
    lines = size = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.read().decode()}")
        while (enough is None or not enough.is_set()) and (piece := response.read1(CHUNK)):
            lines += piece.count(b"\n")
            size += len(piece)
            begin()
    return Downloaded(lines, size, time.perf_counter() - began)
