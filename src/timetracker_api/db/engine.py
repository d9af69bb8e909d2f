"""The engines for reading and for writing, whichever database the URL names."""

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import URL, AdaptedConnection, Connection, ExceptionContext, QueuePool, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from timetracker_api.db import pooling
from timetracker_api.settings import Pooler

LOCK_TIMEOUT = "5s"
"""How long a statement waits for a row that another transaction holds, before 503."""

READ_ONLY = "25006"
"""What PostgreSQL calls a write in a transaction that only reads."""

MOST_LASTING = 3
"""Exports and the like at the same time, per process."""


class Engines(NamedTuple):
    """Where statements go. On PostgreSQL short reads and writes are views of one pool."""

    reading: AsyncEngine
    """Every statement is its own transaction: one round trip instead of three."""
    lasting: AsyncEngine
    """What takes long sees the database as of one moment, on connections of its own."""
    writing: AsyncEngine

    def pools(self) -> Mapping[str, QueuePool]:
        """Return where connections are kept, by what they are for."""
        reading, lasting, writing = (cast(QueuePool, each.pool) for each in self)
        if reading is writing:
            return {"requests": reading, "exports": lasting}
        return {"reading": reading, "writing": writing, "exports": lasting}

    async def dispose(self) -> None:
        """Close every connection."""
        for engine in self:
            await engine.dispose()


def create_engines(url: URL, pool_size: int = 10, pooler: Pooler = "none") -> Engines:
    """Open nothing yet; connections are made when they are first needed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    server = _postgresql(url, pooler, pool_size=pool_size, max_overflow=pool_size)
    lasting = lasting_engine(url, pooler)
    if pooler == "none":
        return Engines(server, lasting, server)
    return Engines(server, lasting, pooling.limit_waiting(server, LOCK_TIMEOUT))


def lasting_engine(url: URL, pooler: Pooler = "none") -> AsyncEngine:
    """Give few connections for what may take minutes: requests must not wait for these."""
    if url.get_backend_name() == "sqlite":
        engine = _engine(url, pool_size=1, max_overflow=MOST_LASTING - 1, pool_timeout=10)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    server = _postgresql(url, pooler, pool_size=1, max_overflow=MOST_LASTING - 1)
    return server.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _postgresql(url: URL, pooler: Pooler, **sizes: int) -> AsyncEngine:
    engine = _engine(
        url,
        pool_timeout=10,
        pool_recycle=1800,
        connect_args={"timeout": 5, **pooling.connect_args(pooler, LOCK_TIMEOUT)},
        **sizes,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _leave_read_only)
    return engine


def _sqlite(url: URL) -> Engines:
    """Readers run side by side. Writers queue in our pool of one: queueing for SQLite's own lock
    takes up to a second where this takes 60 ms.
    """
    reading = _engine(url, pool_size=4, max_overflow=0)
    writing = _engine(url, pool_size=1, max_overflow=0, pool_timeout=30)
    event.listen(reading.sync_engine, "connect", _prepare_sqlite)
    event.listen(writing.sync_engine, "connect", _prepare_sqlite)
    event.listen(writing.sync_engine, "begin", _begin_immediate)
    return Engines(reading, lasting_engine(url), writing)


def _refuse_closed(connection: AdaptedConnection, _record: object, _proxy: object) -> None:
    """Have the pool open another connection where the server has ended this one.

    The driver learns of that by itself, so that looking costs no round trip, as pre_ping would.
    """
    if connection.driver_connection is None or connection.driver_connection.is_closed():
        raise DisconnectionError


def _leave_read_only(context: ExceptionContext) -> None:
    """Have the pool open other connections where this server has ceased to be the primary.

    To the pool it is as good as ever: after a failover, requests would go on failing on it.
    """
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _engine(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        json_serializer=_to_json,
        json_deserializer=orjson.loads if url.get_backend_name() == "postgresql" else _from_json,
        hide_parameters=True,  # errors are logged, and among the parameters are digests and hashes
        **options,
    )


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _from_json(value: Any) -> Any:
    """SQLite stores a document that is nothing but a number as that number."""
    return value if isinstance(value, int | float) else orjson.loads(value)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy, not the driver, says BEGIN
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",  # readers do not wait for the writer
        "synchronous=NORMAL",  # safe with WAL: a power cut costs the last commits, never the file
        "busy_timeout=5000",
        "foreign_keys=ON",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock up front: a read that turns into a write fails without waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
