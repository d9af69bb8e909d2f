"""Copying SQLite databases by SQLite's own means: a copied file misses what is in its log."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import cast

import aiosqlite
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import patience
from timetracker_api.migrations.backups import counting, folder
from timetracker_api.migrations.backups.manifest import Copy, Manifest, digest
from timetracker_api.migrations.catalog import damage, orphans, quoted, relations, version_rows
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.driver_errors import first_line
from timetracker_api.migrations.failures import LockTimeout
from timetracker_api.migrations.progress import Note
from timetracker_api.migrations.together import together

PAGES = 4000
"""Pages to copy between two reports of progress."""

PASSING = "PRAGMA cache_size=100"
"""Pages that are looked at once are not worth keeping; a small cache stays in the processor's."""

PAUSE = 0.05
"""Seconds between two attempts to begin, while somebody writes to the target."""


async def copied(connection: AsyncConnection, part: Path, note: Note) -> Copy:
    """Copy a database, and read every page of rows in the copy.

    Whether what is copied is right is for ``fault`` to find, meanwhile.
    """
    tables = await write(connection, part, note)

    def look(connection: Connection) -> str:
        return _cut_off(connection) or counting.difference(tables, _rows_read(connection))

    finished = together(
        asyncio.to_thread(digest, part), asyncio.to_thread(folder.synchronise, part)
    )
    flaw, (sha256, _) = await together(_looked(part, look), finished)
    return Copy(tables, flaw, sha256)


async def write(connection: AsyncConnection, part: Path, note: Note) -> dict[str, int]:
    """Copy what a connection sees in its transaction."""
    tables = await connection.run_sync(counting.rows)
    source = await driver(connection)
    await source.execute(PASSING)
    async with aiosqlite.connect(part) as target:
        # Nobody reads the copy before it is finished, and then it is written to the disk at once.
        await target.execute("PRAGMA journal_mode=OFF")
        await target.execute("PRAGMA synchronous=OFF")
        await target.execute(PASSING)
        await _pour(source, target, note)
        await target.execute("PRAGMA journal_mode=DELETE")  # a single file, without a log
    return tables


async def fault(file: Path) -> str:
    """Return the damage that would prevent a restore, of structure or of references.

    Whether each index and each CHECK is right as well takes several times as long.
    """

    def structure(connection: Connection) -> str:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        return damage(connection)

    found = await together(_looked(file, structure), _looked(file, orphans))
    return found[0] or found[1]


async def flaw_of(file: Path, manifest: Manifest) -> str:
    """Return what is wrong with a backup; nothing where it is what its manifest says."""

    def look(connection: Connection) -> str:
        return (
            _cut_off(connection)
            or flaw(connection, manifest.tables)
            or _other_revision(connection, manifest.revision)
        )

    return await _looked(file, look)


async def _looked(file: Path, look: Callable[[Connection], str]) -> str:
    try:
        async with connecting(url_of(file), "BEGIN") as connection:
            await connection.exec_driver_sql(PASSING)
            return await connection.run_sync(look)
    except DatabaseError as error:  # what cannot even be looked at
        return first_line(error)


def flaw(connection: Connection, tables: dict[str, int]) -> str:
    """Return what is wrong with a database; nothing where it is whole and has these rows."""
    whole = damage(connection, "integrity_check") or orphans(connection)
    return whole or counting.difference(tables, counting.rows(connection))


def _other_revision(connection: Connection, revision: str) -> str:
    found = ", ".join(version_rows(connection))
    return "" if found == revision else f"it is at {found}, not at {revision}"


def _cut_off(connection: Connection) -> str:
    """Compare the size of a file: SQLite takes what a last page lacks for zeros."""
    pages, size = (
        int(connection.exec_driver_sql(f"PRAGMA {number}").scalar_one())
        for number in ("page_count", "page_size")
    )
    bytes = Path(connection.engine.url.database or "").stat().st_size
    return "" if bytes == pages * size else f"it has {bytes} bytes, not {pages * size}"


def _rows_read(connection: Connection) -> dict[str, int]:
    """Count the rows where they are: to count them in an index would read none of them."""
    names = relations(connection)
    query = "SELECT count(*) FROM {} NOT INDEXED"
    return {
        name: connection.exec_driver_sql(query.format(quoted(name))).scalar_one() for name in names
    }


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
    stopped = False

    def report(status: int, remaining: int, total: int) -> None:
        nonlocal waiting_since
        if stopped:
            raise InterruptedError
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

    copying = asyncio.ensure_future(
        source.backup(target, pages=PAGES, progress=report, sleep=PAUSE)
    )
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        # It goes on in its thread: to close the target under it would crash the process.
        stopped = True
        with suppress(InterruptedError):
            await copying
        raise


async def driver(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return the driver's own connection, in the same transaction."""
    raw = await connection.get_raw_connection()
    return cast("aiosqlite.Connection", raw.driver_connection)


def url_of(file: Path) -> URL:
    """Return how a file is connected to."""
    return URL.create("sqlite+aiosqlite", database=str(file))
