"""Copying SQLite databases by SQLite's own means: a copied file misses what is in its log."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import cast

import aiosqlite
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import patience
from timetracker_api.migrations.backups import counting, folder
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.failures import BackupFailed, LockTimeout
from timetracker_api.migrations.progress import Note

PAGES = 4000
"""Pages to copy between two reports of progress."""

PAUSE = 0.05
"""Seconds between two attempts to begin, while somebody writes to the target."""


async def write(connection: AsyncConnection, part: Path, note: Note) -> dict[str, int]:
    """Copy what a connection sees in its transaction, and verify the copy."""
    tables = await connection.run_sync(counting.rows)
    async with aiosqlite.connect(part) as target:
        # Nobody reads the copy before it is finished, and then it is written to the disk at once.
        await target.execute("PRAGMA journal_mode=OFF")
        await target.execute("PRAGMA synchronous=OFF")
        await _pour(await driver(connection), target, note)
        await target.execute("PRAGMA journal_mode=DELETE")  # a single file, without a log
    if problem := await _glance(part, tables):
        raise BackupFailed(f"the copy is not what the database is: {problem}", "Run it again")
    return tables


async def _glance(part: Path, tables: dict[str, int]) -> str:
    """Return what is wrong with a copy. That it is one of a whole database takes half the time of
    the copying; whether every index is right as well, several times as long, and is looked at
    when a backup is verified or restored.
    """

    async def looked(look: Callable[[Connection], str]) -> str:
        async with connecting(url_of(part), "BEGIN") as connection:
            return await connection.run_sync(look)

    found = await asyncio.gather(
        looked(partial(_integrity, how="quick_check")),
        looked(lambda connection: _orphan(connection) or _miscount(connection, tables)),
    )
    return "".join(found)


async def flaw_of(file: Path, tables: dict[str, int]) -> str:
    """Return the same of a file."""
    async with connecting(url_of(file), "BEGIN") as connection:
        return await connection.run_sync(flaw, tables)


def flaw(connection: Connection, tables: dict[str, int]) -> str:
    """Return what is wrong with a database; nothing where it is whole and has these rows."""
    whole = _integrity(connection, "integrity_check") or _orphan(connection)
    return whole or _miscount(connection, tables)


def _integrity(connection: Connection, how: str) -> str:
    answer = str(connection.exec_driver_sql(f"PRAGMA {how}(1)").scalar())
    return "" if answer == "ok" else answer


def _orphan(connection: Connection) -> str:
    row = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    return f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" if row else ""


def _miscount(connection: Connection, tables: dict[str, int]) -> str:
    return counting.difference(tables, counting.rows(connection))


async def settle(part: Path, target: Path, note: Note) -> None:
    """Make a finished file the database: by its name where there is none yet, else page by page,
    which whoever has the database open sees as one transaction.
    """
    if not folder.is_there(target):
        folder.remove(target)  # SQLite would replay the log of a file that is gone
        folder.publish(part, target)
        return
    async with aiosqlite.connect(part) as source, aiosqlite.connect(target, timeout=0) as live:
        await _pour(source, live, note)


async def _pour(source: aiosqlite.Connection, target: aiosqlite.Connection, note: Note) -> None:
    waiting_since: float | None = None

    def report(status: int, remaining: int, total: int) -> None:
        nonlocal waiting_since
        if status not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            waiting_since = None
            note(total - remaining, total)
        elif waiting_since is None:
            waiting_since = monotonic()
        elif monotonic() - waiting_since > sum(patience.PAUSES):  # SQLite would try for ever
            raise LockTimeout(
                "another process keeps writing to the database, which is as it was",
                "Stop the service, then run this again",
            )

    await source.backup(target, pages=PAGES, progress=report, sleep=PAUSE)


async def driver(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return the driver's own connection, in the same transaction."""
    raw = await connection.get_raw_connection()
    return cast("aiosqlite.Connection", raw.driver_connection)


def url_of(file: Path) -> URL:
    """Return how a file is connected to."""
    return URL.create("sqlite+aiosqlite", database=str(file))
