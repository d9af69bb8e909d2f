"""One migrator at a time, on either database."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.direct import direct_engine
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
    else:
        holder = _beside_the_file(url.database or "")
    async with holder as take:
        if not await granted(take, wait):
            raise LockBusy(
                "another process is migrating this database",
                "Wait until it has finished, then run this again",
            )
        yield


async def granted(take: Take, wait: float) -> bool:
    """Ask for a lock until it is ours, or ``wait`` seconds are over."""
    for _ in range(1 + round(wait / INTERVAL)):
        if await take():
            return True
        await asyncio.sleep(INTERVAL)
    return False


@asynccontextmanager
async def _on_the_server(url: URL) -> AsyncGenerator[Take]:
    async with autocommitting(url, "timetracker-api db lock") as connection:
        yield partial(take_on_server, connection, KEY)


async def take_on_server(connection: AsyncConnection, key: int) -> bool:
    """Take a lock that ends with the connection, unless somebody has it."""
    return bool(await connection.scalar(select(func.pg_try_advisory_lock(key))))


@asynccontextmanager
async def autocommitting(url: URL, name: str) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to a server on which every statement stands for itself, and may wait.

    An open transaction would hold up CONCURRENTLY.
    """
    engine = direct_engine(url, name, isolation_level="AUTOCOMMIT", lock_timeout="0")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@contextmanager
def held_by_file(file: Path) -> Generator[Take]:
    """Lock a second, empty SQLite file: the same on every system, and gone when the process is."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:

        async def take() -> bool:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    return False
                raise
            return True

        yield take


@asynccontextmanager
async def _beside_the_file(database: str) -> AsyncGenerator[Take]:
    with held_by_file(_lock_file(database)) as take:
        yield take


async def is_locked(url: URL) -> bool:
    """Tell whether somebody is migrating an SQLite file, without leaving a trace beside it."""
    file = _lock_file(url.database or "")
    if not file.exists():
        return False
    with held_by_file(file) as take:
        return not await take()


def _lock_file(database: str) -> Path:
    file = Path(database).resolve()  # beside the file itself, whichever link leads to it
    return file.with_name(f"{file.name}.migrate.lock")
