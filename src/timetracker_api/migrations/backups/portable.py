"""Backups that need no programs, and move between the kinds of databases: a zip of tables."""

import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations.backups import counting, sqlite
from timetracker_api.migrations.backups.columns import Columns, described, quoted
from timetracker_api.migrations.failures import BackupFailed
from timetracker_api.migrations.progress import Counted, Note

ROWS = 5000
"""Rows to read or write at once."""

CHUNK = 1 << 18
"""Bytes to read or write at once."""

ENDING = ".tsv"

Put = Callable[[bytes], Awaitable[None]]


async def write(connection: AsyncConnection, part: Path, note: Note) -> dict[str, int]:
    """Write every table as a transaction sees it, and read all of it again."""
    tables = await connection.run_sync(counting.rows)
    counted = Counted(note, sum(tables.values()))
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for columns in await connection.run_sync(described):
            with archive.open(columns.table + ENDING, "w", force_zip64=True) as file:

                async def put(lines: bytes, write: Callable[[bytes], object] = file.write) -> None:
                    write(lines)
                    counted.add(lines.count(b"\n"))

                file.write(columns.heading())
                await _copy(connection, columns, put)
    if problem := counting.difference(tables, read_whole(part)):
        raise BackupFailed(f"the copy is not what the database is: {problem}", "Run it again")
    return tables


def read_whole(file: Path) -> dict[str, int]:
    """Read every byte, and return the rows of every table: a line each, after that of its names."""
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
