"""Putting a portable backup into a database: built aside, at its own revision, then made the one.

On SQLite aside is another file. On PostgreSQL it is another schema of the same database, whose
tables change places with those that are there in one short transaction.
"""

import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from alembic import command
from sqlalchemy import URL, Connection, delete, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import revisions
from timetracker_api.migrations.backups import counting, postgresql, replacing, sqlite
from timetracker_api.migrations.backups.columns import Columns, described
from timetracker_api.migrations.backups.manifest import Manifest
from timetracker_api.migrations.backups.portable import CHUNK, ENDING, ROWS
from timetracker_api.migrations.catalog import VERSION_TABLE, quoted, relations
from timetracker_api.migrations.connections import connecting
from timetracker_api.migrations.driver_errors import sqlstate
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import RestoreFailed
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.progress import Counted, Note, Progress

ASIDE = "timetracker_restoring"
"""The schema that PostgreSQL builds in. One that is there already is left over from a kill."""

_SEQUENCES = text("""
    SELECT format(
        'SELECT setval(%L, coalesce(max(%I), 1), count(*) > 0) FROM %I',
        pg_get_serial_sequence(format('%I', table_name), column_name), column_name, table_name)
    FROM information_schema.columns
    WHERE table_schema = current_schema()
      AND pg_get_serial_sequence(format('%I', table_name), column_name) IS NOT NULL
""")


async def build(
    connection: AsyncConnection, backup: Path, revision: str, tables: dict[str, int], note: Note
) -> None:
    """Fill an empty database from a backup, and bring it to the newest revision."""
    await _upgrade(connection, revision)
    counted = Counted(note, sum(tables.values()))
    with zipfile.ZipFile(backup) as archive:
        found = await connection.run_sync(described)
        for columns in reversed(found):  # what the revisions put in is in the backup as well
            await connection.execute(delete(counting.named(columns.table)))
        for columns in found:
            with archive.open(columns.table + ENDING) as file:
                await _load(connection, columns, file, counted)
    await _assert_complete(connection, tables)
    await connection.commit()
    await _upgrade(connection, "head")


async def _upgrade(connection: AsyncConnection, revision: str) -> None:
    def run(connection: Connection) -> None:
        configuration = revisions.configuration(connection=connection, progress=Progress())
        command.upgrade(configuration, revision)

    async with alembic_to_ourselves():
        await connection.run_sync(run)


async def _load(
    connection: AsyncConnection, columns: Columns, file: IO[bytes], counted: Counted
) -> None:
    heading = file.readline()
    if heading != columns.heading():
        raise RestoreFailed(
            f"the backup has other columns in {columns.table} than the revision it names",
            "Use another backup",
        )
    if connection.dialect.name == "postgresql":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        lines = _chunks(file, counted)
        await driver.copy_to_table(columns.table, source=lines, columns=list(columns.types))
        return
    places = ", ".join("?" for _ in columns.types)
    insert = f"INSERT INTO {quoted(columns.table)} ({columns.names()}) VALUES ({places})"  # noqa: S608 - the catalog's
    driver = await sqlite.driver(connection)
    for rows in _in_batches(map(columns.reader(), file)):
        await driver.executemany(insert, rows)
        counted.add(len(rows))


async def _chunks(file: IO[bytes], counted: Counted) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
        counted.add(chunk.count(b"\n"))


def _in_batches(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS)):
        yield batch


async def _assert_complete(connection: AsyncConnection, tables: dict[str, int]) -> None:
    if connection.dialect.name == "postgresql":
        for statement in (await connection.scalars(_SEQUENCES)).all():
            await connection.exec_driver_sql(statement)
        problem = counting.difference(tables, await connection.run_sync(counting.rows))
    else:
        problem = await connection.run_sync(sqlite.flaw, tables)
    if problem:
        raise RestoreFailed(f"the backup does not fit together: {problem}", "Use another backup")


@asynccontextmanager
async def schema_aside(url: URL) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to an empty schema, and drop what is left in it."""
    async with connecting(url) as connection:
        home = await postgresql.current_schema(connection)
        await connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
        await connection.exec_driver_sql(f"CREATE SCHEMA {ASIDE}")
        await connection.exec_driver_sql(f"SET search_path = {ASIDE}")
        await connection.exec_driver_sql("SET timezone = 'UTC'")
        await connection.commit()
        try:
            yield connection
        finally:
            await connection.rollback()
            await connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
            await connection.exec_driver_sql(f"SET search_path = {home}")
            await connection.commit()


async def change_places(connection: AsyncConnection, home: str, manifest: Manifest) -> None:
    """Put the tables that were built aside where the others were, with the rights on these."""

    def swap(connection: Connection) -> None:
        built = [*counting.rows(connection), VERSION_TABLE]
        connection.exec_driver_sql(f"SET LOCAL search_path = {home}")
        names = replacing.replaced(connection, manifest.tables)
        # It was brought to the newest revision, which may have more tables than what it replaces.
        if taken := sorted({*built} & {*relations(connection)} - names):
            raise RestoreFailed(
                f"somebody else's {', '.join(taken)} stands where a table of that name has to go",
                "Rename that first",
            )
        replacing.refuse_losses(connection, names, portable=True)
        returning = replacing.returning(connection, home, built)
        for statement in replacing.dropping(connection, names):
            _drop(connection, statement)
        for name in built:
            connection.exec_driver_sql(f"ALTER TABLE {ASIDE}.{quoted(name)} SET SCHEMA {home}")
        for statement in returning:
            connection.exec_driver_sql(statement)
        connection.commit()

    await patiently(connection, swap)


def _drop(connection: Connection, statement: str) -> None:
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if sqlstate(error) != replacing.DEPENDENT_OBJECTS:
            raise
        detail = str(getattr(getattr(error.orig, "__cause__", None), "detail", ""))
        raise replacing.depended_upon("; ".join(detail.splitlines())) from error
