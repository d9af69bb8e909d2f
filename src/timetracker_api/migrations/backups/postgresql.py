"""Backups of PostgreSQL by its own programs, and what is replaced in one transaction."""

import asyncio
import contextlib
import errno
import os
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import patience
from timetracker_api.migrations.backups import counting, folder
from timetracker_api.migrations.backups.client_programs import (
    NoProgram,
    ProgramFailed,
    Programs,
    environment,
    programs_for,
    running,
    send,
)
from timetracker_api.migrations.backups.manifest import Copy, Manifest, digest
from timetracker_api.migrations.connections import LOCK_TIMEOUT
from timetracker_api.migrations.driver_errors import LOCK_NOT_AVAILABLE
from timetracker_api.migrations.failures import BackupFailed, RestoreFailed
from timetracker_api.migrations.progress import Note
from timetracker_api.migrations.together import together

CHUNK = 1 << 18
BEHIND = 0.25
"""Seconds that a dump is read behind its end while it grows."""

METHODS_SINCE = 16
"""The release since which a dump is compressed by a method of choice."""

UNSUPPORTED = "this build does not support compression"
"""What programs complain of whose builder had no such library."""

NAME = "timetracker-api backup"
INSTALL = "Install PostgreSQL's client programs of the server's release"

_SCHEMA = text("SELECT quote_ident(current_schema())")

_DROPS = text("""
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
        ELSE 'TABLE' END, current_schema(), c.relname)
    FROM pg_class c
    WHERE c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relkind = 'r', c.relname
""")

# Of what a backup leaves to the server, and a new table would not have: who else may use it.
_GRANTS = text("""
    SELECT format(
        'DO $grant$ BEGIN IF to_regclass(%L) IS NOT NULL THEN GRANT %s ON %s%s TO %s%s; END IF; '
        'END $grant$', format('%I.%I', current_schema(), c.relname), acl.privilege_type,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END,
        format('%I.%I', current_schema(), c.relname),
        CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl
    WHERE c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND acl.grantee <> c.relowner
""")


async def server_version(connection: AsyncConnection) -> str:
    """Return the version of a server, such as 18.4."""
    return str(await connection.scalar(text("SHOW server_version"))).split()[0]


async def fitting_programs(connection: AsyncConnection) -> Programs:
    """Return the programs that dump this server and read the dump again."""
    programs = await programs_for(int((await server_version(connection)).split(".")[0]))
    programs.path("pg_restore")
    return programs


async def copied(
    connection: AsyncConnection, programs: Programs, part: Path, note: Note
) -> Copy:
    """Dump what a transaction sees, and read the dump again as it grows."""
    written = asyncio.Event()

    async def dumped() -> tuple[dict[str, int], str]:
        tables = await write(connection, programs, part)
        written.set()
        return tables, await asyncio.to_thread(digest, part)

    found, (tables, sha256) = await together(_read(programs, part, written, note), dumped())
    return Copy(tables, found, sha256)


async def write(connection: AsyncConnection, programs: Programs, part: Path) -> dict[str, int]:
    """Dump what a transaction sees, and count it meanwhile."""
    snapshot = str(await connection.scalar(text("SELECT pg_export_snapshot()")))
    schema = await current_schema(connection)
    try:
        _, tables = await together(
            _dump(programs, connection.engine.url, snapshot, schema, part),
            connection.run_sync(counting.rows),
        )
    except ProgramFailed as error:
        if folder.tells_of_no_room(str(error)):
            raise OSError(errno.ENOSPC, str(error)) from error
        raise BackupFailed(f"pg_dump: {error}", "Correct that, or add --format portable") from error
    return tables


async def _dump(programs: Programs, url: URL, snapshot: str, schema: str, part: Path) -> None:
    """Dump with zstd where pg_dump has it: half the work for pg_dump, a third to read it again."""

    async def run(compression: str) -> None:
        # Into the file by its own hand: to a pipe, it could not add where each table begins,
        # which is what lets pg_restore take some of them, or several at a time.
        async with running(
            programs.path("pg_dump"),
            *("-Fc", compression, "--no-owner", "--no-privileges", "--lock-wait-timeout=10s"),
            f"--snapshot={snapshot}",
            f"--schema={schema}",
            f"--file={part}",
            environment=environment(url, NAME),
        ):
            pass

    # Before it could choose, it took a name for no compression at all.
    can_choose = programs.major >= METHODS_SINCE
    try:
        await run("--compress=zstd:1" if can_choose else "-Z1")
    except ProgramFailed as error:
        if not can_choose or UNSUPPORTED not in str(error):
            raise
        await run("-Z1")


