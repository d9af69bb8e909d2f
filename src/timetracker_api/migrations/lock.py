"""One migrator at a time, on either database."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import URL, NullPool, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from timetracker_api.migrations.failures import LockBusy

LOCK_WAIT = 60.0
"""Seconds to wait for another migrator."""

INTERVAL = 0.1
"""Seconds between two attempts."""

KEY = int.from_bytes(hashlib.sha256(b"timetracker-api:migrations").digest()[:8], signed=True)
"""What PostgreSQL calls the lock. All releases have to agree on it."""

Take = Callable[[], Awaitable[bool]]


@asynccontextmanager
async def migration_lock(url: URL, wait: float = LOCK_WAIT) -> AsyncGenerator[None]:
    """Hold the lock of a database, or fail after ``wait`` seconds. It ends with the process.

    The lock is asked for again and again rather than waited for inside the database:
    CREATE INDEX CONCURRENTLY waits for every open statement, and so for ever for one that
    waits for the lock its own migrator holds.
    """
    if url.get_backend_name() == "postgresql":
        holder = _on_the_server(url)
    elif url.database and url.database != ":memory:":
        holder = _beside_the_file(url.database)
    else:
        yield  # nobody else can see a database in memory
        return
    async with holder as take:
        for _ in range(1 + round(wait / INTERVAL)):
            if await take():
                break
            await asyncio.sleep(INTERVAL)
        else:
            raise LockBusy(
                "another process is migrating this database",
                "Wait until it has finished, then run this again",
            )
        yield


@asynccontextmanager
async def _on_the_server(url: URL) -> AsyncGenerator[Take]:
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",  # an open transaction would hold up CONCURRENTLY
        connect_args={
            "timeout": 10,
            "server_settings": {"application_name": "timetracker-api db lock"},
        },
    )
    try:
        async with engine.connect() as connection:

            async def take() -> bool:
                return bool(await connection.scalar(select(func.pg_try_advisory_lock(KEY))))

            yield take
    finally:
        await engine.dispose()


@asynccontextmanager
async def _beside_the_file(database: str) -> AsyncGenerator[Take]:
    """Lock a second, empty SQLite file: the same on every system, and gone when the process is."""
    with closing(_lock_file(database)) as connection:

        async def take() -> bool:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    return False
                raise
            return True

        yield take


def _lock_file(database: str) -> sqlite3.Connection:
    file = Path(database).resolve()  # beside the file itself, whichever link leads to it
    lock = file.with_name(f"{file.name}.migrate.lock")
    return sqlite3.connect(lock, timeout=0, isolation_level=None)
