"""Taking a backup: of one moment, while the service goes on writing."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api import __version__
from timetracker_api.clock import now
from timetracker_api.migrations.backups import folder, portable, postgresql, sqlite
from timetracker_api.migrations.backups.client_programs import NoProgram, Programs
from timetracker_api.migrations.backups.manifest import Copy, Format, Manifest, read, refuse_another
from timetracker_api.migrations.catalog import version_rows
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.driver_errors import explained, first_line
from timetracker_api.migrations.failures import BackupFailed, ForeignSchema, SeveralHeads
from timetracker_api.migrations.progress import Note, unnoticed
from timetracker_api.migrations.revisions import database_state
from timetracker_api.migrations.together import together
from timetracker_api.settings import Settings

Say = Callable[[str], object]

Wanted = Literal["auto", "native", "portable"]
"""The database's own format, or the one for all; ``auto`` is the former where that is possible."""

POSTGRESQL_PORT = 5432

SETTINGS = {
    "lock_timeout": "10s",  # reading a table waits only for somebody who changes its columns
    "datestyle": "ISO",  # the rest is what a portable backup is written in, whatever is usual there
    "bytea_output": "hex",
}
"""What a backup is taken with."""

_HIDDEN = text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)
      AND c.relkind IN ('r', 'p') AND row_security_active(c.oid)
    ORDER BY c.relname
""")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken."""

    file: Path
    manifest: Manifest
    retired: tuple[Path, ...] = ()
    """Older ones that were deleted, as the configuration wants it."""


async def back_up(  # noqa: PLR0913 - named by whoever calls
    settings: Settings,
    path: Path | None = None,
    *,
    format: Wanted = "auto",
    keep: int | None = None,
    say: Say = lambda _: None,
    note: Note = unnoticed,
) -> Backup:
    """Back up the configured database to a file, or into a folder under a name of our own.

    ``keep`` is how many backups of this database stay in that folder; 0 is all of them.
    """
    url = migration_url(settings)
    home, named = _where(settings, url, path, keep)
    with explained(url):
        async with reading(url) as connection:
            source = await _source(connection, format, say)
            if source.format == "portable":
                _, others = await connection.run_sync(portable.own_and_others)
                if others:
                    say(f"left out, as no revision has made them: {', '.join(others)}")
            with folder.writing_to(home):
                async with folder.alone_in(home):
                    file = named or source.name_in(home)
                    return await _write(
                        source, file, settings.backup_keep if keep is None else keep, note
                    )


def newest(settings: Settings) -> Backup | None:
    """Return the last backup of the configured database that is where backups go."""
    url = migration_url(settings)
    home, _ = _where(settings, url)
    file = folder.newest(_identity(url), home)
    return Backup(file, read(file)) if file else None


def _where(
    settings: Settings, url: URL, path: Path | None = None, keep: int | None = None
) -> tuple[Path, Path | None]:
    """Return the folder to write to, and the file where somebody has named one."""
    if path is None or path.is_dir():
        return path or settings.backup_dir or folder.usual_folder(url), None
    # Not to write to the disk below one that is not mounted today.
    wanted = path if keep else path.parent
    if not wanted.is_dir():
        raise BackupFailed(f"{wanted}: there is no such folder", "Make it, or name another one")
    return path.parent, path


@dataclass(frozen=True, slots=True)
class _Source:
    """A database at one moment, and how it is to be written."""

    connection: AsyncConnection
    revision: str
    format: Format
    programs: Programs | None
    server_version: str
    schema_name: str | None = None

    def name_in(self, home: Path) -> Path:
        return folder.unused_name(home, self.connection.dialect.name, self.revision, self.format)

    async def fault(self) -> str:
        """Return the damage that would prevent a restore; only SQLite files can have it."""
        url = self.connection.engine.url
        is_file = url.get_backend_name() == "sqlite"
        return await sqlite.fault(Path(url.database or "")) if is_file else ""

    async def copied(self, part: Path, note: Note) -> Copy:
        """Write it to a file, and read that again."""
        if self.programs:
            return await postgresql.copied(self.connection, self.programs, part, note)
        module = sqlite if self.format == "sqlite" else portable
        try:
            return await module.copied(self.connection, part, note)
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if type(error) not in {DatabaseError, sqlite3.DatabaseError}:
                raise  # which says more than that a file is damaged
            return Copy({}, first_line(error), "")


async def _source(connection: AsyncConnection, wanted: Wanted, say: Say) -> _Source:
    if connection.dialect.name == "sqlite":
        format: Format = "portable" if wanted == "portable" else "sqlite"
        revision = await _revision(connection)
        return _Source(connection, revision, format, None, sqlite3.sqlite_version)
    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    for setting, value in SETTINGS.items():
        await connection.exec_driver_sql(f"SET LOCAL {setting} = '{value}'")
    revision = await _revision(connection)
    await _refuse_hidden_rows(connection)
    version = await postgresql.server_version(connection)
    programs = None
    if wanted != "portable":
        try:
            programs = await postgresql.fitting_programs(connection)
        except NoProgram as error:
            if wanted == "native":
                raise BackupFailed(
                    str(error), f"{postgresql.INSTALL}, or use --format portable"
                ) from error
            say(f"{error}: writing the portable format")
    if programs is None:
        return _Source(connection, revision, "portable", None, version)
    schema = await postgresql.current_schema(connection)
    return _Source(connection, revision, "postgresql", programs, version, schema)


async def _refuse_hidden_rows(connection: AsyncConnection) -> None:
    hidden = (await connection.scalars(_HIDDEN)).all()
    if hidden:
        raise BackupFailed(
            f"row level security hides rows from this role, of {', '.join(hidden)}",
            "Back up as a role with BYPASSRLS",
        )


async def _revision(connection: AsyncConnection) -> str:
    """Return the revision that a database is at, which may be one of a newer release.

    What the scripts are like does not matter.
    """
    rows = await connection.run_sync(version_rows)
    if len(rows) == 1:
        return rows[0]
    state = await database_state(connection)
    if isinstance(state.problem, ForeignSchema | SeveralHeads):
        raise state.problem
    raise BackupFailed("there is nothing to back up: the database has no tables")


async def _write(source: _Source, file: Path, keep: int, note: Note) -> Backup:
    if folder.is_there(file):
        raise BackupFailed(f"{file} is there already", "Name another file")
    refuse_another(file)
    with folder.aside(file) as part:
        fault, copy = await together(source.fault(), source.copied(part, note))
        if fault:
            raise BackupFailed(
                f"the database is damaged: {fault}", "See `timetracker-api db status`"
            )
        if copy.flaw:
            raise BackupFailed(
                f"the copy is not what the database is: {copy.flaw}",
                "Run it again, and if it is the same see `timetracker-api db status`",
            )
        account = Manifest(
            format=source.format,
            created=now(),
            app_version=__version__,
            dialect=source.connection.dialect.name,
            server_version=source.server_version,
            schema_name=source.schema_name,
            database=_identity(source.connection.engine.url),
            revision=source.revision,
            tables=copy.tables,
            bytes=part.stat().st_size,
            sha256=copy.sha256,
            verified=True,
        )
        account.write(file)  # before the backup has its name: without a manifest, it is none
        folder.publish(part, file)
    return Backup(file, account, tuple(folder.retire(file, account, keep) if keep else ()))


def _identity(url: URL) -> str:
    """Say which database it is, without what would let others in."""
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").resolve())
    host = url.host or url.query.get("host", "")
    return f"{host}:{url.port or POSTGRESQL_PORT}/{url.database}"