async def _read(programs: Programs, part: Path, written: asyncio.Event, note: Note) -> str:
    """Have every byte of a dump read while it is written, and return what is wrong with it."""
    try:
        async with running(programs.path("pg_restore"), "-f", os.devnull, stdin=PIPE) as reading:
            with part.open("rb") as file:
                is_whole = False
                while not is_whole:
                    # By fewer and larger pieces, it takes less from those who write.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(written.wait(), BEHIND)
                    is_whole = written.is_set()
                    while chunk := file.read(CHUNK):
                        await send(reading, chunk)
                        note(file.tell(), 0)
            cast("StreamWriter", reading.stdin).close()
        # Once all is written, pg_dump writes the contents once more, at the beginning.
        async with running(programs.path("pg_restore"), "--list", str(part)):
            pass
    except ProgramFailed as error:
        return str(error)
    return ""


async def flaw(programs: Programs, file: Path) -> str:
    """Have every byte of a dump read; listing what is in it would not notice that it ends early."""
    try:
        async with running(programs.path("pg_restore"), "-f", os.devnull, str(file)):
            return ""
    except ProgramFailed as error:
        # The checksum is right, and there is nothing here to read it with.
        return "" if UNSUPPORTED in str(error) else str(error)


async def load(connection: AsyncConnection, file: Path, manifest: Manifest, note: Note) -> None:
    """Put a dump in the place of what there is, in one transaction of psql's."""
    try:
        programs = await fitting_programs(connection)
        programs.path("psql")
    except NoProgram as error:
        raise RestoreFailed(str(error), INSTALL) from error
    schema = await current_schema(connection)
    if manifest.schema_name not in {None, schema}:
        raise RestoreFailed(
            f"{file} is of the schema {manifest.schema_name}, and the database uses {schema}",
            "Create that schema, and make it the first of search_path; or use a portable backup",
        )
    before = await connection.run_sync(emptying)
    after = [
        *await connection.run_sync(grants),
        *(_counted(schema, *item) for item in manifest.tables.items()),
    ]
    await connection.rollback()
    for pause in (*patience.PAUSES, None):
        try:
            return await _attempt(
                programs, connection.engine.url, schema, file, before, after, note
            )
        except ProgramFailed as error:
            if UNSUPPORTED in str(error):
                raise RestoreFailed(f"{file}: {error}", f"{INSTALL}, with that method") from error
            if error.sqlstate != LOCK_NOT_AVAILABLE or pause is None:
                raise
        await asyncio.sleep(pause)
    return None


async def _attempt(  # noqa: PLR0913, PLR0917 - what a run of psql takes
    programs: Programs,
    url: URL,
    schema: str,
    file: Path,
    before: Sequence[str],
    after: Sequence[str],
    note: Note,
) -> None:
    name = schema.strip('"').replace('""', '"')  # it takes no pattern, as pg_dump does
    script = ("--no-owner", "--no-privileges", f"--schema={name}", "-f", "-", str(file))
    async with running(
        programs.path("psql"),
        *("-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-"),
        environment=environment(url, "timetracker-api restore"),
        stdin=PIPE,
    ) as psql:
        await _say(psql, "BEGIN", f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'", *before)
        async with running(programs.path("pg_restore"), *script) as reading:
            done = 0
            while chunk := await _next(reading):
                # Programs newer than the server speak of a setting that it does not know.
                await send(psql, chunk.replace(b"SET transaction_timeout = 0;\n", b""))
                note(done := done + len(chunk), 0)
        # Only now, that all of it was read, may it be kept: whoever dies before has done nothing.
        await _say(psql, *after, "COMMIT")
        cast("StreamWriter", psql.stdin).close()


async def _say(psql: Process, *statements: str) -> None:
    await send(psql, "".join(f"{statement};\n" for statement in statements).encode())


async def _next(process: Process) -> bytes:
    return await cast("StreamReader", process.stdout).read(CHUNK)


def _counted(schema: str, name: str, rows: int) -> str:
    """Return what ends the transaction where a table has not got the rows it should have."""
    table = f'{schema}."{name}"'
    return (
        f"DO $count$ BEGIN IF (SELECT count(*) FROM {table}) <> {rows} THEN "  # noqa: S608 - ours
        f"RAISE EXCEPTION 'the rows of {name} are not {rows}'; END IF; END $count$"
    )


async def current_schema(connection: AsyncConnection) -> str:
    """Return the schema that the tables are in, quoted where it has to be."""
    return str(await connection.scalar(_SCHEMA))


def emptying(connection: Connection) -> list[str]:
    """Return what drops every table there is."""
    return list(connection.scalars(_DROPS))


def grants(connection: Connection) -> list[str]:
    """Return what gives other roles the rights again that they have now."""
    return list(connection.scalars(_GRANTS))
