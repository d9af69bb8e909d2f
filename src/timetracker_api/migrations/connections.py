"""Connections on which revisions may run: unlike the service's, in whatever must differ."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from timetracker_api.migrations.direct import direct_engine
from timetracker_api.migrations.lock import LOCK_WAIT, migration_lock
from timetracker_api.settings import Settings, async_url

LOCK_TIMEOUT = "500ms"
"""An ALTER that waits keeps every query behind it waiting: it gives up, and tries again later."""


def migration_url(settings: Settings) -> URL:
    """Return the database to migrate: past a pooler, where there is one."""
    return async_url(settings.migration_database_url or settings.database_url)


@asynccontextmanager
async def migrating(url: URL, lock_wait: float = LOCK_WAIT) -> AsyncGenerator[AsyncConnection]:
    """Give the one connection that may change the schema."""
    async with migration_lock(url, lock_wait), connecting(url) as connection:
        yield connection


@asynccontextmanager
async def reading(url: URL) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to look at the database with; looking does not create an SQLite file."""
    if url.get_backend_name() == "sqlite" and not _exists(url):
        url = url.set(database=":memory:")
    async with connecting(url, "BEGIN") as connection:
        yield connection


def _exists(url: URL) -> bool:
    """Whether there is a file; where there cannot be one, say so as SQLite would."""
    file = Path(url.database or "")
    if not file.parent.is_dir():
        raise sqlite3.OperationalError("unable to open database file")
    return file.exists()


@asynccontextmanager
async def writing(url: URL) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to change rows with, which respects foreign keys as the service does."""
    async with connecting(url, foreign_keys="ON") as connection:
        yield connection


@asynccontextmanager
async def connecting(
    url: URL, begin: str = "BEGIN IMMEDIATE", *, foreign_keys: str = "OFF"
) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to a database that nobody else migrates: the lock is held, or it is new."""
    if url.get_backend_name() == "sqlite":
        engine = _sqlite(url, begin, foreign_keys)
    else:  # the timeout travels with the connection: a SET would be a statement before configure()
        engine = direct_engine(url, "timetracker-api db", lock_timeout=LOCK_TIMEOUT)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def _sqlite(url: URL, begin: str, foreign_keys: str) -> AsyncEngine:
    # Where aiosqlite cannot connect, its thread is still there when the event loop is not, and
    # ends with a traceback of its own.
    sqlite3.connect(url.database or "").close()
    engine = create_async_engine(url, poolclass=NullPool)

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # or the driver commits before every CREATE TABLE
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=10000")
        # Rebuilding a table drops it, and dropping it deletes the rows that refer to it.
        # The pragma is ignored within a transaction, so this is the only place for it.
        cursor.execute(f"PRAGMA foreign_keys={foreign_keys}")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", start)
    return engine
