"""The server of the floor: the addresses of the service, as far as they are measured.

Callers name themselves in a header that the service does not look at.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.floor import shapes
from benchmarks.floor import statements as sql
from benchmarks.floor.connections import pool
from timetracker_api import clock

DATABASE, SCOPES = "FLOOR_DATABASE_URL", "FLOOR_SCOPES"
"""The environment; the scopes are those of whoever asks, separated by spaces."""

MOST_CONNECTIONS = 10
"""As many as a process of the service keeps."""


def app(connections: Any = None) -> Starlette:
    """Return the server; without connections, it opens its own."""
    served = Starlette(
        routes=[
            Route("/health/live", health),
            Route("/api/v1/users/me", me),
            Route("/api/v1/clients", list_clients),
            Route("/api/v1/time-entries", list_entries),
            Route("/api/v1/time-entries", create_entry, methods=["POST"]),
            Route("/api/v1/time-entries/bulk", create_entries, methods=["POST"]),
            Route("/api/v1/time-entries/{id:int}", get_entry),
            Route("/api/v1/timer/start", start, methods=["POST"]),
            Route("/api/v1/timer/stop", stop, methods=["POST"]),
        ],
        lifespan=_lifespan,
    )
    served.state.connections = connections
    return served


@asynccontextmanager
async def _lifespan(served: Starlette) -> AsyncGenerator[None]:
    async with pool(os.environ[DATABASE], MOST_CONNECTIONS) as connections:
        served.state.connections = connections
        yield


async def health(_request: Request) -> Response:
    """Say that it is there."""
    return _json({"status": "ok"})


async def me(request: Request) -> Response:
    """Look up who a token belongs to; here this is what is asked for."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    digest = sha256(token.encode()).digest()
    row = dict(await request.app.state.connections.fetchrow(sql.ME, digest))
    archived_at, rate = row.pop("archived_at"), shapes.amount(row["hourly_rate"])
    scopes = os.environ[SCOPES].split()
    return _json(row | {"hourly_rate": rate, "archived_at": archived_at, "scopes": scopes})


async def list_clients(request: Request) -> Response:
    """Answer with the first page of clients."""
    connections = request.app.state.connections
    total = await connections.fetchval(sql.COUNT)
    items = [shapes.client(record) for record in await connections.fetch(sql.CLIENTS)]
    return _json({"items": items, "total": total, "limit": 50, "offset": 0})


async def list_entries(request: Request) -> Response:
    """Answer with a page of entries."""
    asked = request.query_params
    connections = request.app.state.connections
    if "user_id" in asked:
        days = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
        user_id, activity = int(asked["user_id"]), asked.get("custom.activity")
        if activity is None:
            records = await connections.fetch(sql.feed_of_user(*days), user_id)
        else:
            # An index on all values would be asked for those of everybody.
            statement = sql.feed_of_user(*days, "e.custom_fields ->> 'activity' = $2")
            records = await connections.fetch(statement, user_id, activity)
    elif "cursor" in asked:
        records = await connections.fetch(sql.FEED_BEHIND, *shapes.place(asked["cursor"]))
    else:
        records = await connections.fetch(sql.FEED)
    return _json(shapes.portion(records))


async def get_entry(request: Request) -> Response:
    """Answer with one entry."""
    connections = request.app.state.connections
    return _json(shapes.entry(await connections.fetchrow(sql.ONE, request.path_params["id"])))


async def create_entry(request: Request) -> Response:
    """Record an entry, its event and the key of the request."""
    body = await request.body()
    record = await request.app.state.connections.fetchrow(
        sql.CREATE,
        body.decode(),
        _caller(request),
        "manual",
        request.headers["idempotency-key"],
        sha256(body).hexdigest(),
    )
    return _json(shapes.entry(record), 201)


async def create_entries(request: Request) -> Response:
    """Record many entries and their events."""
    records = await request.app.state.connections.fetch(
        sql.CREATE_MANY, (await request.body()).decode(), _caller(request), "manual"
    )
    results = [
        {"index": index, "status": 201, "entry": shapes.entry(record)}
        for index, record in enumerate(records)
    ]
    return _json({"results": results})


async def start(request: Request) -> Response:
    """Begin an entry; the unique index on what is running refuses a second one."""
    record = await request.app.state.connections.fetchrow(
        sql.START, (await request.body()).decode(), _caller(request), "timer"
    )
    return _json({"stopped": None, "server_time": _now(), "timer": shapes.entry(record)})


async def stop(request: Request) -> Response:
    """End what is running."""
    record = await request.app.state.connections.fetchrow(sql.STOP, _caller(request))
    return _json({"stopped": shapes.entry(record), "server_time": _now()})


def _caller(request: Request) -> int:
    return int(request.headers["x-user"])


def _now() -> datetime:
    return clock.now().replace(microsecond=0)


def _json(body: Any, status: int = 200) -> Response:
    content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return Response(content, status, media_type="application/json")
