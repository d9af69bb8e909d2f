"""What Prometheus collects: how many requests there were, how long they took, and what is in use.

One process counts in memory; several count together, so that it does not matter which is asked.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.routing import BaseRoute
from starlette.types import Scope

from timetracker_api.db.session import Database
from timetracker_api.web.together import FOLDER, Together

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the quickest answers take one or two milliseconds, and ten are too long for anybody."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""What we do not have is called this, route or method: callers make up as many as they like."""

EVERY_SECONDS = 1
"""How often a process notes how many connections it has, for the others to tell."""


class Series(NamedTuple):
    """What is counted of requests of one kind."""

    requests: Counter
    seconds: Histogram


class Metrics:
    """The figures of one process, and of those it shares a folder with."""

    def __init__(self, database: Database) -> None:
        disable_created_metrics()  # several processes have none, and nobody asks for them
        self._database = database
        self._shown = CollectorRegistry()
        measured = self._shown
        if folder := os.environ.get(FOLDER):
            self._shown.register(Together(folder))
            measured = CollectorRegistry()  # they are shown from the files, with all others
        else:
            ProcessCollector(registry=self._shown)
        self._requests = Counter(
            "timetracker_http_requests",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=measured,
        )
        self._seconds = Histogram(
            "timetracker_http_request_duration_seconds",
            "How long requests took, to the last byte of the answer.",
            ("route", "method"),
            buckets=BUCKETS,
            registry=measured,
        )
        self._in_progress = Gauge(
            "timetracker_http_requests_in_progress",
            "Requests that are being answered, the one that asks for this among them.",
            multiprocess_mode="livesum",
            registry=measured,
        )
        self._connections = {
            name: Gauge(
                f"timetracker_database_connections_{name}",
                text,
                ("pool",),
                multiprocess_mode="liveall",
                registry=measured,
            )
            for name, text in {
                "open": "Connections to the database that a process has.",
                "in_use": "Those that something is being done with.",
                "kept": "How many are kept open when nothing is done.",
            }.items()
        }
        self._templates: Mapping[Any, str] = {}
        self._series: dict[tuple[str, str, int], Series] = {}

    def know(self, routes: Sequence[BaseRoute]) -> None:
        """Take in what routes are called, by what they lead to: an endpoint, or files."""
        self._templates = {
            getattr(each, "endpoint", None) or each.app: each.path_format or OTHER
            for each in iter_route_contexts(routes)
        }

    def begin(self) -> None:
        """Count a request that has come in."""
        self._in_progress.inc()

    def end(self, scope: Scope, status: int, seconds: float) -> None:
        """Count that it is over. With `begin`, two microseconds in memory and five in files."""
        self._in_progress.dec()
        method = scope["method"]
        key = (
            self._templates.get(scope.get("endpoint"), OTHER),
            method if method in METHODS else OTHER,
            status,
        )
        series = self._series.get(key) or self._begun(*key)
        series.requests.inc()
        series.seconds.observe(seconds)

    def _begun(self, route: str, method: str, status: int) -> Series:
        """Look a series up once: the library takes longer for that than to count."""
        series = Series(
            self._requests.labels(route, method, str(status)), self._seconds.labels(route, method)
        )
        self._series[route, method, status] = series
        return series

    async def keep(self) -> None:
        """Go on noting how many connections there are."""
        while True:
            self._note_connections()
            await asyncio.sleep(EVERY_SECONDS)

    async def text(self) -> bytes:
        """Return everything in the text format. Beside the requests: it may take milliseconds."""
        self._note_connections()
        return await asyncio.to_thread(generate_latest, self._shown)

    def _note_connections(self) -> None:
        for name, pool in self._database.pools().items():
            in_use = pool.checkedout()
            self._connections["open"].labels(name).set(pool.checkedin() + in_use)
            self._connections["in_use"].labels(name).set(in_use)
            self._connections["kept"].labels(name).set(pool.size())
