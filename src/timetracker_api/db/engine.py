"""One engine for reading and one for writing, whichever database the URL names."""

import sqlite3
from typing import Any, NamedTuple

import orjson
from sqlalchemy import URL, AdaptedConnection, Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOCK_TIMEOUT = "5s"
"""How long a statement waits for a row that another transaction holds, before 503."""


class Engines(NamedTuple):
    """Where statements go. On PostgreSQL both are views of one pool."""

    reading: AsyncEngine
    """Every statement is its own transaction: one round trip instead of three."""
    writing: AsyncEngine

    async def dispose(self) -> None:
        """Close every connection."""
        await self.reading.dispose()
        await self.writing.dispose()


def create_engines(url: URL, pool_size: int = 10) -> Engines:
    """Open nothing yet; connections are made when they are first needed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    writing = _engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_recycle=1800,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": "timetracker-api",
                "lock_timeout": LOCK_TIMEOUT,
            },
        },
    )
    event.listen(writing.sync_engine, "checkout", _refuse_closed)
    return Engines(writing.execution_options(isolation_level="AUTOCOMMIT"), writing)


def _sqlite(url: URL) -> Engines:
    """Readers run side by side. Writers queue in our pool of one: queueing for SQLite's own lock
    takes up to a second where this takes 60 ms.
    """
    reading = _engine(url, pool_size=4, max_overflow=0, isolation_level="AUTOCOMMIT")
    writing = _engine(url, pool_size=1, max_overflow=0, pool_timeout=30)
    event.listen(reading.sync_engine, "connect", _prepare_sqlite)
    event.listen(writing.sync_engine, "connect", _prepare_sqlite)
    event.listen(writing.sync_engine, "begin", _begin_immediate)
    return Engines(reading, writing)


def _refuse_closed(connection: AdaptedConnection, _record: object, _proxy: object) -> None:
    """Have the pool open another connection where the server has ended this one.

    The driver learns of that by itself, so that looking costs no round trip, as pre_ping would.
    """
    if connection.driver_connection is None or connection.driver_connection.is_closed():
        raise DisconnectionError


def _engine(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        json_serializer=_to_json,
        json_deserializer=_from_json,
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


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock up front: a read that turns into a write fails without waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
