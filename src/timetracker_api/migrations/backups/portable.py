"""Backups that need no programs, and move between the kinds of databases: a zip of tables."""

import asyncio
import zipfile
import zlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.backups import counting, sqlite
from timetracker_api.migrations.backups.columns import Columns, described
from timetracker_api.migrations.backups.manifest import Copy, digest
from timetracker_api.migrations.catalog import quoted, relations, version_rows
from timetracker_api.migrations.failures import BackupFailed
from timetracker_api.migrations.fingerprint import tables_at
from timetracker_api.migrations.progress import Counted, Note

ROWS = 5000
"""Rows to read or write at once."""

CHUNK = 1 << 18
"""Bytes to read or write at once."""

ENDING = ".tsv"

Put = Callable[[bytes], Awaitable[None]]


async def copied(connection: AsyncConnection, part: Path, note: Note) -> Copy:
    """Write every table, and read all of them again."""
    tables = await write(connection, part, note)
    found, sha256 = await asyncio.gather(
        asyncio.to_thread(flaw, part, tables), asyncio.to_thread(digest, part)
    )
    return Copy(tables, found, sha256)


async def write(connection: AsyncConnection, part: Path, note: Note) -> dict[str, int]:
    """Write every table as a transaction sees it; those that a revision would make again."""
    names, _ = await connection.run_sync(own_and_others)
    tables = await connection.run_sync(counting.rows, names)
    counted = Counted(note, sum(tables.values()))
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for columns in await connection.run_sync(described):
            if columns.table not in tables:
                continue
            with archive.open(columns.table + ENDING, "w", force_zip64=True) as file:

                async def put(lines: bytes, write: Callable[[bytes], object] = file.write) -> None:
                    write(lines)
                    counted.add(lines.count(b"\n"))

                file.write(columns.heading())
                await _copy(connection, columns, put)
    return tables


def own_and_others(connection: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """Return the tables that are written, and those and the views that are not: a restore builds
    what the revision makes, and would not know where to put anything else.
    """
    found = relations(connection)
    revision = "".join(version_rows(connection))
    own = tables_at(connection.dialect.name, revision)
    if own is None:
        return found, ()
    if missing := sorted(own.difference(found)):
        raise BackupFailed(
            f"the database lacks {', '.join(missing)}, which {revision} has",
            "See `timetracker-api db check`",
        )
    return sorted(own), [name for name in found if name not in own]


def flaw(file: Path, tables: dict[str, int]) -> str:
    """Read a file whole, and return why it is not a copy of these tables; nothing where it is."""
    try:
        return counting.difference(tables, _rows(file))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        return str(error)


def _rows(file: Path) -> dict[str, int]:
    """Return the rows of every table: a line each, after that of its names."""
    found: dict[str, int] = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            with archive.open(name) as table:
                lines = sum(chunk.count(b"\n") for chunk in iter(lambda: table.read(CHUNK), b""))
            found[name.removesuffix(ENDING)] = lines - 1
    return found


async def _copy(connection: AsyncConnection, columns: Columns, put: Put) -> None:
    if connection.dialect.name == "postgresql":
        query = f"SELECT {columns.for_copy()} FROM {quoted(columns.table)}"  # noqa: S608 - the catalog's
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_from_query(query, output=put)
        return
    query = f"SELECT {columns.names()} FROM {quoted(columns.table)}"  # noqa: S608 - the catalog's
    async with (await sqlite.driver(connection)).execute(query) as cursor:
        while rows := list(await cursor.fetchmany(ROWS)):
            await put("".join(map(columns.line, rows)).encode())
